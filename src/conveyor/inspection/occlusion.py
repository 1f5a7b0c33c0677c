"""What the served network answers without a part of a row (Zeiler & Fergus 2014, Visualizing and
understanding convolutional networks): a check of gradients that needs none."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.encoding.network_inputs import NetworkInputs
from conveyor.serving import LoadedModel
from conveyor.tasks.explained import ExplainedOutput

MAX_PARTS = 1000  # of a sequence; more steps are left out together
BATCH_STEPS = 50_000  # that are computed together


@dataclass(frozen=True)
class Occlusion:
    """How much lower the explained number is where a part says nothing.

    Attributes:
        sequence: (groups, channels).
        static: (columns,).
        groups: the steps that were left out together.
    """

    sequence: NDArray[np.float64]
    static: NDArray[np.float64]
    groups: list[slice]


def occlude(
    model: LoadedModel, inputs: NetworkInputs, blank: NDArray[Any], output: ExplainedOutput
) -> Occlusion:
    """Leave out each channel of each step, and each static column.

    Args:
        inputs: of one row.
        blank: encoded values that say nothing, of the shape of the row's.
    """
    [values], channels = inputs["values"], model.encoder.feature_channels
    count = int(channels.max()) + 1
    groups = group_evenly(len(values), max(1, MAX_PARTS // count))
    changed: list[NetworkInputs] = []  # of one row each
    for group in groups:
        if model.kind == "text":
            changed.append({**inputs, "values": without_features(values, blank, group)[None]})
            continue
        for channel in range(count):
            hidden = without_features(values, blank, group, channels == channel)
            changed.append({**inputs, "values": hidden[None]})
    changed += _without_columns(model, inputs)
    whole = _answer(model, [inputs], output)
    effects = whole - _answer(model, changed, output)
    parts = len(groups) * count
    return Occlusion(effects[:parts].reshape(-1, count), effects[parts:], groups)


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


def group_evenly(steps: int, limit: int) -> list[slice]:
    """Return at most so many groups of neighbouring steps, of equal size but for the last."""
    size = -(-steps // limit)
    return [slice(first, min(first + size, steps)) for first in range(0, steps, size)]


def _without_columns(model: LoadedModel, inputs: NetworkInputs) -> list[NetworkInputs]:
    if model.encoder.static is None:
        return []
    columns = np.array(model.encoder.static.input_columns)
    changed = []
    for name in model.encoder.static.names:
        static = inputs["static"].copy()
        static[0, columns == name] = 0
        changed.append({**inputs, "static": static})
    return changed


def _answer(
    model: LoadedModel, rows: list[NetworkInputs], output: ExplainedOutput
) -> NDArray[np.float64]:
    """Return the explained number of each row, (rows,)."""
    size = max(1, BATCH_STEPS // rows[0]["values"].shape[1])
    answers = []
    for first in range(0, len(rows), size):
        batch = rows[first : first + size]
        joined = {name: np.concatenate([row[name] for row in batch]) for name in batch[0]}
        answers.append(output.read(model.session.run(None, joined)[0]))
    return np.concatenate(answers)
