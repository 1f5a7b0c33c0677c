"""The one kind of error that a person can mend without reading a traceback."""

import os
from pathlib import Path

# The path of a file in which a stage records that it refuses its input. The retraining job sets it:
# DVC ends with 255 whether a stage refused its input or crashed.
REFUSAL_VARIABLE = "CONVEYOR_REFUSAL_FILE"


class InputError(ValueError):
    """Configuration, data or an earlier stage's files are not usable; the message says what to do.

    A stage prints the message alone and exits with 2. Any other exception is a defect of the
    program and keeps its traceback.
    """


def missing_package(needed_by: str, package: str | None, extra: str | None) -> str:
    """The message for a package that is not installed, with the line that installs it.

    Args:
        needed_by: the configuration field, with its value, that needs the package.
        extra: the extra of pyproject.toml that brings the package; None if there is none.
    """
    line = f"make setup-{extra}" if extra else f"uv pip install {package}"
    return f"{needed_by}: needs the package {package}, which is not installed. Run: {line}"


def record_refusal(stage: str) -> None:
    """Record for a waiting job that the stage refuses its input; see `REFUSAL_VARIABLE`."""
    path = os.environ.get(REFUSAL_VARIABLE)
    if path:
        Path(path).write_text(stage)
