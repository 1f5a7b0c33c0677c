"""What the sweep hands on to `train`."""

from pathlib import Path
from typing import Any

from conveyor import files
from conveyor.errors import InputError

BEST = "best.yaml"


def read_best(folder: Path) -> dict[str, Any]:
    """Best parameters by dotted key; empty where the sweep was switched off.

    Raises:
        InputError: the sweep has not run.
    """
    if not (folder / BEST).is_file():
        raise InputError(f"{folder / BEST} is missing; run `dvc repro sweep` first")
    return files.read_yaml(folder / BEST)["params"]
