"""Stage `register`: the champion on the same test rows, gates, verdict, registry. No TensorFlow."""

import logging

from conveyor import files, gates
from conveyor.config import Gates, RegisterConfig, load
from conveyor.paths import Paths
from conveyor.registry.champion import restore_champion
from conveyor.registry.evidence import collect_evidence
from conveyor.registry.model_version import ModelVersion
from conveyor.registry.package import Challenger
from conveyor.registry.promotions import notify_hooks
from conveyor.registry.registry import Registry
from conveyor.registry.snapshot import write_snapshot
from pipeline import run_script

log = logging.getLogger(__name__)


def register(config: RegisterConfig, paths: Paths) -> None:
    """Register the model folder once, and promote it if every gate passes.

    A champion that was lost is restored before.
    """
    registry, challenger = Registry(config.name, paths), Challenger.read(paths)
    with registry.lock:
        champion = restore_champion(registry)
        version = registry.find_by_digest(challenger.digest)
        if version is None:
            version = judge(registry, challenger, champion, config.gates)
        else:
            registry.rewrite_verdict(version)
        registry.apply_verdict(version)
    notify_hooks(registry, config.hooks)
    serving = write_snapshot(registry, challenger.digest, paths)
    state = "champion" if serving == version.version else "not the champion"
    log.info("version %s of %s is %s", version.version, config.name, state)
    files.write_json(paths.receipt, challenger.receipt(config.name))


def judge(
    registry: Registry, challenger: Challenger, champion: ModelVersion | None, config: Gates
) -> ModelVersion:
    """Ask the gates, register the model with their verdict, and write the verdict's files."""
    evidence = collect_evidence(registry.paths, champion)
    verdict = gates.decide(evidence, config)
    for line in verdict.lines:
        log.info("%s", line)
    version = registry.register(challenger, verdict, evidence)
    registry.write_verdict(version, verdict)
    return version


if __name__ == "__main__":
    run_script(lambda args: register(load(RegisterConfig), Paths()), __doc__)
