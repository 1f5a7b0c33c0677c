"""The forms in which files and requests hold a series."""

import json
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Orientation = Literal["steps_first", "channels_first"]
MISSING = ("", "nan", "null", "none")  # in a list of numbers that is text, in any case


def parse_series(value: Any, layout: Orientation = "steps_first") -> NDArray[np.float64]:
    """Return a series as an array (steps, channels); a missing value becomes NaN.

    Args:
        value: a list of steps, each a list of one number a channel, or with `channels_first` a list
            of channels; for one channel also a plain list. Text is JSON of these, or the numbers of
            one channel, separated by semicolons, commas or spaces. A step that is null has no value
            in any channel.

    Raises:
        TypeError, ValueError: it is none of these.
    """
    try:
        array = _as_array(value)
    except OverflowError as error:  # of an integer
        raise ValueError(error) from None
    if not array.size:
        return np.zeros((0, 1))
    if array.ndim == 1:
        return array[:, None]
    if array.ndim != 2:
        raise ValueError(f"a list of {array.ndim} dimensions")
    return array if layout == "steps_first" else array.T


def describe_value(value: Any) -> str:
    """Say in a message what a value is that is no series."""
    if _has_large_number(value):
        return "a number that is too large"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, list):
        return "a list that is no list of steps of equal width"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return "null" if value is None else f"a value of type {type(value).__name__}"


def _has_large_number(value: Any) -> bool:
    """Return whether an integer of a series is beyond the range of floating point."""
    try:
        _as_array(value)
    except OverflowError:
        return True
    except (TypeError, ValueError):
        pass
    return False


def _as_array(value: Any) -> NDArray[np.float64]:
    if isinstance(value, str):
        value = _parse_text(value)
    if isinstance(value, np.ndarray) and value.dtype != object:
        return np.asarray(value, dtype=np.float64)
    steps = _fill_steps(list(value))
    if isinstance(value, list | tuple):
        return np.asarray(steps, dtype=np.float64)
    # MLflow passes nested lists as arrays of arrays, which NumPy cannot join at once.
    return np.array([np.asarray(step, dtype=np.float64) for step in steps], dtype=np.float64)


def _fill_steps(steps: Sequence[Any]) -> Sequence[Any]:
    """Give steps that are null as many missing values as the others have channels."""
    widths = [len(step) for step in steps if isinstance(step, list | tuple | np.ndarray)]
    if not widths or len(widths) == len(steps):
        return steps
    return [[np.nan] * widths[0] if step is None else step for step in steps]


def _parse_text(text: str) -> Any:
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            text = text[1:-1]  # Python and NumPy also write [1.0, nan] and [1. 2.]
    separator = ";" if ";" in text else "," if "," in text else None
    return [_parse_number(cell) for cell in text.split(separator)]


def _parse_number(cell: str) -> float:
    return np.nan if cell.strip().lower() in MISSING else float(cell)
