"""Stage `evaluate`: the exported model on the frozen test rows, compared with simple baselines."""

import logging

from conveyor import files
from conveyor.config import EvaluateConfig, load
from conveyor.data.store import Prepared
from conveyor.evaluation import model_card, report
from conveyor.evaluation.evaluate import evaluate as evaluate_outputs
from conveyor.evaluation.results import EvaluationInput
from conveyor.inspection.evaluation_pages import render_pages
from conveyor.paths import Paths
from conveyor.serving import LoadedModel
from conveyor.serving.card import read_card
from conveyor.tracking.find_run import find_training_run
from pipeline import run_script

log = logging.getLogger(__name__)


def evaluate(config: EvaluateConfig, paths: Paths) -> None:
    digest = files.digest_tree(paths.model)
    run = find_training_run(config.name, paths, digest)
    settings, prepared = config.evaluate, Prepared(paths.prepared)
    train, validation, test = map(prepared.split, ("train", "validation", "test"))
    model = LoadedModel.load(paths.model)
    outputs = model.predict(test.rows, progress=True).outputs
    data = EvaluationInput(model.kind, model.task, train, validation, test, outputs)
    evaluation = evaluate_outputs(data, settings, config.seed)
    worst = evaluation.details["worst"] if settings.worst_rows > 0 else None
    pages = render_pages(paths.model, model, test, worst, digest)
    report.write(paths.evaluation, evaluation, data, settings, pages)
    files.write_json(paths.metrics, report.headline(evaluation, model.task))
    trained = files.read_yaml(paths.model / "config.yaml")
    card = model_card.render(read_card(paths.model), trained, digest, evaluation, data)
    files.write_text(paths.model_card, card)
    comparison = evaluation.baseline_comparison
    weak = comparison is not None and not comparison.is_good_enough
    log.log(logging.WARNING if weak else logging.INFO, "%s",
            report.describe_comparison(evaluation, model.task))  # fmt: skip
    scores = report.compared_scores(evaluation, model.task)
    sentence = report.summarize(evaluation, data, settings.confidence)
    relation = comparison and comparison.relation
    run.log_evaluation(paths.evaluation, scores, sentence=sentence, baseline=relation)


if __name__ == "__main__":
    run_script(lambda args: evaluate(load(EvaluateConfig), Paths()), __doc__)
