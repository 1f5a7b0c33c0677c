"""An evaluation as files: JSON and CSV for tools, Markdown and plots for people."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

from conveyor import files
from conveyor.config import Evaluate
from conveyor.evaluation.results import Evaluation, EvaluationInput
from conveyor.metrics.table import write_score
from conveyor.pages import load_templates
from conveyor.paths import ERRORS_FILE, INSPECTION_FILE
from conveyor.plots.slices import plot_slices
from conveyor.tasks import Task

PAGES = load_templates(__file__, score=write_score)
LINKS = {  # pages beside the report, by name
    ERRORS_FILE: "The worst errors: which tokens, or channels of which steps, moved them",
    INSPECTION_FILE: "Inside the network: its gates and states while it reads a row",
}


def write(
    folder: Path, evaluation: Evaluation, data: EvaluationInput, config: Evaluate,
    pages: Mapping[str, str | None] = MappingProxyType({}),
) -> None:  # fmt: skip
    """Write report.json, report.md, CSV tables and the plots, all or nothing.

    Args:
        pages: more files, by name, to which the report links; None leaves one out.
    """
    task = data.task
    with files.replacing_folder(folder) as new:
        task.report.draw(data.scored, config.report, new)
        if evaluation.slices:  # windows of a forecast have one length
            plot_slices(evaluation.slices, task.metrics.validation, new / "lengths.png")
        files.write_json(new / "report.json", as_json(evaluation))
        written = {name: page for name, page in pages.items() if page is not None}
        text = markdown(evaluation, data, config.confidence, written)
        files.write_text(new / "report.md", text)
        files.write_csv(new / "predictions.csv", *task.report.predictions(data.scored))
        for name, page in written.items():
            files.write_text(new / name, page)


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return the evaluation with the task's details beside the metrics."""
    values = asdict(evaluation)
    return values.pop("details") | values


def headline(evaluation: Evaluation, task: Task) -> dict[str, float]:
    """Metrics for `dvc metrics`, without nesting, so that each becomes a column.

    They are all metrics of the model, the interval of the headline metric, and the headline metric
    of the baseline that is the best one on validation rows, if any was scored. The rest is in
    report.json.
    """
    metrics, name = dict(evaluation.scores), task.metrics.headline
    metrics[f"{name}_low"], metrics[f"{name}_high"] = evaluation.intervals[name]
    if evaluation.baseline_comparison is not None:
        metrics[f"baseline_{name}"] = evaluation.baseline_comparison.beside_best.theirs
    return metrics


def compared_scores(evaluation: Evaluation, task: Task) -> dict[str, float]:
    """The few metrics by which people compare runs: those of each validation, on the test rows."""
    names = [name for name in task.metrics.validation if name in evaluation.scores]
    return {name: evaluation.scores[name] for name in names}


def summarize(evaluation: Evaluation, data: EvaluationInput, confidence: float) -> str:
    """Return a sentence with the headline metric, its interval, and the comparison with the best
    baseline."""
    metrics = data.task.metrics
    name, rows = metrics.headline, len(data.test.rows)
    low, high = evaluation.intervals[name]
    text = (
        f"{metrics[name].title} {evaluation.scores[name]:.4g} on {rows} rows "
        f"({100 * confidence:.0f} % interval {low:.4g} to {high:.4g})"
    )
    comparison = evaluation.baseline_comparison
    return f"{text}." if comparison is None else f"{text}; it {comparison.relation}."


def markdown(
    evaluation: Evaluation, data: EvaluationInput, confidence: float, pages: Iterable[str] = ()
) -> str:
    """Return the report as a page, which shows the plots of its folder.

    Args:
        pages: names of those beside it, of LINKS.
    """
    return PAGES.get_template("report.md").render(
        rows=len(data.test.rows),
        comparison=describe_comparison(evaluation, data.task),
        confidence=confidence,
        evaluation=evaluation,
        metrics=data.task.metrics,
        details=data.task.report.section(evaluation.details),
        links={name: title for name, title in LINKS.items() if name in pages},
    )


def describe_comparison(evaluation: Evaluation, task: Task) -> str:
    """Return a paragraph that compares the network with the baselines; what tells against the
    network is bold."""
    comparison = evaluation.baseline_comparison
    if comparison is None:
        return "No baseline was scored."
    title = task.metrics[task.metrics.headline].title
    best, trivial = comparison.describe_best(title), comparison.describe_trivial(title)
    loses = comparison.beside_best.relation == "loses to"
    at_chance = not comparison.beside_trivial.is_better
    return " ".join(
        f"**{sentence}.**" if loud else f"{sentence}."
        for sentence, loud in ((best, loses), (trivial, at_chance))
    )
