"""Reads best.yaml, by which the sweep passes the best parameters to `train`."""

from pathlib import Path
from typing import Any

from conveyor import files
from conveyor.errors import InputError

BEST = "best.yaml"


def read_best(folder: Path) -> dict[str, Any]:
    """Return the best parameters by dotted key; empty if the sweep is disabled.

    Raises:
        InputError: the sweep has not run.
    """
    if not (folder / BEST).is_file():
        raise InputError(
            f"{folder / BEST}: expected a file; got none. Run `dvc repro sweep` first."
        )
    return files.read_yaml(folder / BEST)["params"]
