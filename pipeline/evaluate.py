"""Stage `evaluate`: the exported model on the frozen test rows. No TensorFlow."""

import logging

from conveyor import files
from conveyor.config import Config, load
from conveyor.data.store import Prepared, Split
from conveyor.evaluation import report
from conveyor.evaluation.evaluate import Rows, headline
from conveyor.evaluation.evaluate import evaluate as evaluate_answers
from conveyor.paths import Paths
from conveyor.serving import Predictor
from conveyor.tracking import runs
from pipeline import stage

log = logging.getLogger(__name__)


def evaluate(config: Config, paths: Paths) -> None:
    prepared = Prepared(paths.prepared)
    train, validation, test = (prepared.split(s) for s in ("train", "validation", "test"))
    answers = Predictor.load(paths.model).predict(test.rows, progress=True).probabilities
    learned = _rows(train) + _rows(validation)
    rows, meta, how = _rows(test), prepared.meta, config.evaluate
    found = evaluate_answers(meta.kind, meta.classes, learned, rows, answers, how, config.seed)
    report.write(paths.evaluation, found, rows, answers, how.confidence, how.calibration_bins)
    files.write_json(paths.metrics, headline(found))
    (log.warning if found.beats_baselines is False else log.info)("%s", report.verdict(found))
    runs.log_evaluation(paths, config.name, found.scores, beats_baselines=found.beats_baselines)


def _rows(split: Split) -> Rows:
    return Rows(split.ids, split.rows, split.labels, split.sequences.lengths)


if __name__ == "__main__":
    with stage("evaluate"):
        evaluate(load("name", "seed", "evaluate"), Paths())
