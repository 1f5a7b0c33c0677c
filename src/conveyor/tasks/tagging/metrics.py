"""Every metric of a tagger, with its title and direction.

To add a metric, write its function here and add its row to METRICS: the evaluation, the gates, the
reports and the objectives of a sweep then know it.
"""

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics import Metric, MetricTable, Outputs, Targets
from conveyor.metrics.steps import count_steps, join_steps
from conveyor.tasks.log_loss import negative_logs
from conveyor.tasks.tagging.decoding import decode
from conveyor.tasks.tagging.options import TagSpec
from conveyor.tasks.tagging.spans import Spans, SpanScheme

Counts = NDArray[np.float64]


@dataclass(frozen=True)
class TaggedRows:
    """True and predicted spans of rows, and counts of each row.

    Attributes:
        true: spans.
        predicted: spans.
        is_hit: which predicted spans are true ones, (predicted spans,).
        steps: of each row, (rows,).
        right: steps with the right tag, (rows,).
        losses: negative log probabilities of the true tags, summed, (rows,).
    """

    scheme: SpanScheme
    true: Spans
    predicted: Spans
    is_hit: NDArray[np.bool_]
    steps: NDArray[np.integer]
    right: Counts
    losses: Counts

    @classmethod
    def read(cls, spec: TagSpec, targets: Targets, outputs: Outputs) -> "TaggedRows":
        """Decode the outputs of rows, and find all spans; arguments as those of `TagPairs`."""
        steps, scheme = count_steps(targets), SpanScheme(spec)
        tags, predicted = join_steps(targets), join_steps(decode(spec, outputs))
        spans, predicted_spans = (scheme.find_spans(t, steps) for t in (tags, predicted))
        probabilities = join_steps(outputs)[np.arange(len(tags)), tags]  # of true tags, (steps,)
        row_of_step = np.repeat(np.arange(len(steps)), steps)
        right, losses = (
            np.bincount(row_of_step, values, len(steps)).astype(np.float64)
            for values in (predicted == tags, negative_logs(probabilities))
        )
        is_hit = predicted_spans.are_in(spans)
        return cls(scheme, spans, predicted_spans, is_hit, steps, right, losses)


class TagPairs:
    """True and predicted tags of rows, and what several metrics derive from them.

    Args:
        targets: true tags, (rows,) of int (steps,).
        outputs: probabilities, (rows,) of (steps, tags).
    """

    def __init__(
        self, spec: TagSpec, targets: Targets, outputs: Outputs, tagged: TaggedRows | None = None,
        rows: NDArray[np.integer] | None = None,
    ) -> None:  # fmt: skip
        self.tagged = TaggedRows.read(spec, targets, outputs) if tagged is None else tagged
        self._parts = spec, targets, outputs
        self._rows = np.arange(len(targets)) if rows is None else rows

    def take(self, rows: NDArray[np.integer]) -> "TagPairs":
        """Spans are found once, however often rows are drawn."""
        return TagPairs(*self._parts, tagged=self.tagged, rows=self._rows[rows])

    @cached_property
    def weights(self) -> NDArray[np.int64]:
        """How often each row is taken, (rows,)."""
        return np.bincount(self._rows, minlength=len(self.tagged.steps))

    @cached_property
    def by_type(self) -> Counts:
        """True spans, predicted spans and hits of each type, (3, types)."""
        tagged = self.tagged
        hits, types = tagged.predicted.rows[tagged.is_hit], tagged.predicted.types[tagged.is_hit]
        parts = ((tagged.true.rows, tagged.true.types),
                 (tagged.predicted.rows, tagged.predicted.types), (hits, types))  # fmt: skip
        count = len(tagged.scheme.types)
        counts = [np.bincount(t, self.weights[r], count) for r, t in parts]
        return np.array(counts, np.float64)

    def sum_rows(self, values: NDArray[np.number]) -> float:
        """Return the sum of a value of each row over the rows that are taken."""
        return float(values @ self.weights)


def span_f1(pairs: TagPairs) -> float:
    """F1 of spans, where a predicted span is right if a true one has its bounds and its type; 1
    where no span is true and none is predicted.

    Formula: 2 tp / (2 tp + fp + fn), with the spans of all types together.
    Source: Tjong Kim Sang & Buchholz 2000, Introduction to the CoNLL-2000 shared task.
    """
    true, predicted, hits = pairs.by_type.sum(axis=1)
    return float(2 * hits / (true + predicted)) if true + predicted else 1.0


def span_precision(pairs: TagPairs) -> float:
    """Share of the predicted spans that are right; 1 where none is predicted.

    Formula: tp / (tp + fp).
    Source: Tjong Kim Sang & Buchholz 2000, Introduction to the CoNLL-2000 shared task.
    """
    _, predicted, hits = pairs.by_type.sum(axis=1)
    return float(hits / predicted) if predicted else 1.0


def span_recall(pairs: TagPairs) -> float:
    """Share of the true spans that are found; 1 where there is none.

    Formula: tp / (tp + fn).
    Source: Tjong Kim Sang & Buchholz 2000, Introduction to the CoNLL-2000 shared task.
    """
    true, _, hits = pairs.by_type.sum(axis=1)
    return float(hits / true) if true else 1.0


def macro_span_f1(pairs: TagPairs) -> float:
    """Mean F1 of the types that are true or predicted in some row; 1 where there are none.

    Formula: mean over types of 2 tp / (2 tp + fp + fn).
    Source: Opitz & Burst 2019, Macro F1 and Macro F1 (the mean of the F1 of each class).
    """
    true, predicted, hits = pairs.by_type
    present = true + predicted > 0
    f1 = 2 * hits[present] / (true + predicted)[present]
    return float(f1.mean()) if present.any() else 1.0


def tag_accuracy(pairs: TagPairs) -> float:
    """Share of the tokens or steps that have the right tag.

    Formula: right steps / steps.
    Source: Manning, Raghavan & Schütze 2008, Introduction to Information Retrieval, 8.3.
    """
    return pairs.sum_rows(pairs.tagged.right) / pairs.sum_rows(pairs.tagged.steps)


def row_accuracy(pairs: TagPairs) -> float:
    """Share of the rows whose tags are all right.

    Formula: rows without a wrong tag / rows.
    Source: Hakkani-Tür et al. 2016, Multi-domain joint semantic frame parsing (frame accuracy).
    """
    all_right = pairs.tagged.right == pairs.tagged.steps
    return pairs.sum_rows(all_right) / float(pairs.weights.sum())


def log_loss(pairs: TagPairs) -> float:
    """Mean negative log probability of the true tag, in nats.

    Formula: -mean over steps of ln p, with p the probability of the true tag, at least 1e-7.
    Source: Good 1952, Rational decisions.
    """
    return pairs.sum_rows(pairs.tagged.losses) / pairs.sum_rows(pairs.tagged.steps)


METRICS: dict[str, Metric] = {
    "span_f1": Metric("F1 of spans", span_f1),
    "span_precision": Metric("precision of spans", span_precision),
    "span_recall": Metric("recall of spans", span_recall),
    "macro_span_f1": Metric("macro F1 of spans", macro_span_f1),
    "tag_accuracy": Metric("accuracy of tags", tag_accuracy),
    "row_accuracy": Metric("rows with all tags right", row_accuracy),
    "log_loss": Metric("log loss", log_loss, better="lower"),
}


HEADLINE = "span_f1"


def make_table(spec: TagSpec) -> MetricTable:
    """Return the metrics of a model of this target."""
    return MetricTable(METRICS, HEADLINE, (HEADLINE, "tag_accuracy"), partial(TagPairs, spec))
