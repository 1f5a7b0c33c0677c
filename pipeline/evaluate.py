"""Stage `evaluate`: the exported model on the frozen test rows, compared with simple baselines."""

import logging

from conveyor import files
from conveyor.config import EvaluateConfig, load
from conveyor.data.store import Prepared
from conveyor.evaluation import report
from conveyor.evaluation.evaluate import evaluate as evaluate_outputs
from conveyor.evaluation.results import EvaluationInput
from conveyor.paths import Paths
from conveyor.serving import LoadedModel
from conveyor.tracking.find_run import find_training_run
from pipeline import run_script

log = logging.getLogger(__name__)


def evaluate(config: EvaluateConfig, paths: Paths) -> None:
    run = find_training_run(config.name, paths, files.digest_tree(paths.model))
    settings, prepared = config.evaluate, Prepared(paths.prepared)
    train, validation, test = map(prepared.split, ("train", "validation", "test"))
    model = LoadedModel.load(paths.model)
    outputs = model.predict(test.rows, progress=True).outputs
    data = EvaluationInput(model.kind, model.task, train, validation, test, outputs)
    evaluation = evaluate_outputs(data, settings, config.seed)
    report.write(paths.evaluation, evaluation, data, settings)
    files.write_json(paths.metrics, report.headline(evaluation, model.task))
    comparison = evaluation.baseline_comparison
    weak = comparison is not None and not comparison.is_good_enough
    log.log(logging.WARNING if weak else logging.INFO, "%s",
            report.describe_comparison(evaluation, model.task))  # fmt: skip
    run.log_evaluation(
        paths.evaluation,
        report.compared_scores(evaluation, model.task),
        sentence=report.summarize(evaluation, data, settings.confidence),
        baseline=comparison and comparison.relation,
    )


if __name__ == "__main__":
    run_script(lambda args: evaluate(load(EvaluateConfig), Paths()), __doc__)
