"""Stage `evaluate`: the exported model on the frozen test rows. No TensorFlow."""

import logging

from conveyor import files
from conveyor.beside import Beside
from conveyor.config import Config, load
from conveyor.paths import Paths
from conveyor.tracking import only_runs
from pipeline import stage

EVALUATION = "conveyor.evaluation.run:run"
log = logging.getLogger(__name__)


def evaluate(config: Config, paths: Paths) -> None:
    # It loads scikit-learn and finds the figures while MLflow and Matplotlib load here.
    with Beside(EVALUATION, config, paths) as evaluation:
        from conveyor.evaluation import report

        with only_runs():
            from conveyor.tracking import runs

        run = runs.find_training_run(config.name, paths)
        found = report.write(paths.evaluation, iter(evaluation), config.evaluate.confidence)
    files.write_json(paths.metrics, report.headline(found))
    (log.warning if found.beats_baselines is False else log.info)("%s", report.verdict(found))
    run.log_evaluation(paths.evaluation, found.scores, beats_baselines=found.beats_baselines)


if __name__ == "__main__":
    with stage("evaluate"):
        evaluate(load("name", "seed", "evaluate"), Paths())
