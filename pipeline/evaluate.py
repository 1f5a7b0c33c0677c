"""Stage `evaluate`: the exported model on the frozen test rows. No TensorFlow."""

from conveyor.beside import Beside
from conveyor.config import Config, load
from conveyor.paths import Paths
from pipeline import stage

EVALUATION = "conveyor.evaluation.run:run"


def evaluate(config: Config, paths: Paths) -> None:
    # It loads scikit-learn and Matplotlib while MLflow loads here.
    with Beside(EVALUATION, config, paths) as evaluation:
        from conveyor.tracking import runs

        run = runs.find_training_run(config.name, paths)
        [(scores, beats)] = evaluation
        run.log_evaluation(paths.evaluation, scores, beats_baselines=beats)


if __name__ == "__main__":
    with stage("evaluate"):
        evaluate(load("name", "seed", "evaluate"), Paths())
