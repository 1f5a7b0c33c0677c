"""Reads best.yaml, by which the sweep passes the best parameters to `train`."""

from pathlib import Path
from typing import Any, TypeVar

from conveyor import files
from conveyor.config import FitConfig, overlay
from conveyor.errors import InputError

BEST = "best.yaml"

C = TypeVar("C", bound=FitConfig)


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


def apply_best(config: C, folder: Path) -> C:
    """Return the configuration with the best parameters.

    Raises:
        InputError: the sweep has not run.
        ConfigError: a parameter is not allowed.
    """
    return overlay(config, read_best(folder), origin=str(folder / BEST))
