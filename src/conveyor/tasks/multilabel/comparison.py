"""Compares two multi-label models on the same rows, and scores one on rows it has never seen."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics import Outputs, Targets
from conveyor.metrics.paired import SAMPLES, PValues
from conveyor.metrics.resampling import bootstrap_p_values, draw_samples
from conveyor.tasks.comparison import PairedTest
from conveyor.tasks.multilabel.decision import decide
from conveyor.tasks.multilabel.metrics import HEADLINE
from conveyor.tasks.multilabel.options import LabelSpec
from conveyor.tasks.multilabel.strata import stratify
from conveyor.tasks.values import ModelOutputs, Score

SEED = 0  # of the bootstrap, so that equal rows give equal numbers
Counts = NDArray[np.int64]  # (..., 2): pairs that are true and predicted; true plus predicted


class Comparison:
    """See `conveyor.tasks.comparison.Comparison`."""

    test_title = "paired bootstrap of micro F1"
    error_title = "the share of the labels that are wrong"
    tests: Mapping[str, PairedTest] = {}

    def __init__(self, spec: LabelSpec) -> None:
        self._spec = spec

    def units(self, targets: Targets) -> None:
        """Each row is one."""

    def p_values(self, targets: Targets, ours: ModelOutputs, theirs: ModelOutputs) -> PValues:
        """Test the gain in micro F1 on bootstrap samples of the rows."""
        counts = [_count(targets, decide(m.spec, m.outputs)) for m in (ours, theirs)]
        gains = []
        for rows in draw_samples(len(targets), SAMPLES, SEED):
            our_f1, their_f1 = (float(_f1(by_row[rows].sum(axis=0))) for by_row in counts)
            gains.append(our_f1 - their_f1)
        return bootstrap_p_values(np.array(gains))

    def row_errors(self, targets: Targets, model: ModelOutputs) -> NDArray[np.floating]:
        """The share of the labels that are wrong."""
        return (decide(model.spec, model.outputs) != targets).mean(axis=1)

    def read_answers(self, rows: Sequence[Mapping[str, str]]) -> tuple[Targets, ModelOutputs]:
        places = {name: place for place, name in enumerate(self._spec.labels)}
        sets = np.zeros((2, len(rows), len(places)), np.int8)
        for number, row in enumerate(rows):
            for which, column in enumerate(("labels", "predicted")):
                sets[which, number, [places[name] for name in json.loads(row[column])]] = 1
        spec = self._spec.model_copy(update={"thresholds": None})
        return sets[0], ModelOutputs(spec, sets[1].astype(float))

    def strata(self, targets: Targets) -> NDArray[np.integer]:
        sets, set_of_row, rows = np.unique(targets, axis=0, return_inverse=True, return_counts=True)
        return stratify(sets, rows)[set_of_row]

    def slices(self, targets: Targets) -> list[tuple[str, NDArray[np.bool_]]]:
        """The rows of each label."""
        return [
            (f"label {name}", targets[:, position])
            for position, name in enumerate(self._spec.labels)
        ]

    def score(self, values: Sequence[Sequence[str]], outputs: Outputs) -> Score:
        """Return the micro F1 with a bootstrap interval. A label that is new to the model counts as
        missed."""
        predicted = decide(self._spec, outputs)
        targets = np.array([[name in row for name in self._spec.labels] for row in values])
        counts = _count(targets, predicted)  # (rows, 2)
        existing = set(self._spec.labels)
        unknown = np.array([sum(name not in existing for name in row) for row in values])
        counts[:, 1] += unknown
        draws = draw_samples(len(values), SAMPLES, SEED)
        scores = [float(_f1(counts[rows].sum(axis=0))) for rows in draws]
        low, high = np.percentile(scores, [2.5, 97.5])
        return Score(
            len(values),
            HEADLINE,
            float(_f1(counts.sum(axis=0))),
            (float(low), float(high)),
            {"unknown_labels": int(unknown.sum())},
        )


def _count(targets: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> Counts:
    """Return the counts of each row, (rows, 2)."""
    both = (targets & predicted).sum(axis=1)
    return np.stack([both, targets.sum(axis=1) + predicted.sum(axis=1)], axis=1)


def _f1(counts: Any) -> float:
    hits, either = counts
    return 2 * hits / either if either else 1.0
