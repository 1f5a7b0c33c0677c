"""A small project whose store has what a night leaves: a sweep, a training, a champion."""

import yaml
from tracked import start_sweep

from conveyor import files, gates
from conveyor.config import Config
from conveyor.data.store import Prepared
from conveyor.evaluation import report
from conveyor.evaluation.evaluate import evaluate
from conveyor.evaluation.results import EvaluationInput
from conveyor.paths import Paths
from conveyor.registry.evidence import collect_evidence
from conveyor.registry.package import Challenger
from conveyor.registry.registry import Registry
from conveyor.serving import LoadedModel
from conveyor.tracking.find_run import find_training_run
from conveyor.tracking.runs import training_run

PASSED = gates.Verdict([gates.GateResult("bar: accuracy", True, "meets the bar", {})])


def write_config(values: Config, paths: Paths) -> None:
    """Write the resolved configuration, with the search of `tracking_process.py`."""
    content = values.model_dump(mode="json")
    content["sweep"]["space"] = {
        "model.dropout": "interval(0.0, 0.9)",
        "model.units": "choice([8], [4, 4], [16])",
        "train.learning_rate": "tag(log, interval(1e-4, 1e-1))",
    }
    paths.config.parent.mkdir(exist_ok=True)
    paths.config.write_text(yaml.safe_dump(content))


def train_and_promote(values: Config, paths: Paths) -> dict[str, float]:
    """Record the project's model, evaluate it and make it champion. Returns its test metrics."""
    prepared = Prepared(paths.prepared)
    digest = files.digest_tree(paths.model)
    names = {"dataset": prepared.meta.name, "data_digest": prepared.meta.digest}
    with training_run(values, paths, **names) as run:
        run.log_model(paths.model, digest)
    test = prepared.split("test")
    outputs = LoadedModel.load(paths.model).predict(test.rows).outputs
    data = EvaluationInput("series", prepared.task, test, test, test, outputs)
    result = evaluate(data, values.evaluate, seed=1)
    report.write(paths.evaluation, result, data, values.evaluate)
    files.write_json(paths.metrics, report.headline(result, prepared.task))
    find_training_run(values.name, paths, digest).log_evaluation(
        paths.evaluation, report.compared_scores(result, prepared.task),
        sentence=report.summarize(result, data, values.evaluate.confidence), baseline=None,
    )  # fmt: skip
    registry = Registry(values.name, paths)
    with registry.lock:
        evidence = collect_evidence(paths, registry.champion())
        version = registry.register(Challenger.read(paths), PASSED, evidence)
        registry.apply_verdict(version)
    return result.scores


def make_project(paths: Paths, values: Config, trials: int = 6) -> dict[str, float]:
    """Sweep, train, evaluate and register the toys. Returns the champion's test metrics."""
    write_config(values, paths)
    assert start_sweep(paths, "differing", trials).wait() == 0
    return train_and_promote(values, paths)
