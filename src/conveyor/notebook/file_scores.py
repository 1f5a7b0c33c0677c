"""The metrics of a model on the rows of a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from conveyor.batch.read import PLAIN, find_format
from conveyor.config.source import Source
from conveyor.data.store import RawRows
from conveyor.data.target_rows import FileLayout, TargetRows, read_target_rows
from conveyor.data.windows.target_windows import read_target_windows
from conveyor.encoding.window_encoder import WindowEncoder
from conveyor.encoding.windows import RawWindows
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
WINDOWS = 2048  # that are predicted together


@dataclass(frozen=True, repr=False)
class FileScores:
    """Metrics on the rows of a file whose targets the model can predict.

    Attributes:
        task: of the model.
        rows: on which it was scored.
        left_out: other rows of the file, by what is wrong with them; of a forecast also origins,
            and series.
        notes: sentences on what was found in the file, and on metrics that are left out.
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
    notes: Sequence[str] = ()

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
        left_out = f"; left out: {say_counts(self.left_out)}" if self.left_out else ""
        table = self.frame().to_string(float_format=DIGITS)
        return "\n".join([f"metrics of {self.rows} rows{left_out}", table, *self.notes])

    def _repr_html_(self) -> str:
        page = PAGES.get_template("file_scores.html")
        left_out = say_counts(self.left_out)
        return page.render(scores=self, left_out=left_out, table=table_html(self.frame()))


def say_counts(counts: Mapping[str, int]) -> str:
    """Return numbers with the names of what they count; empty if there are none."""
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def score_file(
    model: LoadedModel, file: Path, *, samples: int, confidence: float, seed: int
) -> FileScores:
    """Score a model on a file that holds rows and targets as its data set does, by the metrics of
    the stage `evaluate`; a forecast at every origin, whatever the stride of its data set is.

    Args:
        samples: of the bootstrap.

    Raises:
        InputError: the file is missing, has another format, lacks a column or a usable row, or
            the model does not know how files hold its target.
    """
    part = _read_part(model, file)
    if not len(part.rows):
        raise InputError(
            f"{file}: expected a row whose target the model can predict; got none "
            f"({say_counts(part.left_out)}). Name another file"
        )
    outputs = _predict(model, part.rows)
    targets, task = cut_targets(part.targets, outputs), model.task
    return FileScores(
        task, len(part.rows), part.left_out, task.metrics.score_all(targets, outputs),
        intervals(
            task.metrics, targets, outputs, samples=samples, confidence=confidence, seed=seed,
            units=task.comparison.units(targets),
        ),
        confidence, part.notes,
    )  # fmt: skip


def _read_part(model: LoadedModel, file: Path) -> TargetRows:
    """Read the rows and targets of a file."""
    spec, encoder, kind = model.card.target, model.encoder, find_format(file)
    if not (isinstance(spec, ForecastSpec) and isinstance(encoder, WindowEncoder)):
        return read_target_rows(file, _find_layout(model, kind), encoder, model.task.spec)
    source = Source(
        format=kind, files={"all": str(file)}, sql=None, hub=None, revision=None,
        **(model.card.dialect or PLAIN).settings_for(kind),
    )  # fmt: skip
    return read_target_windows(file, source, model.static, encoder, spec)


def _predict(model: LoadedModel, rows: RawRows | RawWindows) -> Outputs:
    """Predict raw rows; windows some at a time, since those of all origins take as much memory as
    the file many times."""
    if not isinstance(rows, RawWindows):
        return model.predict(rows).outputs
    parts = [rows[first : first + WINDOWS] for first in range(0, len(rows), WINDOWS)]
    return np.concatenate([model.predict(part).outputs for part in parts])


def _find_layout(model: LoadedModel, kind: str) -> FileLayout:
    """Return how files of the model's data set hold rows and targets; `kind` is their format."""
    card = model.card
    if card.target_options is None or card.columns is None:
        raise InputError(
            "evaluate: expected a model that knows how files hold its target; got one of a version "
            "of the program that did not keep this. Run `dvc repro evaluate`, which scores it on "
            "the test rows"
        )
    return FileLayout(kind, card.columns, card.dialect or PLAIN, card.target_options)


def cut_targets(targets: Targets, outputs: Outputs) -> Targets:
    """Return the targets of the steps that the model read, where a row has one for each step."""
    if not has_steps(targets):
        return targets
    return as_rows([row[: len(output)] for row, output in zip(targets, outputs, strict=True)])
