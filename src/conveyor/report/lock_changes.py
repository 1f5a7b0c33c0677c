"""Why dvc.lock differs from the last commit, where nobody changed an input."""

from typing import Any

import yaml

from conveyor import files
from conveyor.git import GitError, git
from conveyor.paths import Paths

Stages = dict[str, Any]  # entries of dvc.lock by stage


def explain_lock_changes(paths: Paths) -> str | None:
    """Return a line on the stages whose outputs differ from the last commit's, although command,
    settings and inputs are the same; None where there is none, or an input has changed too."""
    if not paths.dvc_lock.is_file():
        return None
    try:
        committed = yaml.safe_load(git(paths.root, "show", f"HEAD:./{paths.dvc_lock.name}"))
    except (GitError, yaml.YAMLError):  # no commit holds one
        return None
    before: Stages = (committed or {}).get("stages") or {}
    now: Stages = files.read_yaml(paths.dvc_lock).get("stages") or {}
    outputs = {out["path"] for entry in now.values() for out in entry.get("outs", [])}
    changed = [stage for stage in now if now[stage] != before.get(stage)]
    if any(_inputs(now[stage], outputs) != _inputs(before.get(stage, {}), outputs)
           for stage in changed):  # fmt: skip
        return None
    origins = [stage for stage in changed if now[stage].get("deps") == before[stage].get("deps")]
    if not origins:
        return None
    return (
        f"dvc.lock differs from the last commit and no input does: {' and '.join(origins)} gave "
        "other bytes than there, as another processor or a GPU does. Commit it to keep the results "
        "of this machine; nothing depends on it here"
    )


def _inputs(entry: dict[str, Any], outputs: set[str]) -> Any:
    """Return what a stage reads beside the outputs of others, and its command."""
    deps = [dep for dep in entry.get("deps", []) if dep["path"] not in outputs]
    return entry.get("cmd"), deps, entry.get("params")
