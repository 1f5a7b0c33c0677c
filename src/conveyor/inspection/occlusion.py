"""What the served network answers without a part of a row (Zeiler & Fergus 2014, Visualizing and
understanding convolutional networks): a check of gradients that needs none."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.encoding.network_inputs import NetworkInputs
from conveyor.inspection.row_parts import group_evenly
from conveyor.serving import LoadedModel
from conveyor.tasks.explained import ExplainedOutput

MAX_PARTS = 1000  # of a sequence; more are left out in groups
MIN_GROUPS = 4  # of steps, before each channel is left out alone
BATCH_STEPS, BATCH_VALUES = 50_000, 10_000_000  # that are computed together; 40 MB of values


@dataclass(frozen=True)
class Occlusion:
    """How much lower the explained number is where a part says nothing.

    Attributes:
        whole: the number of the whole row.
        sequence: (groups, channel groups).
        static: (columns,).
        groups: the steps that were left out together.
        channel_groups: likewise the channels.
    """

    whole: float
    sequence: NDArray[np.float64]
    static: NDArray[np.float64]
    groups: list[slice]
    channel_groups: list[slice]


def occlude(
    model: LoadedModel, inputs: NetworkInputs, output: ExplainedOutput, limit: int = MAX_PARTS
) -> Occlusion:
    """Leave out each channel of each step, and each static column.

    Args:
        inputs: of one row.
        limit: how many parts of the sequence are left out one after the other; where it has more,
            neighbouring steps are left out together, and neighbouring channels if it must be.
    """
    [values], channels = inputs["values"], model.encoder.feature_channels
    groups, wide = group_parts(len(values), int(channels.max()) + 1, limit)
    [whole] = _answer(model, iter([inputs]), output)
    parts = _answer(model, _without_parts(model, inputs, groups, wide), output)
    static = _answer(model, _without_columns(model, inputs), output)
    sequence = (whole - parts).reshape(len(groups), len(wide))
    return Occlusion(float(whole), sequence, whole - static, groups, wide)


def _without_parts(
    model: LoadedModel, inputs: NetworkInputs, groups: list[slice], wide: list[slice]
) -> Iterator[NetworkInputs]:
    """Yield the row without each part, channel by channel within each group of steps."""
    [values], channels = inputs["values"], model.encoder.feature_channels
    blank = model.encoder.blank_values(values)
    for group in groups:
        for several in wide:
            is_hidden = (channels >= several.start) & (channels < several.stop)
            features = ... if model.kind == "text" else is_hidden
            yield {**inputs, "values": without_features(values, blank, group, features)[None]}


def without_features(
    values: NDArray[Any], blank: NDArray[Any], group: slice, features: Any = ...
) -> NDArray[Any]:
    """Return encoded values in which some features of a group of steps say nothing.

    Args:
        features: bool (features,); all of them where the values have no such axis.
    """
    changed = values.copy()
    changed[group, features] = blank[group, features]
    return changed


def group_parts(steps: int, channels: int, limit: int) -> tuple[list[slice], list[slice]]:
    """Return groups of steps and groups of channels, which make at most so many pairs. Channels
    share a group only where there would be fewer than MIN_GROUPS of steps."""
    wide = group_evenly(channels, max(1, limit // min(steps, MIN_GROUPS)))
    return group_evenly(steps, max(1, limit // len(wide))), wide


def _without_columns(model: LoadedModel, inputs: NetworkInputs) -> Iterator[NetworkInputs]:
    if model.encoder.static is None:
        return
    columns = np.array(model.encoder.static.input_columns)
    for name in model.encoder.static.names:
        static = inputs["static"].copy()
        static[0, columns == name] = 0
        yield {**inputs, "static": static}


def _answer(
    model: LoadedModel, rows: Iterator[NetworkInputs], output: ExplainedOutput
) -> NDArray[np.float64]:
    """Return the explained number of each row, (rows,), which have equal lengths."""
    answers = [np.zeros(0)]
    for first in rows:
        values = first["values"]
        size = max(1, min(BATCH_STEPS // values.shape[1], BATCH_VALUES // values.size))
        batch = [first, *islice(rows, size - 1)]
        joined = {name: np.concatenate([row[name] for row in batch]) for name in first}
        answers.append(output.read(model.session.run(None, joined)[0]))
    return np.concatenate(answers)
