"""What the report of a multi-label model has beside metrics: labels, errors, plots, points."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from conveyor.metrics import Outputs, Targets
from conveyor.pages import load_templates
from conveyor.tasks.curves import compute_precision_recall, write_points
from conveyor.tasks.multilabel import plots
from conveyor.tasks.multilabel.answers import Answers
from conveyor.tasks.multilabel.decision import decide
from conveyor.tasks.multilabel.metrics import row_log_losses
from conveyor.tasks.multilabel.options import LabelReport, LabelSpec
from conveyor.tasks.ranking import average_precision, count_by_threshold
from conveyor.tasks.values import ScoredRows

PAGES = load_templates(__file__)


class Report:
    """See `conveyor.tasks.facets.Report`."""

    def __init__(self, spec: LabelSpec) -> None:
        self._spec, self._answers = spec, Answers(spec)

    def details(self, test: ScoredRows, worst_rows: int) -> dict[str, Any]:
        """Return `labels`; `per_label`: precision, recall, F1, average precision, rows and
        threshold of each label; and `worst`: the rows with a wrong set of labels, the highest log
        loss first."""
        return {
            "labels": self._spec.labels,
            "per_label": self._score_labels(test.targets, test.outputs),
            "worst": self._list_worst(test, worst_rows),
        }

    def section(self, details: dict[str, Any]) -> str:
        return PAGES.get_template("details.md").render(details)

    def draw(self, test: ScoredRows, options: LabelReport, folder: Path) -> None:
        """Write the plots, of the most frequent labels, and the points of the pooled curve as
        CSV, from which `dvc plots` compares experiments."""
        scores = self._score_labels(test.targets, test.outputs)
        frequent = np.argsort(-test.targets.sum(axis=0), kind="stable")[: options.plotted_labels]
        names = [self._spec.labels[position] for position in np.sort(frequent)]
        plots.plot_f1({name: scores[name] for name in names}, len(scores), folder / "labels.png")
        curves = {
            name: compute_precision_recall(test.targets[:, position], test.outputs[:, position])
            for name, position in zip(names, np.sort(frequent), strict=True)
            if test.targets[:, position].any()
        }
        pooled = compute_precision_recall(test.targets.ravel(), test.outputs.ravel())
        plots.plot_curves(curves, pooled, folder / "curves.png")
        write_points(folder / "pr.csv", ["recall", "precision"], pooled)

    def predictions(self, test: ScoredRows) -> tuple[list[str], list[list[str]]]:
        """Return columns and rows of predictions.csv; sets of labels are lists in JSON."""
        predicted = self._answers.decode(decide(self._spec, test.outputs))
        true = self._answers.decode(test.targets)
        table = [
            [row_id, *(json.dumps(labels, ensure_ascii=False) for labels in sets),
             *(f"{probability:.6f}" for probability in outputs)]
            for row_id, *sets, outputs in zip(test.ids, true, predicted, test.outputs, strict=True)
        ]  # fmt: skip
        names = self._spec.labels
        return ["id", "labels", "predicted", *(f"p({name})" for name in names)], table

    def _score_labels(self, targets: Targets, outputs: Outputs) -> dict[str, dict[str, Any]]:
        predicted, rows = decide(self._spec, outputs), targets.sum(axis=0)
        hits, answers = (targets & predicted).sum(axis=0), predicted.sum(axis=0)  # (labels,)
        thresholds = self._answers.parameters()["thresholds"]
        scores = {}
        for position, name in enumerate(self._spec.labels):
            column = slice(position, position + 1)
            counts = count_by_threshold(targets.T[column], outputs.T[column])
            scores[name] = {
                "precision": float(hits[position] / max(1, answers[position])),
                "recall": float(hits[position] / max(1, rows[position])),
                "f1": float(2 * hits[position] / max(1, rows[position] + answers[position])),
                "average_precision": float(average_precision(*counts)[0])
                if rows[position]
                else None,
                "rows": int(rows[position]),
                "threshold": thresholds[position],
            }
        return scores

    def _list_worst(self, test: ScoredRows, count: int) -> list[dict[str, Any]]:
        """The row itself is listed where it is a text."""
        decisions = decide(self._spec, test.outputs)
        predicted, true = self._answers.decode(decisions), self._answers.decode(test.targets)
        losses = row_log_losses(test.targets, test.outputs)
        errors = np.flatnonzero((decisions != test.targets).any(axis=1))
        errors = errors[np.argsort(-losses[errors], kind="stable")][:count]
        return [
            {
                "id": test.ids[row],
                "labels": true[row],
                "predicted": predicted[row],
                "log_loss": round(float(losses[row]), 6),
                "length": int(test.lengths[row]),
                "row": test.text(row),
            }
            for row in errors.tolist()
        ]
