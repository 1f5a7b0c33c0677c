"""What must hold in a clone after any number of kills, once one run was left alone."""

from collections import Counter
from pathlib import Path
from typing import Any

from clone import Clone

TOTAL = "trials_complete", "trials_pruned"
# The champion answers the test rows from the registry, as a server does.
CHAMPION_ANSWERS = """
from conveyor.config import NamedConfig, load
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.registry.model_version import find_version
from conveyor.serving import LoadedModel
paths = Paths()
version = find_version(load(NamedConfig).name, paths, alias="champion")
rows = Prepared(paths.prepared).split("test").rows[:20]
outputs = LoadedModel.load(version.fetch(paths)).predict(rows).outputs
print("ANSWERS", version.version, len(outputs))
"""


def find_problems(clone: Clone, lock: bytes, name: str, versions: int) -> list[str]:
    """What is wrong; nothing if all is well.

    Args:
        lock: dvc.lock of an undisturbed run.
        versions: how many models were registered.
    """
    problems = []
    if (clone.root / "dvc.lock").read_bytes() != lock:
        problems.append("dvc.lock differs from that of an undisturbed run")
    if clone.dvc("status").text.strip() != "Data and pipelines are up to date.":
        problems.append("dvc status finds changes")
    problems += _check_runs(clone, name)
    problems += [f"left behind: {path}" for path in find_leftovers(clone.root)]
    return problems + _check_registry(clone, name, versions)


def find_leftovers(root: Path) -> list[str]:
    """Temporary folders and journals of processes that have ended."""
    temporary = [path for path in root.rglob(".*.tmp*") if ".venv" not in path.parts]
    journals = (root / ".conveyor" / "runs").glob("*")
    return [path.relative_to(root).as_posix() for path in [*temporary, *journals]]


def _check_runs(clone: Clone, name: str) -> list[str]:
    problems = []
    stages = ("sweep", "trial", "repeat", "train", "retrain")
    runs = {stage: clone.runs(stage, name) for stage in stages}
    running = [run.info.run_name for stage in stages for run in runs[stage]
               if run.info.status == "RUNNING"]  # fmt: skip
    if running:
        problems.append(f"RUNNING: {', '.join(running)}")
    ended = Counter(
        run.data.tags["mlflow.parentRunId"] for run in runs["trial"]
        if run.info.status in ("FINISHED", "KILLED")
    )  # fmt: skip
    for sweep in runs["sweep"]:
        if sweep.info.status == "FINISHED":
            counts = ended[sweep.info.run_id], sum(sweep.data.metrics[key] for key in TOTAL)
            total = int(sweep.data.params["trials"])
            if counts != (total, total):
                problems.append(f"{sweep.info.run_name} has {counts} trials, not {total}")
    return problems


def _check_registry(clone: Clone, name: str, versions: int) -> list[str]:
    problems = []
    registered: list[Any] = list(clone.client().search_model_versions(f"name = '{name}'"))
    digests = {version.tags["model_digest"] for version in registered}
    if not len(registered) == len(digests) == versions:
        problems.append(f"{len(registered)} versions of {len(digests)} models, not {versions}")
    problems += [f"the verdict of version {version.version} was not applied"
                 for version in registered if "settled" not in version.tags]  # fmt: skip
    answers = clone.run("python", "-c", CHAMPION_ANSWERS)
    if "ANSWERS" not in answers.text:
        problems.append(f"the champion does not answer: {answers.text[-500:]}")
    return problems
