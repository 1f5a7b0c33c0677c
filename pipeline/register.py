"""Stage `register`: the champion on the same test rows, gates, verdict, registry. No TensorFlow."""

import logging

import numpy as np

from conveyor import files, gates
from conveyor.config import Config, load
from conveyor.data.store import Prepared
from conveyor.gates import report
from conveyor.metrics import BASELINE, score_all
from conveyor.paths import Paths
from conveyor.serving import Predictor
from conveyor.tracking.registry import CHAMPION, Registry
from pipeline import stage

log = logging.getLogger(__name__)


def register(config: Config, paths: Paths) -> None:
    """Register the model folder once, and promote it if every gate passes."""
    registry, digest = Registry(config.name, paths), files.digest_tree(paths.model)
    prepared = Prepared(paths.prepared)
    with registry.lock:
        known = registry.find(digest)
        if known is None:
            verdict = gates.decide(_case(registry, prepared, paths), config.gates)
            known = registry.register(prepared.meta.kind, prepared.split("test").rows[0], verdict)
            report.write(paths.promotion, config.name, known.version, verdict)
            for result in verdict.results:
                log.info("%s: %s", result.gate, result.reason)
        registry.settle(known)
        serving = registry.aliases().get(CHAMPION)
        state = "champion" if serving == str(known.version) else "not the champion"
    log.info("version %s of %s is %s", known.version, config.name, state)
    receipt = {"name": config.name, "model_digest": digest, "data_digest": prepared.meta.digest}
    files.write_json(paths.receipt, receipt)


def _case(registry: Registry, prepared: Prepared, paths: Paths) -> gates.Case:
    ours, test, champion = Predictor.load(paths.model), prepared.split("test"), registry.champion()
    labels, answers = np.asarray(test.labels), ours.predict(test.rows).probabilities
    name = theirs = None
    if champion is not None:
        name = f"version {champion.version}, the champion,"
        theirs = Predictor.load(champion.model).predict_as(ours.classes, ours.kind, test.rows)
    simple = files.read_json(paths.metrics).get(BASELINE)
    return gates.Case(labels, answers, theirs, name, score_all(labels, answers), simple)


if __name__ == "__main__":
    with stage("register"):
        register(load("name", "gates"), Paths())
