"""Which steps of a row mattered for its answer: integrated gradients, checked by occlusion.

Integrated gradients (Sundararajan et al. 2017, Axiomatic attribution for deep networks) follow a
number of the answer along the straight path from a row that says nothing to the row, and sum what
each part of the row contributes on it. The parts add up to the difference between both ends
(completeness), which is computed and compared here.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from conveyor.encoding.network_inputs import NetworkInputs
from conveyor.inspection.integral import Integral, integrate
from conveyor.inspection.occlusion import Occlusion, occlude
from conveyor.inspection.row_parts import (
    find_unknown,
    name_channels,
    name_row_steps,
    read_values,
)
from conveyor.metrics import Outputs, Targets
from conveyor.metrics.steps import set_outputs
from conveyor.models.path_network import PathNetwork
from conveyor.serving import LoadedModel
from conveyor.tasks.explained import ExplainedOutput

Array = NDArray[np.float64]
MIN_PARTS = 3  # that a rank correlation needs


@dataclass(frozen=True)
class Explanation:
    """Which parts of a row moved a number of its answer.

    Attributes:
        row: raw.
        answer: of the served model, by field.
        output: what the number is, such as "probability of 'up'".
        steps: names of the steps: the pieces of a text that are its tokens; numbers from 1; or, of
            a forecast, numbers of which 1 is the first step that is forecast.
        unknown: which steps are unknown tokens, (steps,).
        channels: names of the channels; of a text the one TOKENS.
        values: of the steps as they are in the row, (steps, channels); None of a text.
        attributions: what each channel of each step adds to the number, (steps, channels).
        static: what each static column adds to it, by name.
        start, end: the number of a row that says nothing, and of this row.
        error: how far the attributions' sum is from their difference, relative to it.
        is_complete: whether that is at most `integral.TOLERANCE`.
        occlusion: how much lower the number is without each channel of a group of steps, (groups,
            channels).
        groups: of steps that were left out together; one each unless there are too many.
        static_occlusion: likewise without each static column, by name.
        agreement: Spearman's rank correlation of attributions and occlusion; None where there are
            too few parts, or all are equal.
    """

    row: Any
    answer: dict[str, Any]
    output: str
    steps: list[str]
    unknown: NDArray[np.bool_]
    channels: list[str]
    values: Array | None
    attributions: Array
    static: dict[str, float]
    start: float
    end: float
    error: float
    is_complete: bool
    occlusion: Array
    groups: list[slice]
    static_occlusion: dict[str, float]
    agreement: float | None

    @cached_property
    def grouped_attributions(self) -> Array:
        """The attributions, summed over each group of steps, (groups, channels)."""
        return np.stack([self.attributions[group].sum(axis=0) for group in self.groups])


class Explainer:
    """Explains answers of the model of a folder."""

    def __init__(self, folder: Path, model: LoadedModel | None = None) -> None:
        self.model = LoadedModel.load(folder) if model is None else model
        self._network = PathNetwork.load(folder)

    def explain(
        self, row: Any, *, output: str | None = None, step: int | None = None
    ) -> Explanation:
        """Explain a number of the answer to a raw row.

        Args:
            output: the class, label, tag or column that is explained; None: what matters most in
                the answer, as `tasks.explained.Explained` of the task says.
            step: of a tagged row or of a horizon, from 1.

        Raises:
            RowError: the encoder does not accept the row.
            InputError: the answer has no such output or step.
        """
        inputs = self._encode(row)
        outputs = self._predict(inputs)
        chosen = self.model.task.explained.choose(outputs, output, step)
        return self._explain(row, inputs, outputs, chosen)

    def explain_error(self, row: Any, targets: Targets) -> Explanation:
        """Explain what is most wrong in the answer to a row.

        Args:
            targets: encoded, of this one row.
        """
        inputs = self._encode(row)
        outputs = self._predict(inputs)
        chosen = self.model.task.explained.choose_error(outputs, targets)
        return self._explain(row, inputs, outputs, chosen)

    def _encode(self, row: Any) -> NetworkInputs:
        [(_, inputs)] = self.model.encoder.batches([row], 1)
        return inputs

    def _predict(self, inputs: NetworkInputs) -> Outputs:
        outputs = self.model.empty_outputs(1)
        batch = self.model.session.run(None, inputs)[0]
        set_outputs(outputs, np.zeros(1, np.int64), batch, inputs["lengths"])
        return outputs

    def _explain(
        self, row: Any, inputs: NetworkInputs, outputs: Outputs, output: ExplainedOutput
    ) -> Explanation:
        model, encoder = self.model, self.model.encoder
        values = inputs["values"][0]
        blank = encoder.blank_values(values)
        integral = self._integrate(inputs, blank, output)
        sequence, static = self._split_parts(integral, len(values))
        hidden = occlude(model, inputs, blank, output)
        names = [] if encoder.static is None else encoder.static.names
        return Explanation(
            row=row,
            answer=model.task.answers.records(outputs, [encoder.locate(row)])[0],
            output=output.title,
            steps=name_row_steps(model, row, len(values)),
            unknown=find_unknown(model, values),
            channels=name_channels(model),
            values=read_values(model, row, len(values)),
            attributions=sequence,
            static=dict(zip(names, static.tolist(), strict=True)),
            start=integral.start,
            end=integral.end,
            error=integral.error,
            is_complete=integral.is_complete,
            occlusion=hidden.sequence,
            groups=hidden.groups,
            static_occlusion=dict(zip(names, hidden.static.tolist(), strict=True)),
            agreement=_correlate(sequence, static, hidden),
        )

    def _integrate(
        self, inputs: NetworkInputs, blank: NDArray[Any], output: ExplainedOutput
    ) -> Integral:
        def slopes(positions: Array) -> tuple[Array, Array]:
            values, sequence, static = self._network.slopes(
                inputs, blank, output.weights, positions
            )
            return values, np.concatenate([sequence.reshape(len(positions), -1), static], axis=1)

        return integrate(slopes)

    def _split_parts(self, integral: Integral, steps: int) -> tuple[Array, Array]:
        """Return the attributions of the sequence, (steps, channels), and of the static columns,
        (columns,)."""
        encoder = self.model.encoder
        width = len(encoder.feature_channels)
        features = integral.parts[: steps * width].reshape(steps, width)
        sequence = _sum_by(features, encoder.feature_channels)
        if encoder.static is None:
            return sequence, np.zeros(0)
        places = [encoder.static.names.index(name) for name in encoder.static.input_columns]
        return sequence, _sum_by(integral.parts[None, steps * width :], np.array(places))[0]


def _sum_by(values: Array, groups: NDArray[np.integer]) -> Array:
    """Sum columns (rows, columns) by their group: (rows, groups)."""
    count = int(groups.max(initial=-1)) + 1
    return values @ np.eye(count)[groups]


def _correlate(sequence: Array, static: Array, occlusion: Occlusion) -> float | None:
    grouped = np.stack([sequence[group].sum(axis=0) for group in occlusion.groups])
    ours = np.concatenate([grouped.ravel(), static])
    theirs = np.concatenate([occlusion.sequence.ravel(), occlusion.static])
    if len(ours) < MIN_PARTS or np.ptp(ours) == 0 or np.ptp(theirs) == 0:
        return None
    return float(spearmanr(ours, theirs).statistic)
