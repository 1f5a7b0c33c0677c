"""Stage `evaluate`: the exported model on the frozen test rows. No TensorFlow.

Scikit-learn loads in the process that finds the figures, while MLflow and Matplotlib load here.
"""

import logging
from typing import TYPE_CHECKING

from conveyor.beside import Beside
from conveyor.paths import Paths
from pipeline import stage

if TYPE_CHECKING:
    from conveyor.config import Config

EVALUATION = "conveyor.evaluation.run:run"
log = logging.getLogger(__name__)


def evaluate(config: "Config", paths: Paths, evaluation: Beside) -> None:
    evaluation.begin(config, paths)
    from conveyor import files
    from conveyor.evaluation import report
    from conveyor.tracking import only_runs

    with only_runs():
        from conveyor.tracking import runs

    run = runs.find_training_run(config.name, paths)
    found = report.write(paths.evaluation, iter(evaluation), config.evaluate.confidence)
    files.write_json(paths.metrics, report.headline(found))
    (log.warning if found.beats_baselines is False else log.info)("%s", report.verdict(found))
    run.log_evaluation(paths.evaluation, found.scores, beats_baselines=found.beats_baselines)


if __name__ == "__main__":
    with stage("evaluate"), Beside(EVALUATION) as evaluation:
        from conveyor.config import load

        evaluate(load("name", "seed", "evaluate"), Paths(), evaluation)
