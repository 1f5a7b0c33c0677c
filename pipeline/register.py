"""Stage `register`: the champion on the same test rows, gates, verdict, registry. No TensorFlow."""

import logging

from conveyor import files, gates
from conveyor.config import RegisterConfig
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.registry import verdict_files
from conveyor.registry.evidence import collect_evidence
from conveyor.registry.model_version import CHAMPION, ModelVersion
from conveyor.registry.package import Candidate
from conveyor.registry.promotions import notify_hooks
from conveyor.registry.registry import Registry
from pipeline import run_stage

log = logging.getLogger(__name__)


def register(config: RegisterConfig, paths: Paths) -> None:
    """Register the model folder once, and promote it if every gate passes."""
    registry, candidate = Registry(config.name, paths), Candidate.read(paths)
    with registry.lock:
        version = registry.find_by_digest(candidate.digest)
        if version is None:
            version = judge(registry, candidate, config, paths)
        else:
            log.info("this model is registered already, as version %s", version.version)
        registry.apply_verdict(version)
        is_champion = registry.aliases().get(CHAMPION) == version.version
    notify_hooks(registry, config.hooks)
    log.info("version %s of %s is %s", version.version, config.name,
             "champion" if is_champion else "not the champion")  # fmt: skip
    data_digest = Prepared(paths.prepared).meta.digest
    receipt = {"name": config.name, "model_digest": candidate.digest, "data_digest": data_digest}
    files.write_json(paths.receipt, receipt)


def judge(
    registry: Registry, candidate: Candidate, config: RegisterConfig, paths: Paths
) -> ModelVersion:
    """Ask the gates, register the model with their verdict, and write the verdict's files."""
    evidence = collect_evidence(paths, registry.champion())
    verdict = gates.decide(evidence, config.gates)
    for result in verdict.results:
        log.info("%s: %s", result.gate, result.reason)
    version = registry.register(candidate, verdict)
    verdict_files.write(paths.promotion, version, verdict)
    registry.log_verdict(version)
    return version


if __name__ == "__main__":
    run_stage(register, RegisterConfig, __doc__)
