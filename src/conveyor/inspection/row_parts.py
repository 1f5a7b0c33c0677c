"""The parts of a row as people know them: names of steps and channels, values, groups."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.encoding import Encoder, WindowEncoder
from conveyor.raw_row import sequence_of
from conveyor.serving import LoadedModel

Array = NDArray[np.float64]
TOKENS = "tokens"  # the one channel of a text


def name_channels(model: LoadedModel) -> list[str]:
    """Return the names of the channels of a step, as the data set has them where it names them."""
    encoder = model.encoder
    if model.kind == "text":
        return [TOKENS]
    layout = model.layouts[-1].long
    if layout is None:
        return [f"channel {number}" for number in range(encoder.channels)]
    calendar = encoder.calendar if isinstance(encoder, WindowEncoder) else []
    return [*layout.channels, *calendar]


def name_row_steps(model: LoadedModel, row: Any, steps: int) -> list[str]:
    """Return the names of the encoded steps of a row; see `Explanation.steps`."""
    encoder = model.encoder
    if model.kind == "text":
        return encoder.split(encoder.check_sequence(sequence_of(row)))
    first = 1 - encoder.window.context if isinstance(encoder, WindowEncoder) else 1
    return [str(number) for number in range(first, first + steps)]


def say_count(count: int, unit: str) -> str:
    """Return a count with its unit: "1 step", "2 steps"."""
    return f"{count:,} {unit}{'' if count == 1 else 's'}"


def count_unread(encoder: Encoder, row: Any) -> int:
    """Return how many units of a row are cut off, since it is longer than `max_length`."""
    if encoder.max_length is None:
        return 0
    units = encoder.count_units(encoder.check_sequence(sequence_of(row)))
    return max(0, units - encoder.max_length)


def say_unread(count: int, unit: str) -> str:
    """Say in a sentence how many units, each a "step" or "token", are cut off."""
    return (
        f"The row has {say_count(count, f'more {unit}')}, which the network does not read "
        "(dataset.encoding.max_length)."
    )


def find_unknown(model: LoadedModel, values: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which steps of encoded values are unknown tokens, (steps,)."""
    if model.kind == "text":
        return model.encoder.find_unknown(values)
    return np.zeros(len(values), np.bool_)


def read_values(model: LoadedModel, row: Any, steps: int) -> Array | None:
    """Return the values of the encoded steps as they are in a row, (steps, channels), NaN where a
    window is longer than the row; None of a text."""
    if model.kind == "text":
        return None
    values = np.asarray(model.encoder.check_sequence(sequence_of(row)), np.float64)
    if not isinstance(model.encoder, WindowEncoder):
        return values[:steps]
    before = np.full((max(0, steps - len(values)), values.shape[1]), np.nan)
    return np.concatenate([before, values[-steps:]])


def group_evenly(count: int, limit: int) -> list[slice]:
    """Return at most so many groups of neighbours, of equal size but for the last."""
    size = -(-count // limit)
    return [slice(first, min(first + size, count)) for first in range(0, count, size)]
