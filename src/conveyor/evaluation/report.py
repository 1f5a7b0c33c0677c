"""An evaluation as files: JSON and CSV for tools, Markdown and plots for people."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor import files
from conveyor.config import Evaluate
from conveyor.evaluation.curves import compute_class_curves, compute_pooled_curves
from conveyor.evaluation.results import Evaluation, EvaluationInput
from conveyor.metrics import BASELINE, METRICS
from conveyor.metrics.table import LabelledPredictions, calibration, calibration_error
from conveyor.pages import load_templates
from conveyor.plots import evaluation as plots

PAGES = load_templates(__file__)


def write(folder: Path, evaluation: Evaluation, data: EvaluationInput, config: Evaluate) -> None:
    """Write report.json, report.md, CSV tables and the plots, all or nothing."""
    predictions = LabelledPredictions(data.test.labels, data.probabilities)
    reliability = calibration(predictions, config.calibration_bins)
    by_class = compute_class_curves(predictions.labels, data.probabilities, data.classes)
    rows = len(data.test.rows)
    with files.replacing_folder(folder) as new:
        plots.plot_confusion(predictions.confusion, data.classes, new / "confusion.png")
        plots.plot_curves(by_class, new / "curves.png")
        error = calibration_error(*reliability)
        plots.plot_calibration(*reliability, error, new / "calibration.png")
        plots.plot_slices(evaluation.slices, new / "lengths.png")
        curves = compute_pooled_curves(predictions.labels, data.probabilities)
        _write_points(new / "roc.csv", ["false_positive_rate", "true_positive_rate"], curves.roc)
        _write_points(new / "pr.csv", ["recall", "precision"], curves.pr)
        _write_points(new / "calibration.csv", ["confidence", "accuracy", "rows"], reliability)
        files.write_json(new / "report.json", asdict(evaluation))
        files.write_text(new / "report.md", markdown(evaluation, rows, config.confidence))
        _write_predictions(new / "predictions.csv", data)


def headline(evaluation: Evaluation) -> dict[str, float]:
    """Metrics for `dvc metrics`, without nesting, so that each becomes a column.

    They are all metrics of the model, the interval of its accuracy, and the accuracy of the best
    baseline, if any was scored. The rest is in report.json.
    """
    metrics = dict(evaluation.scores)
    metrics["accuracy_low"], metrics["accuracy_high"] = evaluation.intervals["accuracy"]
    if evaluation.baselines:
        metrics[BASELINE] = evaluation.baselines[evaluation.best_baseline]["accuracy"]
    return metrics


def _write_points(path: Path, columns: list[str], axes: Sequence[NDArray[Any]]) -> None:
    """Write the points of a plot as CSV, from which `dvc plots` compares several experiments."""
    rows = [row for row in zip(*axes, strict=True) if np.isfinite(row).all()]
    files.write_csv(path, columns, [[f"{value:.6g}" for value in row] for row in rows])


def _write_predictions(path: Path, data: EvaluationInput) -> None:
    names, test = data.classes, data.test
    table = []
    for row_id, label, probabilities in zip(test.ids, test.labels, data.probabilities, strict=True):
        best = int(probabilities.argmax())
        texts = [f"{probability:.6f}" for probability in probabilities]
        table.append([row_id, names[label], names[best], texts[best], *texts])
    columns = ["id", "label", "predicted", "confidence", *(f"p({name})" for name in names)]
    files.write_csv(path, columns, table)


def markdown(evaluation: Evaluation, rows: int, confidence: float) -> str:
    """Return the report as a page, which shows the plots of its folder."""
    return PAGES.get_template("report.md").render(
        rows=rows,
        comparison=compare_with_baselines(evaluation),
        confidence=confidence,
        evaluation=evaluation,
        metrics=METRICS,
    )


def compare_with_baselines(evaluation: Evaluation) -> str:
    """Return a line that compares the network with the best baseline, loud if the network loses."""
    if evaluation.beats_baselines is None:
        return "No baseline was scored."
    best = evaluation.best_baseline
    comparison = (
        f"accuracy {evaluation.scores['accuracy']:.4f} against "
        f"{evaluation.baselines[best]['accuracy']:.4f} of {best} "
        f"(McNemar p = {evaluation.p_value:.3g})"
    )
    if evaluation.beats_baselines:
        return f"The network beats the simple baselines: {comparison}."
    return f"**THE NETWORK DOES NOT BEAT A SIMPLE BASELINE**: {comparison}."
