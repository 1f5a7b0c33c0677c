"""Tells a stage that refused its input from one that crashed.

DVC ends with 255 for both, so a stage that refuses its input writes a record for its caller.
"""

import os
from pathlib import Path

from conveyor import files

VARIABLE = "CONVEYOR_REFUSAL_FILE"  # the path of the record; set by a job that runs DVC


def record_refusal(stage: str) -> None:
    """Record that this process, a stage, refuses its input; does nothing where no job waits."""
    path = os.environ.get(VARIABLE)
    if path:
        files.write_text(Path(path), stage)


def read_refusal(path: Path) -> str | None:
    """The stage that recorded a refusal; None if no stage did."""
    return path.read_text() if path.is_file() else None
