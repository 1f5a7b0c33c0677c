"""Registering models, and moving an alias."""

from typing import Any

from conveyor import files, gates
from conveyor.paths import Paths
from conveyor.registry.package import Challenger
from conveyor.registry.registry import Registry

YES = gates.Verdict([gates.GateResult("bar: accuracy", True, "meets the bar", {})])


def register(name: str, paths: Paths, kind: str, example: Any) -> None:
    """Register a project's model, which becomes the champion."""
    registry = Registry(name, paths)
    challenger = Challenger(paths.model, files.digest_tree(paths.model), kind, example, "digest")
    registry.apply_verdict(registry.register(challenger, YES))


def point(paths: Paths, version: int) -> None:
    """Move the toys' champion by hand."""
    client = Registry("toys", paths).client
    client.set_registered_model_alias("toys", "champion", str(version))
