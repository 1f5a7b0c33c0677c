"""An evaluation as files: JSON and CSV for tools, Markdown and pictures for people."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor import files
from conveyor.escape import markdown_text
from conveyor.evaluation.results import Evaluation, LabelledRows, Points
from conveyor.metrics import BASELINE, METRICS
from conveyor.plots import evaluation as pictures


def write(
    folder: Path,
    evaluation: Evaluation,
    points: Points,
    test: LabelledRows,
    probabilities: NDArray[np.floating],
    confidence: float,
) -> None:
    """Write report.json, report.md, CSV tables and the plots, whole or not at all.

    Args:
        points: what the plots show.
        probabilities: of the test rows, (rows, classes).
        confidence: of the evaluation's intervals.
    """
    with files.replacing_folder(folder) as to:
        pictures.confusion(points.counts, points.classes, to / "confusion.png")
        pictures.curves(points.by_class, to / "curves.png")
        pictures.calibration(*points.reliable, points.ece, to / "calibration.png")
        _write_points(to, points)
        pictures.slices(evaluation.slices, to / "lengths.png")
        files.write_json(to / "report.json", asdict(evaluation))
        files.write_text(to / "report.md", markdown(evaluation, len(test.ids), confidence))
        _write_predictions(to / "predictions.csv", evaluation, test, probabilities)


def headline(evaluation: Evaluation) -> dict[str, float]:
    """Flat figures for `dvc metrics`, a column each: every metric, accuracy's interval, and the
    best simple baseline's accuracy, if any was scored. The rest is in report.json."""
    figures = dict(evaluation.scores)
    figures["accuracy_low"], figures["accuracy_high"] = evaluation.intervals["accuracy"]
    if evaluation.baselines:
        figures[BASELINE] = max(scores["accuracy"] for scores in evaluation.baselines.values())
    return figures


def _write_points(folder: Path, points: Points) -> None:
    """The pictures' points as CSV, from which `dvc plots` draws experiments over each other."""
    for name, columns, found in (
        ("roc.csv", ["false_positive_rate", "true_positive_rate"], points.pooled.roc),
        ("pr.csv", ["recall", "precision"], points.pooled.pr),
        ("calibration.csv", ["confidence", "accuracy", "rows"], points.reliable),
    ):
        rows = [row for row in zip(*found, strict=True) if np.isfinite(row).all()]
        files.write_csv(folder / name, columns, [[f"{v:.6g}" for v in row] for row in rows])


def _write_predictions(
    path: Path, evaluation: Evaluation, test: LabelledRows, probabilities: NDArray[np.floating]
) -> None:
    names = evaluation.classes
    table = []
    for i, row in enumerate(probabilities):
        best = int(row.argmax())
        cells: list[Any] = [test.ids[i], names[test.labels[i]], names[best], f"{row[best]:.6f}"]
        table.append([*cells, *(f"{p:.6f}" for p in row)])
    columns = ["id", "label", "predicted", "confidence", *(f"p({name})" for name in names)]
    files.write_csv(path, columns, table)


def markdown(evaluation: Evaluation, rows: int, confidence: float) -> str:
    """The report as a page; pictures lie beside it."""
    parts = [f"# Evaluation on {rows} test rows", verdict(evaluation), ""]
    parts += [f"| metric | value | {confidence:.0%} interval |", "| --- | --- | --- |"]
    for name, value in evaluation.scores.items():
        low, high = evaluation.intervals.get(name, (float("nan"), float("nan")))
        parts.append(f"| {METRICS[name].title} | {value:.4f} | {low:.4f} to {high:.4f} |")
    if evaluation.baselines:
        parts += ["", "## Simple models on the same rows", "| model | accuracy | macro F1 |",
                  "| --- | --- | --- |"]  # fmt: skip
        parts += [
            f"| {name} | {scores['accuracy']:.4f} | {scores['macro_f1']:.4f} |"
            for name, scores in evaluation.baselines.items()
        ]
    parts += ["", "## By class", "| class | precision | recall | F1 | rows |",
              "| --- | --- | --- | --- | --- |"]  # fmt: skip
    parts += [
        f"| {markdown_text(name)} | {c['precision']:.3f} | {c['recall']:.3f} | {c['f1']:.3f} | "
        f"{c['rows']:.0f} |"
        for name, c in evaluation.per_class.items()
    ]
    parts += ["", "![confusion](confusion.png)", "![ROC and precision-recall](curves.png)",
              "![calibration](calibration.png)", "![by length](lengths.png)", ""]  # fmt: skip
    parts += ["## Most confident errors", "| id | label | predicted | confidence | row |",
              "| --- | --- | --- | --- | --- |"]  # fmt: skip
    parts += [
        f"| {markdown_text(w['id'])} | {markdown_text(w['label'])} | "
        f"{markdown_text(w['predicted'])} | {w['confidence']:.3f} | {_row_text(w)} |"
        for w in evaluation.worst
    ]
    return "\n".join(parts) + "\n"


def verdict(evaluation: Evaluation) -> str:
    """One line on the baselines; loud where the net does not beat them."""
    if evaluation.beats_baselines is None:
        return "No baseline was scored."
    best = max(evaluation.baselines, key=lambda name: evaluation.baselines[name]["accuracy"])
    figures = (
        f"accuracy {evaluation.scores['accuracy']:.4f} against "
        f"{evaluation.baselines[best]['accuracy']:.4f} of {best} "
        f"(McNemar p = {evaluation.p_value:.3g})"
    )
    if evaluation.beats_baselines:
        return f"The net beats the simple baselines: {figures}."
    return f"**THE NET DOES NOT BEAT A SIMPLE BASELINE**: {figures}."


def _row_text(error: dict[str, Any]) -> str:
    """The row of an error, or the number of steps of a series."""
    return f"{error['length']} steps" if error["row"] is None else markdown_text(error["row"])
