"""Makes a version again from its git revision and its data, and compares it byte by byte."""

import logging
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml
from mlflow.exceptions import MlflowException

from conveyor import files
from conveyor.config.load import flatten
from conveyor.environment import path_with_python
from conveyor.errors import InputError
from conveyor.git import GitError, find_repository, git
from conveyor.paths import Paths
from conveyor.progress import show_clock
from conveyor.registry import lineage
from conveyor.registry.registry import Registry
from conveyor.stage_log import STAGES, read_stage_runs
from conveyor.sweep.best import BEST

log = logging.getLogger(__name__)

# The clone uses stores of its own.
STORE_VARIABLES = ("MLFLOW_TRACKING_URI", "DVC_ROOT", "PYTHONPATH")


LAST_STAGE = "train"  # which makes the model folder
RUNNING = re.compile(r"Running stage '(\w+)'")  # DVC's line


class RebuildError(RuntimeError):
    """A command of the rebuild failed; the message holds its output."""


def rebuild(registry: Registry, version: str) -> bool:
    """Reproduce a version in a temporary clone.

    Where the search was one of earlier inputs, which would now find something else, it is not
    repeated: the stage train gets the parameters that the version was trained with.

    Returns:
        Whether the new model folder has the version's digest. If not, the files that differ are
        logged.

    Raises:
        InputError: there is no such version, or its origin was not recorded.
        RebuildError: a command failed.
    """
    original, root = registry.version(version), registry.paths.root.absolute()
    revision = original.tags.get(lineage.REVISION)
    if revision is None or not original.digest:
        raise InputError(f"version {version} of {registry.name} was registered outside a git "
                         "repository, so its sources are not recorded")  # fmt: skip
    with (
        tempfile.TemporaryDirectory(prefix="rebuild-") as folder,
        show_clock(f"rebuilding version {version}", _seconds_before(registry.paths)) as show_step,
    ):
        clone = Path(folder) / "clone"
        show_step("git clone")
        project = _clone(root, clone, revision)
        _apply_patch(registry, original.tags, clone)
        _get_data(root, project)
        if original.tags.get(lineage.SEARCH) == lineage.EARLIER:
            _run_dvc(project, "repro", "--force", "prepare", show_step=show_step)
            write_best(original.fetch(registry.paths), Paths(project).sweep)
            _run_dvc(project, "repro", "--force", "--single-item", LAST_STAGE, show_step=show_step)
        else:
            _run_dvc(project, "repro", "--force", LAST_STAGE, show_step=show_step)
        model = Paths(project).model
        if files.digest_tree(model) == original.digest:
            log.info("version %s was rebuilt with equal bytes: %s", version, original.digest)
            return True
        different = ", ".join(compare_folders(original.fetch(registry.paths), model))
        log.error("version %s was NOT rebuilt with equal bytes; these differ: %s",
                  version, different)  # fmt: skip
    return False


def _seconds_before(paths: Paths) -> float | None:
    """Return the seconds that the stages of a rebuild last took in this folder; None if one of them
    never ran here."""
    runs = read_stage_runs(paths)
    stages = STAGES[: STAGES.index(LAST_STAGE) + 1]
    seconds = [run.seconds for stage in stages if (run := runs.get(stage)) and run.seconds]
    return sum(seconds) if len(seconds) == len(stages) else None


def write_best(model: Path, folder: Path) -> None:
    """Write best.yaml as if a search had found what a model was trained with.

    Args:
        model: its folder.
        folder: of the stage sweep.
    """
    config = files.read_yaml(model / "config.yaml")
    searched = {name: values for name, values in config.items() if isinstance(values, Mapping)}
    files.write_text(folder / BEST, yaml.safe_dump({"params": flatten(searched)}))


def compare_folders(folder: Path, other: Path) -> list[str]:
    """Names of files that differ between two folders, or are in one of them only."""
    differences = files.digest_files(folder).items() ^ files.digest_files(other).items()
    return sorted({name for name, digest in differences})


def _clone(root: Path, target: Path, revision: str) -> Path:
    """Clone the repository at a revision. Returns the project's folder in it."""
    repository = find_repository(root)
    if repository is None:
        raise InputError(f"{root} is in no git repository, so nothing can be cloned")
    git(root, "clone", "--quiet", "--no-checkout", str(repository.top), str(target))
    try:
        git(target, "checkout", "--quiet", "--detach", revision)
    except GitError:
        raise InputError(f"git revision {revision} is in no branch of this repository any more; "
                         "fetch it, or restore its branch") from None  # fmt: skip
    return target / repository.prefix


def _apply_patch(registry: Registry, tags: Mapping[str, str], clone: Path) -> None:
    """Apply how the sources differed from the revision when the version was registered."""
    digest = tags.get(lineage.PATCH_DIGEST, lineage.NO_PATCH)
    if digest == lineage.NO_PATCH:
        return
    run_id = tags[lineage.TRAIN_RUN]
    if digest.startswith(lineage.NOT_KEPT):
        raise InputError(
            f"{lineage.PATCH} of run {run_id}: expected the uncommitted changes; got {digest}. "
            "Rebuild a version that was trained on committed files."
        )
    try:
        patch = Path(registry.client.download_artifacts(run_id, lineage.PATCH))
    except (MlflowException, OSError) as error:
        raise InputError(
            f"{lineage.PATCH} of run {run_id}: expected the uncommitted changes; got none "
            f"({str(error).splitlines()[0]}). Restore the run and its artifacts in MLflow."
        ) from None
    if files.digest_file(patch) != digest:
        raise InputError(f"{lineage.PATCH} of run {run_id}: expected the digest {digest}; the "
                         "artifacts of the run were changed")  # fmt: skip
    git(clone, "apply", "--whitespace=nowarn", str(patch.absolute()))


def _get_data(root: Path, project: Path) -> None:
    """Check out what DVC tracks, such as imports, from the original project's DVC cache, else from
    its remote."""
    tracked = sorted(Paths(project).data.rglob("*.dvc"))
    imports = [str(path.relative_to(project)) for path in tracked]
    if not imports:
        return
    _run_dvc(project, "cache", "dir", "--local", _run_dvc(root, "cache", "dir"))
    try:
        _run_dvc(project, "checkout", *imports)
    except RebuildError:
        _run_dvc(project, "pull", *imports)


def _run_dvc(
    folder: Path, *arguments: str, show_step: Callable[[str], None] = lambda step: None
) -> str:
    """Run DVC with this environment's Python, and return what it writes; `show_step` is called with
    the name of each stage that begins."""
    environment = {name: value for name, value in os.environ.items() if name not in STORE_VARIABLES}
    lines = []
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "dvc", *arguments], cwd=folder, text=True,
            env={**environment, "PATH": path_with_python()}, stdout=subprocess.PIPE, stderr=errors,
        ) as process,
    ):  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if stage := RUNNING.match(line):
                show_step(stage[1])
        if process.wait() != 0:
            errors.seek(0)
            raise RebuildError(f"`dvc {' '.join(arguments)}` failed in {folder}:\n"
                               f"{''.join(lines)[-3000:]}{errors.read()[-3000:]}")  # fmt: skip
    return "".join(lines).strip()
