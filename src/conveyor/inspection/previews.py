"""Raw rows, targets and answers as a page shows them, short."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.escape import one_line
from conveyor.inspection.row_parts import say_count
from conveyor.raw_row import sequence_of

NAME_LENGTH, TEXT_LENGTH = 40, 200  # characters
CHANNELS, STEPS = 3, 60  # of a series that are drawn
ROUNDING = np.finfo(np.float32).eps  # of a value, relative to it
AROUND = 6  # tokens on either side of the one that is meant


def name_row(row: Any, identity: str) -> str:
    """Return the beginning of a text, or the id of a series with its length."""
    preview = preview_row(row)
    if isinstance(preview, str):
        return cut(preview, NAME_LENGTH)
    return f"{cut(one_line(identity), NAME_LENGTH)}, {say_count(len(sequence_of(row)), 'step')}"


def preview_row(row: Any) -> str | list[list[float | None]]:
    """Return the text of a row, cut, or its series by channel: from 0, the channel's lowest value,
    to 1, its highest; None where no value is known."""
    sequence = sequence_of(row)
    if not isinstance(sequence, np.ndarray):
        whole = sequence if isinstance(sequence, str) else " ".join(map(str, sequence))
        return cut(one_line(whole), TEXT_LENGTH)
    size = -(-len(sequence) // STEPS)
    means = [_mean(sequence[i : i + size, :CHANNELS]) for i in range(0, len(sequence), size)]
    return [_scale(channel) for channel in np.array(means).T]


def _mean(steps: Any) -> Any:
    """Return the mean of each channel; NaN where it has no value."""
    count = np.isfinite(steps).sum(axis=0)
    return np.where(count, np.nansum(steps, axis=0) / np.maximum(count, 1), np.nan)


def _scale(channel: NDArray[np.floating]) -> list[float | None]:
    """Return numbers between 0, the lowest, and 1, the highest; None in place of NaN."""
    numbers = channel[np.isfinite(channel)].astype(np.float64)
    low, high = (numbers.min(), numbers.max()) if numbers.size else (0.0, 0.0)
    # A mean of equal numbers differs from them by its rounding, which is no change.
    is_constant = high - low <= ROUNDING * max(abs(low), abs(high))
    scaled = (channel - low) / (1.0 if is_constant else high - low)
    return [None if np.isnan(value) else round(float(value), 3) for value in scaled]


def preview_step(row: Any, step: int) -> tuple[str, Any]:
    """Return name and preview of a step: a token in its text, or a number with its values."""
    sequence = sequence_of(row)
    if isinstance(sequence, np.ndarray):
        values = ", ".join(f"{value:.3g}" for value in sequence[step, : 2 * CHANNELS])
        return f"step {step + 1}", f"step {step + 1} of {len(sequence):,}: {values}"
    tokens: Sequence[str] = sequence.split() if isinstance(sequence, str) else sequence
    before, after = tokens[max(0, step - AROUND) : step], tokens[step + 1 : step + 1 + AROUND]
    text = " ".join([*before, f"[{tokens[step]}]", *after])
    return cut(one_line(tokens[step]), NAME_LENGTH), cut(one_line(text), TEXT_LENGTH)


def first_number(target: Any) -> str | float:
    """Return a decoded target as a text, or as its first number."""
    if isinstance(target, str):
        return target
    if isinstance(target, list):
        if not target:
            return "none"
        is_text = isinstance(target[0], str)
        return ", ".join(target) if is_text else first_number(target[0])
    return float(target)


def has_several_numbers(target: Any) -> bool:
    """Return whether `first_number` leaves some out."""
    return isinstance(target, list) and len(target) > 0 and not isinstance(target[0], str)


def write_answer(record: Mapping[str, Any], fields: Sequence[str]) -> str:
    """Return these fields of an answer as one short text, with three digits of each number."""
    text = ", ".join(f"{name} {_write(record[name])}" for name in fields)
    return cut_items(one_line(text), TEXT_LENGTH // 2)


def _write(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_write(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_write, value)) or "none"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def cut_items(text: str, length: int) -> str:
    """Cut a list in words after a whole item, since half a number is another number."""
    if len(text) <= length:
        return text
    items, comma, _ = text[:length].rpartition(", ")
    return f"{items}, …" if comma else cut(text, length)
