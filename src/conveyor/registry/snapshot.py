"""What the store says of the project's model, as plain values: for the page, which then need not
load MLflow after each belt."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from conveyor import files
from conveyor.gates import Verdict
from conveyor.paths import Paths
from conveyor.registry.history import History
from conveyor.registry.model_version import ModelVersion, RegisteredModel
from conveyor.registry.verdict_files import verdict_of
from conveyor.registry.why import describe_origin, rebuild_command, rebuild_steps


def take_snapshot(model: RegisteredModel, digest: str | None, paths: Paths) -> dict[str, Any]:
    """Return the version of a model folder, the verdict on it and its lineage, each None where
    there is none; and the champion with its changes, newest first.

    Args:
        digest: SHA-256 of the model folder; None if there is none.
    """
    versions = model.versions() if digest is not None else []
    version = next((v for v in versions if v.digest == digest), None)
    experiment = model.client.get_experiment_by_name(model.name)
    verdict, champion = version and verdict_of(version), model.champion()
    return {
        "name": model.name,
        "digest": digest,
        "experiment": experiment and experiment.experiment_id,
        "version": version and _describe_version(version),
        "verdict": verdict and _describe_verdict(verdict),
        "lineage": version and {
            "rows": [list(row) for row in describe_origin(version).items()],
            "command": rebuild_command(version.version),
            "steps": rebuild_steps(paths.root, version.tags),
        },
        "champion": champion and _describe_version(champion),
        "changes": [asdict(change) for change in History(model).changes()[::-1]],
    }  # fmt: skip


def write_snapshot(model: RegisteredModel, digest: str, paths: Paths) -> str | None:
    """Write the snapshot into the project; a later move of an alias removes it.

    Returns:
        The version that is champion, if any.
    """
    snapshot = take_snapshot(model, digest, paths)
    files.write_json(paths.registry_snapshot, snapshot)
    champion = snapshot["champion"]
    return None if champion is None else champion["version"]


def _describe_version(version: ModelVersion) -> dict[str, str]:
    day = datetime.fromtimestamp(version.created, UTC).date()
    return {"version": version.version, "run": version.run_id, "day": str(day)}


def _describe_verdict(verdict: Verdict) -> dict[str, Any]:
    results = [
        {"gate": each.gate, "passed": each.passed, "outcome": each.outcome, "reason": each.reason}
        for each in verdict.results
    ]
    return {"promote": verdict.promote, "summary": verdict.summary, "results": results}
