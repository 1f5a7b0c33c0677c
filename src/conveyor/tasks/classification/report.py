"""What the report of a classifier has beside metrics: classes, errors, plots and their points."""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from conveyor import files
from conveyor.escape import plot_data_text
from conveyor.metrics import Outputs, Targets
from conveyor.pages import load_templates
from conveyor.tasks.classification import plots
from conveyor.tasks.classification.curves import compute_class_curves, compute_pooled_curves
from conveyor.tasks.classification.decision import decide, make_matrix
from conveyor.tasks.classification.metrics import LabelledPredictions, calibration, ece
from conveyor.tasks.classification.options import ClassReport, ClassSpec
from conveyor.tasks.curves import write_points
from conveyor.tasks.values import ScoredRows

PAGES = load_templates(__file__)


class Report:
    """See `conveyor.tasks.facets.Report`."""

    def __init__(self, spec: ClassSpec) -> None:
        self._spec, self._classes = spec, spec.classes

    def details(self, test: ScoredRows, worst_rows: int) -> dict[str, Any]:
        """Return `classes`; `decision`, None without costs; `per_class`, precision, recall, F1 and
        rows of each class; and `worst`, the errors of the highest confidence, the most confident
        first."""
        return {
            "classes": self._classes,
            "decision": self._describe_decision(test.targets, test.outputs),
            "per_class": self._score_classes(test.targets, test.outputs),
            "worst": self._list_worst(test, worst_rows),
        }

    def section(self, details: dict[str, Any]) -> str:
        """Return the details as Markdown, with the plots of `draw`."""
        return PAGES.get_template("details.md").render(details)

    def draw(self, test: ScoredRows, options: ClassReport, folder: Path) -> None:
        """Write the plots, and their points as CSV, from which `dvc plots` compares experiments."""
        predictions = LabelledPredictions(self._spec, test.targets, test.outputs)
        reliability = calibration(predictions, options.calibration_bins)
        by_class = compute_class_curves(test.targets, test.outputs, self._classes)
        plots.plot_confusion(predictions.confusion, self._classes, folder / "confusion.png")
        plots.plot_curves(by_class, folder / "curves.png")
        plots.plot_calibration(*reliability, ece(predictions), folder / "calibration.png")
        curves = compute_pooled_curves(test.targets, test.outputs)
        write_points(folder / "roc.csv", ["false_positive_rate", "true_positive_rate"], curves.roc)
        write_points(folder / "pr.csv", ["recall", "precision"], curves.pr)
        decided = zip(test.targets, predictions.predicted, strict=True)
        names = [plot_data_text(name) for name in self._classes]
        pairs = [[names[true], names[answer]] for true, answer in decided]
        files.write_csv(folder / "confusion.csv", ["label", "predicted"], pairs)
        write_points(folder / "calibration.csv", ["confidence", "accuracy", "rows"], reliability)

    def predictions(self, test: ScoredRows) -> tuple[list[str], list[list[str]]]:
        """Return columns and rows of predictions.csv."""
        names, table = self._classes, []
        codes = decide(self._spec, test.outputs)
        rows = zip(test.ids, test.targets, codes, test.outputs, strict=True)
        for row_id, code, answer, outputs in rows:
            texts = [f"{probability:.6f}" for probability in outputs]
            table.append([row_id, names[code], names[answer], texts[answer], *texts])
        return ["id", "label", "predicted", "confidence", *(f"p({name})" for name in names)], table

    def _describe_decision(self, targets: Targets, outputs: Outputs) -> dict[str, Any] | None:
        """Return the costs, the threshold, and the mean cost of a row: of the answers, and as it
        would be if the most probable class were the answer."""
        decision = self._spec.decision
        if decision is None:
            return None
        costs = make_matrix(decision.costs, self._classes)  # by true class and answer
        return decision.model_dump(mode="json") | {
            "mean_cost": float(costs[targets, decide(self._spec, outputs)].mean()),
            "mean_cost_of_most_probable": float(costs[targets, outputs.argmax(axis=1)].mean()),
        }

    def _score_classes(self, targets: Targets, outputs: Outputs) -> dict[str, dict[str, float]]:
        scores = precision_recall_fscore_support(
            targets, decide(self._spec, outputs),
            labels=range(len(self._classes)), zero_division=0.0,
        )  # fmt: skip
        names = ("precision", "recall", "f1", "rows")
        columns = dict(zip(names, scores, strict=True))  # (classes,) each
        return {
            name: {metric: values[i].item() for metric, values in columns.items()}
            for i, name in enumerate(self._classes)
        }

    def _list_worst(self, test: ScoredRows, count: int) -> list[dict[str, Any]]:
        """The row itself is listed where it is a text."""
        predicted = decide(self._spec, test.outputs)
        confidence = test.outputs[np.arange(len(predicted)), predicted]
        errors = np.flatnonzero(predicted != test.targets)
        errors = errors[np.argsort(-confidence[errors], kind="stable")][:count]
        return [
            {
                "id": test.ids[row],
                "label": self._classes[test.targets[row]],
                "predicted": self._classes[predicted[row]],
                "confidence": round(float(confidence[row]), 6),
                "length": int(test.lengths[row]),
                "row": test.text(row),
            }
            for row in errors.tolist()
        ]
