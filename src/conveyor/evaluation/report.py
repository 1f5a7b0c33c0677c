"""An evaluation as files: JSON and CSV for tools, Markdown and plots for people."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from conveyor import files
from conveyor.config import Evaluate
from conveyor.evaluation.results import Evaluation, EvaluationInput
from conveyor.pages import load_templates
from conveyor.plots.slices import plot_slices
from conveyor.tasks import Task

PAGES = load_templates(__file__)


def write(folder: Path, evaluation: Evaluation, data: EvaluationInput, config: Evaluate) -> None:
    """Write report.json, report.md, CSV tables and the plots, all or nothing."""
    task = data.task
    with files.replacing_folder(folder) as new:
        task.report.draw(data.scored, config.report, new)
        plot_slices(evaluation.slices, task.metrics.validation, new / "lengths.png")
        files.write_json(new / "report.json", as_json(evaluation))
        files.write_text(new / "report.md", markdown(evaluation, data, config.confidence))
        files.write_csv(new / "predictions.csv", *task.report.predictions(data.scored))


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return the evaluation with the task's details beside the metrics."""
    values = asdict(evaluation)
    return values.pop("details") | values


def headline(evaluation: Evaluation, task: Task) -> dict[str, float]:
    """Metrics for `dvc metrics`, without nesting, so that each becomes a column.

    They are all metrics of the model, the interval of the headline metric, and the headline metric
    of the best baseline, if any was scored. The rest is in report.json.
    """
    metrics, name = dict(evaluation.scores), task.metrics.headline
    metrics[f"{name}_low"], metrics[f"{name}_high"] = evaluation.intervals[name]
    if evaluation.baselines:
        best = task.metrics.find_best(evaluation.baselines)
        metrics[f"baseline_{name}"] = evaluation.baselines[best][name]
    return metrics


def markdown(evaluation: Evaluation, data: EvaluationInput, confidence: float) -> str:
    """Return the report as a page, which shows the plots of its folder."""
    return PAGES.get_template("report.md").render(
        rows=len(data.test.rows),
        comparison=compare_with_baselines(evaluation, data.task),
        confidence=confidence,
        evaluation=evaluation,
        metrics=data.task.metrics,
        details=data.task.report.section(evaluation.details),
    )


def compare_with_baselines(evaluation: Evaluation, task: Task) -> str:
    """Return a line that compares the network with the best baseline, loud if the network loses."""
    if evaluation.beats_baselines is None:
        return "No baseline was scored."
    name = task.metrics.headline
    best = task.metrics.find_best(evaluation.baselines)
    comparison = (
        f"{task.metrics[name].title} {evaluation.scores[name]:.4f} against "
        f"{evaluation.baselines[best][name]:.4f} of {best} "
        f"({task.comparison.test_title} p = {evaluation.p_value:.3g})"
    )
    if evaluation.beats_baselines:
        return f"The network beats the simple baselines: {comparison}."
    return f"**THE NETWORK DOES NOT BEAT A SIMPLE BASELINE**: {comparison}."
