"""The example of an exported model: example.json, one training row as the data have it."""

from pathlib import Path
from typing import Any

import numpy as np

from conveyor import files, stored
from conveyor.raw_row import from_plain, to_plain

EXAMPLE, EXAMPLE_FORMAT = "example.json", 1


def write_example(folder: Path, row: Any) -> None:
    """Write a raw row: a text, numbers of shape (steps, channels), or a `raw_row.Row` of either."""
    files.write_json(folder / EXAMPLE, {"format": EXAMPLE_FORMAT, "row": to_json(row)})


def read_example(folder: Path, remedy: str) -> Any:
    """Return the raw row; None for a folder from before there were examples.

    Raises:
        FormatError: the file is damaged, or another version of the program wrote it.
    """
    path = folder / EXAMPLE
    if not path.exists():
        return None
    value = stored.read_object(path, remedy)
    stored.read_format(value, (EXAMPLE_FORMAT,), path, remedy)
    return from_plain(value.get("row"))


def to_json(row: Any) -> Any:
    """Return a raw row as values of JSON: null in place of a missing number, and the shortest
    decimal that is a number of the row in float32, such as 1.86 and not 1.8600000143051147."""
    return _shorten(to_plain(row))


def _shorten(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shorten(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shorten(item) for item in value]
    if not isinstance(value, float):
        return value
    return None if value != value else float(str(np.float32(value)))
