"""The metrics of a model on the rows of a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from conveyor.batch.read import PLAIN, find_format
from conveyor.data.target_rows import FileLayout, read_target_rows
from conveyor.errors import InputError
from conveyor.metrics import Outputs, Targets
from conveyor.metrics.resampling import intervals
from conveyor.metrics.steps import as_rows, has_steps
from conveyor.notebook.answers import DIGITS, table_html
from conveyor.pages import load_templates
from conveyor.serving import LoadedModel
from conveyor.tasks import Task
from conveyor.tasks.forecasting.options import ForecastSpec

PAGES = load_templates(__file__)


@dataclass(frozen=True, repr=False)
class FileScores:
    """Metrics on the rows of a file whose targets the model can predict.

    Attributes:
        task: of the model.
        rows: on which it was scored.
        left_out: other rows of the file, by what is wrong with them.
        scores: every metric that is defined for these rows, by name, in its own unit.
        intervals: (low, high) of each metric, by a bootstrap of the rows.
        confidence: of the intervals, a share.
    """

    task: Task
    rows: int
    left_out: Mapping[str, int]
    scores: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    confidence: float

    def frame(self) -> pd.DataFrame:
        """Return a row for each metric: title, value, low, high, and whether higher or lower is
        better; the headline metric first."""
        headline = self.task.metrics.headline
        names = sorted(self.scores, key=lambda name: name != headline)
        rows = []
        for name in names:
            metric, (low, high) = self.task.metrics[name], self.intervals[name]
            rows.append([metric.title, self.scores[name], low, high, metric.better])
        columns = ["title", "value", "low", "high", "better"]
        return pd.DataFrame(rows, index=pd.Index(names, name="metric"), columns=columns)

    def __repr__(self) -> str:
        return f"metrics of {self.rows} rows\n{self.frame().to_string(float_format=DIGITS)}"

    def _repr_html_(self) -> str:
        page = PAGES.get_template("file_scores.html")
        return page.render(scores=self, table=table_html(self.frame()))


def score_file(
    model: LoadedModel, file: Path, *, samples: int, confidence: float, seed: int
) -> FileScores:
    """Score a model on a file that holds rows and targets as its data set does.

    Args:
        samples: of the bootstrap.

    Raises:
        InputError: the file is missing, has another format, lacks a column or a usable row, or
            the model does not know how files hold its target.
    """
    part = read_target_rows(file, _find_layout(model, file), model.encoder, model.task.spec)
    if not len(part.rows):
        counts = ", ".join(f"{count} {name}" for name, count in part.left_out.items())
        raise InputError(
            f"{file}: expected a row whose target the model can predict; got none ({counts}). Name "
            "another file"
        )
    outputs = model.predict(part.rows).outputs
    targets, task = cut_targets(part.targets, outputs), model.task
    return FileScores(
        task, len(part.rows), part.left_out, task.metrics.score_all(targets, outputs),
        intervals(
            task.metrics, targets, outputs, samples=samples, confidence=confidence, seed=seed,
            units=task.comparison.units(targets),
        ),
        confidence,
    )  # fmt: skip


def _find_layout(model: LoadedModel, file: Path) -> FileLayout:
    """Return how files of the model's data set hold rows and targets."""
    kind, card = find_format(file), model.card
    is_forecast = isinstance(card.target, ForecastSpec)
    if card.target_options is None or card.columns is None:
        reason = (
            "the errors of a forecast are measured against the series of its training"
            if is_forecast
            else "a version of the program trained it that did not keep this"
        )
        raise InputError(
            f"evaluate: expected a model that knows how files hold its target; got one that does "
            f"not: {reason}. Run `dvc repro evaluate`, which scores it on the test rows"
        )
    return FileLayout(kind, card.columns, card.dialect or PLAIN, card.target_options)


def cut_targets(targets: Targets, outputs: Outputs) -> Targets:
    """Return the targets of the steps that the model read, where a row has one for each step."""
    if not has_steps(targets):
        return targets
    return as_rows([row[: len(output)] for row, output in zip(targets, outputs, strict=True)])
