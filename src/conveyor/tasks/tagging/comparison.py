"""Compares two taggers on the same rows, and scores one on rows that it has never seen."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics import Outputs, Targets
from conveyor.metrics.paired import SAMPLES, PValues
from conveyor.metrics.resampling import bootstrap_p_values, draw_samples
from conveyor.metrics.steps import as_rows, count_steps, join_steps
from conveyor.tasks.comparison import PairedTest
from conveyor.tasks.tagging.metrics import HEADLINE, TaggedRows
from conveyor.tasks.tagging.options import TagSpec
from conveyor.tasks.tagging.spans import SpanScheme
from conveyor.tasks.tagging.target import assign_strata
from conveyor.tasks.values import ModelOutputs, Score

SEED = 0  # of the bootstrap, so that equal rows give equal numbers
INTERVAL = (2.5, 97.5)  # percentiles
Counts = NDArray[np.float64]  # (rows, 2): right spans; true plus predicted spans


class Comparison:
    """See `conveyor.tasks.comparison.Comparison`."""

    test_title = "paired bootstrap of the F1 of spans"
    error_title = "the number of spans that are missed or wrong"
    tests: Mapping[str, PairedTest] = {}

    def __init__(self, spec: TagSpec) -> None:
        self._spec = spec

    def p_values(self, targets: Targets, ours: ModelOutputs, theirs: ModelOutputs) -> PValues:
        """Test the gain in F1 on bootstrap samples of the rows."""
        counts = [_count(TaggedRows.read(m.spec, targets, m.outputs)) for m in (ours, theirs)]
        gains = []
        for rows in draw_samples(len(targets), SAMPLES, SEED):
            our_f1, their_f1 = (_f1(by_row[rows]) for by_row in counts)
            gains.append(our_f1 - their_f1)
        return bootstrap_p_values(np.array(gains))

    def units(self, targets: Targets) -> None:
        """Each row is one."""

    def row_errors(self, targets: Targets, model: ModelOutputs) -> NDArray[np.floating]:
        """The spans that are missed or wrong."""
        counts = _count(TaggedRows.read(model.spec, targets, model.outputs))
        return counts[:, 1] - 2 * counts[:, 0]

    def read_answers(self, rows: Sequence[Mapping[str, str]]) -> tuple[Targets, ModelOutputs]:
        codes = {name: code for code, name in enumerate(self._spec.tags)}
        targets, answers = (
            [np.array([codes[tag] for tag in json.loads(row[column])], np.int32) for row in rows]
            for column in ("labels", "predicted")
        )
        identity = np.eye(len(codes))
        spec = self._spec.model_copy(update={"decoding": "argmax"})
        outputs = as_rows([identity[tags] for tags in answers])
        return as_rows(targets), ModelOutputs(spec, outputs)

    def strata(self, targets: Targets) -> NDArray[np.integer]:
        ones = np.ones(len(targets), np.int64)
        return assign_strata(join_steps(targets), count_steps(targets), ones)

    def slices(self, targets: Targets) -> list[tuple[str, NDArray[np.bool_]]]:
        """The rows that have a span of each type."""
        scheme = SpanScheme(self._spec)
        spans = scheme.find_spans(join_steps(targets), count_steps(targets))
        slices = []
        for kind, name in enumerate(scheme.types):
            has_type = np.zeros(len(targets), np.bool_)
            has_type[spans.rows[spans.types == kind]] = True
            slices.append((f"type {name}", has_type))
        return slices

    def score(self, values: Sequence[Any], outputs: Outputs) -> Score:
        """Return the F1 of spans, with a percentile interval of a bootstrap over the rows. A tag
        that is new to the model makes spans that it cannot find."""
        own = self._spec.tags
        tags = [*own, *sorted({tag for row in values for tag in row}.difference(own))]
        codes = {name: code for code, name in enumerate(tags)}
        targets = as_rows([np.array([codes[tag] for tag in row], np.int64) for row in values])
        new = len(tags) - len(own)
        wider = as_rows([np.pad(row, ((0, 0), (0, new))) for row in outputs])
        spec = self._spec.model_copy(update={"tags": tags})
        if new:  # which no constraint knows
            spec = spec.model_copy(update={"decoding": "argmax"})
        counts = _count(TaggedRows.read(spec, targets, wider))
        draws = [_f1(counts[rows]) for rows in draw_samples(len(counts), SAMPLES, SEED)]
        low, high = np.percentile(draws, INTERVAL).tolist()
        right, either = counts.sum(axis=0).astype(int).tolist()
        numbers = {"right_spans": right, "true_and_predicted_spans": either}
        return Score(len(values), HEADLINE, _f1(counts), (low, high), numbers)


def _count(rows: TaggedRows) -> Counts:
    hits = rows.predicted.rows[rows.is_hit]
    right, true, predicted = (
        np.bincount(of_spans, minlength=len(rows.steps))
        for of_spans in (hits, rows.true.rows, rows.predicted.rows)
    )
    return np.column_stack([right, true + predicted]).astype(np.float64)


def _f1(counts: Counts) -> float:
    right, either = counts.sum(axis=0).tolist()
    return 2 * right / either if either else 1.0
