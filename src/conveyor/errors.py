"""The exit codes, and the one kind of error that a person can mend without reading a traceback."""

import os
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import Literal

# The path of a file in which a stage records that it refuses its input. The retraining job sets it:
# DVC ends with 255 whether a stage refused its input or crashed.
REFUSAL_VARIABLE = "CONVEYOR_REFUSAL_FILE"

LONGEST_NAME, MOST_NAMES = 60, 20  # characters, and names of a list, in a message


class ExitCode(IntEnum):
    """The exit codes of `pipeline.retrain`; the other scripts use the first three.

    The lower-case names are the values of the MLflow tag `outcome`. Schedulers and users rely on
    the numbers.
    """

    # A new champion serves, or one serves again that was lost; of another script: done.
    PROMOTED = 0
    FAILED = 1  # any other failure; the champion still serves, and the next run goes on
    INPUT_REFUSED = 2  # configuration, data or arguments cannot be used
    # Nothing changed, no trigger of `retrain.when` fired, or the model is registered.
    NOTHING_TO_DO = 10
    NOT_PROMOTED = 11  # a gate refused the model, or no version can serve
    BUSY = 12  # another retraining, or a DVC command, is running


class InputError(ValueError):
    """Configuration, data or an earlier stage's files are not usable; the message says what to do.

    A stage prints the message alone and exits with `exit_code`. Any other exception is a defect of
    the program and keeps its traceback.
    """

    exit_code = ExitCode.INPUT_REFUSED


class DataError(InputError):
    """The data, or their configuration, cannot be used for training."""


def quote(name: str) -> str:
    """A name or cell of the data for a message: in quotes, of at most 60 characters.

    >>> quote("a" * 70)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'..."
    """
    return repr(name) if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]!r}..."


def quote_names(names: Sequence[str]) -> str:
    """The first names of a list for a message, and how many more there are."""
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(map(quote, names[:MOST_NAMES])) + more


# The extras of pyproject.toml that a message names.
Extra = Literal["cmaes", "gp", "postgres", "ray", "umap"]


def missing_package(needed_by: str, package: str | None, extra: Extra | None) -> str:
    """The message for a package that is not installed, with the line that installs it.

    Args:
        needed_by: the configuration field, with its value, that needs the package.
        extra: the extra of pyproject.toml that brings the package; None if there is none.
    """
    line = f"make setup-{extra}" if extra else f"uv pip install {package}"
    return f"{needed_by}: needs the package {package}, which is not installed. Run: {line}"


def record_refusal() -> None:
    """Record for a waiting job that the stage refuses its input; see `REFUSAL_VARIABLE`."""
    path = os.environ.get(REFUSAL_VARIABLE)
    if path:
        Path(path).touch()
