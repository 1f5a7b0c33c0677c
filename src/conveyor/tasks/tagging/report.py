"""What the report of a tagger has beside metrics: types of spans, confusion, errors, plots."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.pages import load_templates
from conveyor.tasks.tagging import plots
from conveyor.tasks.tagging.answers import Answers
from conveyor.tasks.tagging.decoding import decode
from conveyor.tasks.tagging.metrics import TaggedRows, TagPairs
from conveyor.tasks.tagging.options import TagReport, TagSpec
from conveyor.tasks.values import ScoredRows

PAGES = load_templates(__file__)
NO_SPAN = "none with these bounds"
MOST_CONFUSED = 10  # pairs of types in the report


class Report:
    """See `conveyor.tasks.facets.Report`."""

    def __init__(self, spec: TagSpec) -> None:
        self._spec, self._answers = spec, Answers(spec)

    def details(self, test: ScoredRows, worst_rows: int) -> dict[str, Any]:
        """Return `per_type`: precision, recall and F1 of each type, with its true and predicted
        spans; `confusion`: of the types and NO_SPAN, see `count_confusion`; and `worst`: the rows
        with the most missed and wrong spans, and wrong tags, first."""
        pairs = TagPairs(self._spec, test.targets, test.outputs)
        types = pairs.tagged.scheme.types
        return {
            "per_type": _score_types(pairs),
            "types": [*types, NO_SPAN],
            "confusion": count_confusion(pairs.tagged).tolist(),
            "worst": self._list_worst(test, pairs.tagged, worst_rows),
        }

    def section(self, details: dict[str, Any]) -> str:
        confused = _list_confused(details["types"], np.array(details["confusion"]))
        return PAGES.get_template("details.md").render(details, confused=confused)

    def draw(self, test: ScoredRows, options: TagReport, folder: Path) -> None:
        """Write the plots, of the most frequent types."""
        pairs = TagPairs(self._spec, test.targets, test.outputs)
        scores, types = _score_types(pairs), pairs.tagged.scheme.types
        frequent = np.sort(np.argsort(-pairs.by_type[0], kind="stable")[: options.plotted_types])
        names = [types[position] for position in frequent]
        plots.plot_f1({name: scores[name] for name in names}, len(types), folder / "types.png")
        places = [*frequent, len(types)]
        confusion = count_confusion(pairs.tagged)[np.ix_(places, places)]
        plots.plot_confusion(confusion, [*names, NO_SPAN], folder / "confusion.png")

    def predictions(self, test: ScoredRows) -> tuple[list[str], list[list[str]]]:
        """Return columns and rows of predictions.csv; the tags of a row are a list in JSON."""
        predicted = self._answers.decode(decode(self._spec, test.outputs))
        true = self._answers.decode(test.targets)
        table = [
            [row_id, *(json.dumps(tags, ensure_ascii=False) for tags in pair)]
            for row_id, *pair in zip(test.ids, true, predicted, strict=True)
        ]
        return ["id", "labels", "predicted"], table

    def _list_worst(self, test: ScoredRows, rows: TaggedRows, count: int) -> list[dict[str, Any]]:
        """The row itself is listed where it is a text."""
        hits = np.bincount(rows.predicted.rows[rows.is_hit], minlength=len(rows.steps))
        either = sum(np.bincount(s.rows, minlength=len(rows.steps))
                     for s in (rows.true, rows.predicted))  # fmt: skip
        errors, wrong = either - 2 * hits, rows.steps - rows.right  # (rows,)
        order = np.lexsort((-wrong, -errors))
        predicted = self._answers.decode(decode(self._spec, test.outputs))
        true = self._answers.decode(test.targets)
        return [
            {
                "id": test.ids[row],
                "tags": true[row],
                "predicted": predicted[row],
                "wrong_spans": int(errors[row]),
                "wrong_tags": int(wrong[row]),
                "length": int(test.lengths[row]),
                "row": test.text(row),
            }
            for row in order[: min(count, int((wrong > 0).sum()))].tolist()
        ]


def count_confusion(rows: TaggedRows) -> NDArray[np.int64]:
    """Count spans by true type (rows of the matrix) and predicted type (columns), int64 (types + 1,
    types + 1): two spans belong together where their bounds are equal. A true span without a
    partner is in the last column, a predicted one in the last row."""
    count = len(rows.scheme.types)
    matrix = np.zeros((count + 1, count + 1), np.int64)
    bounds = [
        dict(zip(zip(s.rows.tolist(), s.starts.tolist(), s.ends.tolist(), strict=True),
                 s.types.tolist(), strict=True))
        for s in (rows.true, rows.predicted)
    ]  # fmt: skip
    true, predicted = bounds
    for place, kind in true.items():
        matrix[kind, predicted.get(place, count)] += 1
    for place, kind in predicted.items():
        if place not in true:
            matrix[count, kind] += 1
    return matrix


def _score_types(pairs: TagPairs) -> dict[str, dict[str, float]]:
    scores = {}
    for name, (true, predicted, hits) in zip(
        pairs.tagged.scheme.types, pairs.by_type.T.tolist(), strict=True
    ):
        scores[name] = {
            "precision": hits / max(1, predicted),
            "recall": hits / max(1, true),
            "f1": 2 * hits / max(1, true + predicted),
            "spans": int(true),
            "predicted": int(predicted),
        }
    return scores


def _list_confused(types: list[str], matrix: NDArray[np.integer]) -> list[dict[str, Any]]:
    """Return the pairs of types that are most often taken for each other, the most frequent
    first."""
    wrong = matrix[:-1, :-1] * (1 - np.eye(len(types) - 1, dtype=np.int64))
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_CONFUSED]
    pairs = [divmod(place, len(types) - 1) for place in order.tolist()]
    return [
        {"true": types[true], "predicted": types[predicted], "spans": int(wrong[true, predicted])}
        for true, predicted in pairs
        if wrong[true, predicted]
    ]
