"""The whole of `evaluate` but for its record in MLflow."""

import logging

from conveyor import files
from conveyor.beside import Tell
from conveyor.config import Config
from conveyor.data.store import Prepared, Split
from conveyor.evaluation import report
from conveyor.evaluation.evaluate import Rows, evaluate, headline
from conveyor.paths import Paths
from conveyor.serving import Predictor

log = logging.getLogger(__name__)


def run(tell: Tell, config: Config, paths: Paths) -> None:
    """Answer the test rows with the exported model, and write the report and the metrics.

    Tells every metric's score, and whether the model beats the simple ones.
    """
    prepared = Prepared(paths.prepared)
    train, validation, test = (prepared.split(s) for s in ("train", "validation", "test"))
    answers = Predictor.load(paths.model).predict(test.rows, progress=True).probabilities
    learned = _rows(train) + _rows(validation)
    rows, meta, how = _rows(test), prepared.meta, config.evaluate
    found = evaluate(meta.kind, meta.classes, learned, rows, answers, how, config.seed)
    report.write(paths.evaluation, found, rows, answers, how.confidence, how.calibration_bins)
    files.write_json(paths.metrics, headline(found))
    (log.warning if found.beats_baselines is False else log.info)("%s", report.verdict(found))
    tell((found.scores, found.beats_baselines))


def _rows(split: Split) -> Rows:
    return Rows(split.ids, split.rows, split.labels, split.sequences.lengths)
