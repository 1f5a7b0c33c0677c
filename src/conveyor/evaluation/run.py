"""The figures of `evaluate`, in a process beside the one that draws them and keeps its record."""

from dataclasses import replace

from conveyor.beside import Tell
from conveyor.config import Config
from conveyor.data.store import Prepared, Split
from conveyor.evaluation.results import LabelledRows
from conveyor.imports import without
from conveyor.paths import Paths
from conveyor.serving import LoadedModel

with without("pandas"):  # scikit-learn takes it where it is, for tables that there are none of
    from conveyor.evaluation.curves import points_of
    from conveyor.evaluation.evaluate import evaluate


def run(tell: Tell, config: Config, paths: Paths) -> None:
    """Answer the test rows with the exported model, and hold the answers against the truth.

    Tells what `report.write` takes.
    """
    prepared = Prepared(paths.prepared)
    train, validation, test = (prepared.split(s) for s in ("train", "validation", "test"))
    answers = LoadedModel.load(paths.model).predict(test.rows, progress=True).probabilities
    learned = _rows(train) + _rows(validation)
    rows, meta, how = _rows(test), prepared.meta, config.evaluate
    tell(points_of(rows.labels, answers, meta.classes, how.calibration_bins))
    found = evaluate(meta.kind, meta.classes, learned, rows, answers, how, config.seed)
    tell((found, replace(rows, raw=None), answers))


def _rows(split: Split) -> LabelledRows:
    return LabelledRows(split.ids, split.rows, split.labels, split.sequences.lengths)
