"""Which steps of a row mattered for its answer: integrated gradients, checked by occlusion.

Integrated gradients (Sundararajan et al. 2017, Axiomatic attribution for deep networks) follow a
number of the answer along the straight path from a row that says nothing to the row, and sum what
each part of the row contributes on it. The parts add up to the difference between both ends
(completeness), which is computed and compared here. Gradients need TensorFlow; what an explanation
has beside them is in `answered_row`, without it.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from conveyor.data.store import Prepared
from conveyor.inspection.answered_row import AnsweredRow, answer_row, occlude_answer
from conveyor.inspection.bounds import limit_parts
from conveyor.inspection.explanation import Explanation, OccludedAnswer, sum_groups
from conveyor.inspection.integral import Integral, integrate
from conveyor.inspection.worst_errors import ExplainedError, find_worst
from conveyor.metrics import Targets
from conveyor.models.path_network import PathNetwork
from conveyor.serving import LoadedModel
from conveyor.tasks.explained import ExplainedOutput

Array = NDArray[np.float64]
MIN_PARTS = 3  # that a rank correlation needs


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
        answered = answer_row(self.model, row)
        chosen = self.model.task.explained.choose(answered.outputs, output, step)
        return self._explain(answered, chosen)

    def explain_error(self, row: Any, targets: Targets) -> Explanation:
        """Explain what is most wrong in the answer to a row.

        Args:
            targets: encoded, of this one row.
        """
        answered = answer_row(self.model, row)
        chosen = self.model.task.explained.choose_error(answered.outputs, targets)
        return self._explain(answered, chosen)

    def _explain(self, answered: AnsweredRow, output: ExplainedOutput) -> Explanation:
        limit = limit_parts(self.model.card, answered.steps)
        occluded = occlude_answer(self.model, answered, output, limit)
        integral = self._integrate(answered, output)
        sequence, static = self._split_parts(integral, answered.steps)
        return Explanation(
            **vars(occluded),
            attributions=sequence,
            static=dict(zip(occluded.static_occlusion, static.tolist(), strict=True)),
            start=integral.start,
            end=integral.end,
            error=integral.error,
            is_complete=integral.is_complete,
            agreement=_correlate(sequence, static, occluded),
        )

    def _integrate(self, answered: AnsweredRow, output: ExplainedOutput) -> Integral:
        inputs = answered.inputs
        blank = self.model.encoder.blank_values(inputs["values"][0])

        def slopes(positions: Array) -> tuple[Array, Array]:
            values, sequence, static = self._network.slopes(
                inputs, blank, output.weights, positions
            )
            return values, np.concatenate([sequence.reshape(len(positions), -1), static], axis=1)

        return integrate(slopes, answered.steps)

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


def explain_worst(explainer: Explainer, prepared: Prepared, count: int) -> list[ExplainedError]:
    """Explain so many of the worst errors on the test rows, the worst first: those that the report
    of the evaluation lists.

    Raises:
        InputError: the model was trained on other data.
    """
    return [
        ExplainedError(error.row_id, error.truth, explainer.explain_error(error.row, error.targets))
        for error in find_worst(explainer.model, prepared, count)
    ]


def _sum_by(values: Array, groups: NDArray[np.integer]) -> Array:
    """Sum columns (rows, columns) by their group: (rows, groups)."""
    count = int(groups.max(initial=-1)) + 1
    return values @ np.eye(count)[groups]


def _correlate(sequence: Array, static: Array, occluded: OccludedAnswer) -> float | None:
    grouped = sum_groups(sequence, occluded.groups, occluded.channel_groups)
    ours = np.concatenate([grouped.ravel(), static])
    by_column = list(occluded.static_occlusion.values())
    theirs = np.concatenate([occluded.occlusion.ravel(), by_column])
    if len(ours) < MIN_PARTS or np.ptp(ours) == 0 or np.ptp(theirs) == 0:
        return None
    return float(spearmanr(ours, theirs).statistic)
