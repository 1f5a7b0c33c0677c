"""What is known of a row's parts: how much each one moved a number of the answer."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class OccludedAnswer:
    """What a number of the answer to a row is without each part of the row.

    Attributes:
        row: raw.
        answer: of the served model, by field.
        output: what the number is, such as "probability of 'up'".
        number: the number itself.
        steps: names of the steps: the pieces of a text that are its tokens; numbers from 1; or, of
            a forecast, numbers of which 1 is the first step that is forecast.
        unknown: which steps are unknown tokens, (steps,).
        channels: names of the channels; of a text the one TOKENS.
        values: of the steps as they are in the row, (steps, channels); None of a text.
        occlusion: how much lower the number is without each group of channels of a group of steps,
            (groups, channel groups).
        groups: of steps that were left out together; one each unless there are too many.
        channel_groups: likewise of channels.
        static_occlusion: how much lower it is without each static column, by name.
        unread: units of the row after `encoding.max_length`, which the network does not read.
    """

    row: Any
    answer: dict[str, Any]
    output: str
    number: float
    steps: list[str]
    unknown: NDArray[np.bool_]
    channels: list[str]
    values: Array | None
    occlusion: Array
    groups: list[slice]
    channel_groups: list[slice]
    static_occlusion: dict[str, float]
    unread: int


@dataclass(frozen=True)
class Explanation(OccludedAnswer):
    """Which parts of a row moved a number of its answer, by gradients and by occlusion.

    Attributes:
        attributions: what each channel of each step adds to the number, (steps, channels).
        static: what each static column adds to it, by name.
        start, end: the number of a row that says nothing, and of this row, in float64.
        error: how far the attributions' sum is from their difference, relative to it.
        is_complete: whether that is at most `integral.TOLERANCE`.
        agreement: Spearman's rank correlation of attributions and occlusion; None where there are
            too few parts, or all are equal.
    """

    attributions: Array
    static: dict[str, float]
    start: float
    end: float
    error: float
    is_complete: bool
    agreement: float | None

    @cached_property
    def grouped_attributions(self) -> Array:
        """The attributions of each group of `occlusion`, (groups, channel groups)."""
        return sum_groups(self.attributions, self.groups, self.channel_groups)


def sum_groups(values: Array, groups: list[slice], channel_groups: list[slice]) -> Array:
    """Sum values, (steps, channels), over each group of both."""
    by_steps = np.stack([values[group].sum(axis=0) for group in groups])  # (groups, channels)
    return np.stack([by_steps[:, several].sum(axis=1) for several in channel_groups], axis=1)
