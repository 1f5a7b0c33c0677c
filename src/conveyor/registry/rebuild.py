"""A version made again from its git revision and its data, and compared byte by byte."""

import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from conveyor import files
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.registry import lineage
from conveyor.registry.champion import fetch
from conveyor.registry.promotions import find_version
from conveyor.registry.registry import Registry
from conveyor.tracking.runs import MODEL_DIGEST

log = logging.getLogger(__name__)

SAME, DIFFERENT = 0, 1
STORES = ("MLFLOW_TRACKING_URI", "DVC_ROOT", "PYTHONPATH")  # the clone keeps its records to itself


class RebuildError(RuntimeError):
    """A command of the rebuild failed; its own output tells why."""


def rebuild(registry: Registry, version: str) -> int:
    """Reproduce a version in a temporary clone.

    Returns:
        0 if its model folder has the version's digest; 1 if not, and what differs is logged.

    Raises:
        InputError: there is no such version, or its origin was not recorded.
        RebuildError: a command failed.
    """
    tags, root = find_version(registry, version).tags, registry.paths.root.absolute()
    revision, wanted = tags.get(lineage.REVISION), tags.get(MODEL_DIGEST)
    if revision is None or wanted is None:
        raise InputError(f"version {version} of {registry.name} was registered outside a git "
                         "repository, so nothing says what it was made of")  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="rebuild-") as folder:
        clone = _clone(root, Path(folder) / "clone", revision)
        _apply_patch(registry, tags, clone)
        _bring_data(root, clone)
        _dvc(clone, "repro", "--force", "train")
        made = Paths(clone).model
        if files.digest_tree(made) == wanted:
            log.info("version %s was made again, to the byte: %s", version, wanted)
            return SAME
        found = differences(fetch(registry.name, version, registry.paths), made)
        log.error("version %s was NOT made again; different are: %s", version, ", ".join(found))
    return DIFFERENT


def differences(one: Path, other: Path) -> list[str]:
    """Names of files that two folders do not have alike."""
    digests = [
        {path.relative_to(folder).as_posix(): files.digest_file(path)
         for path in folder.rglob("*") if path.is_file()}
        for folder in (one, other)
    ]  # fmt: skip
    names = sorted(digests[0].keys() | digests[1].keys())
    return [name for name in names if digests[0].get(name) != digests[1].get(name)]


def _clone(root: Path, to: Path, revision: str) -> Path:
    """The project's folder in a clone at the revision; it may lie deeper in its repository."""
    top, prefix = (_git(root, "rev-parse", what) for what in ("--show-toplevel", "--show-prefix"))
    _git(root, "clone", "--quiet", "--no-checkout", top, str(to))
    try:
        _git(to, "checkout", "--quiet", "--detach", revision)
    except RebuildError:
        raise InputError(f"git revision {revision} is in no branch of this repository any more; "
                         "fetch it, or restore its branch") from None  # fmt: skip
    return to / prefix


def _apply_patch(registry: Registry, tags: dict[str, str], clone: Path) -> None:
    """What the sources differed by from the revision when the version was registered."""
    digest = tags.get(lineage.PATCH_DIGEST, lineage.NO_PATCH)
    if digest == lineage.NO_PATCH:
        return
    run_id = tags[lineage.TRAIN_RUN]
    patch = Path(registry.client.download_artifacts(run_id, lineage.PATCH))
    if files.digest_file(patch) != digest:
        raise InputError(f"{lineage.PATCH} of run {run_id} is not the one that was kept; the "
                         "artifacts of the run were changed")  # fmt: skip
    top = _git(clone, "rev-parse", "--show-toplevel")
    _git(Path(top), "apply", "--whitespace=nowarn", str(patch.absolute()))


def _bring_data(root: Path, clone: Path) -> None:
    """Imported data come from the project's DVC cache, else from its remote."""
    imported = [str(path.relative_to(clone)) for path in sorted(Paths(clone).raw.rglob("*.dvc"))]
    if not imported:
        return
    _dvc(clone, "cache", "dir", "--local", _dvc(root, "cache", "dir"))
    try:
        _dvc(clone, "checkout", *imported)
    except RebuildError:
        _dvc(clone, "pull", *imported)


def _git(folder: Path, *arguments: str) -> str:
    return _command(folder, "git", *arguments)


def _dvc(folder: Path, *arguments: str) -> str:
    return _command(folder, sys.executable, "-m", "dvc", *arguments)


def _command(folder: Path, *command: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in STORES}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(command, cwd=folder, env={**kept, "PATH": path}, text=True,
                          capture_output=True, check=False)  # fmt: skip
    if done.returncode != 0:
        raise RebuildError(f"`{' '.join(command)}` failed in {folder}:\n{done.stdout[-3000:]}"
                           f"{done.stderr[-3000:]}")  # fmt: skip
    return done.stdout.strip()
