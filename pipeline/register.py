"""Stage `register`: the champion on the same test rows, gates, verdict, registry. No TensorFlow."""

import logging

from conveyor import files, gates
from conveyor.config import Config, load
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.registry import verdict_report
from conveyor.registry.evidence import collect_evidence
from conveyor.registry.lineage import lineage_of
from conveyor.registry.promotions import announce
from conveyor.registry.registry import CHAMPION, Registry
from pipeline import stage

log = logging.getLogger(__name__)


def register(config: Config, paths: Paths) -> None:
    """Register the model folder once, and promote it if every gate passes."""
    registry, digest = Registry(config.name, paths), files.digest_tree(paths.model)
    prepared = Prepared(paths.prepared)
    with registry.lock:
        known = registry.find(digest)
        if known is None:
            verdict = gates.decide(_case(registry, paths), config.gates)
            known = registry.register(prepared.meta.kind, prepared.split("test").rows[0], verdict)
            origin = lineage_of(known.tags)
            verdict_report.write(paths.promotion, config.name, str(known.version), verdict, origin)
            registry.keep_verdict(known)
            for result in verdict.results:
                log.info("%s: %s", result.gate, result.reason)
        else:
            log.info("this model is registered already, as version %s", known.version)
        registry.settle(known)
        serving = registry.aliases().get(CHAMPION)
        state = "champion" if serving == str(known.version) else "not the champion"
    announce(registry, config.hooks)
    log.info("version %s of %s is %s", known.version, config.name, state)
    receipt = {"name": config.name, "model_digest": digest, "data_digest": prepared.meta.digest}
    files.write_json(paths.receipt, receipt)


def _case(registry: Registry, paths: Paths) -> gates.Evidence:
    champion = registry.champion()
    if champion is None:
        return collect_evidence(paths, None, None)
    return collect_evidence(paths, champion.model, f"version {champion.version}, the champion,")


if __name__ == "__main__":
    with stage("register"):
        register(load("name", "gates", "hooks"), Paths())
