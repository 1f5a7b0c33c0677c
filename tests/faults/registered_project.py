"""A project with a registry, and what a test does to it."""

import shutil
from pathlib import Path

from conveyor import files, gates
from conveyor.paths import Paths
from conveyor.registry.model_version import ModelVersion
from conveyor.registry.package import Challenger
from conveyor.registry.registry import Registry
from conveyor.serving.digests import write_digests

YES = gates.Verdict([gates.GateResult("bar: accuracy", True, "meets the bar", {})])
NO = gates.Verdict([gates.GateResult("bar: accuracy", False, "too low", {})])


def register(paths: Paths, verdict: gates.Verdict = YES) -> ModelVersion:
    """Register the project's model as the stage does, with this verdict."""
    registry = Registry("toys", paths)
    version = registry.register(Challenger.read(paths), verdict)
    registry.apply_verdict(version)
    registry.write_verdict(version, verdict)
    return version


def become_another_model(paths: Paths) -> None:
    """Leave the network as it is, and change its card: another artifact."""
    card = files.read_json(paths.model / "card.json")
    files.write_json(paths.model / "card.json", {**card, "flops": card["flops"] + 1})
    write_digests(paths.model)


def copy_project(source: Paths, target: Path) -> Paths:
    shutil.copytree(source.root, target, dirs_exist_ok=True)
    return Paths(target)
