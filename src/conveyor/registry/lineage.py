"""Where a version comes from, as tags: enough to make it again."""

import hashlib
import logging
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from conveyor import files
from conveyor.paths import Paths
from conveyor.tracking.provenance import dvc_tags, git_tags
from conveyor.tracking.runs import DATA_DIGEST, MODEL_DIGEST
from conveyor.tracking.store import Tracking

log = logging.getLogger(__name__)

CONFIG_DIGEST, LOCK_DIGEST, TRAIN_RUN = "config_digest", "dvc_lock_digest", "train_run"
REVISION, PATCH_DIGEST, PATCH = "git.revision", "source_patch", "lineage/source.patch"
NO_PATCH = "none"
REGISTERS = "register"  # the stage whose entry in dvc.lock is written after the registration
LARGEST_PATCH = 20_000_000  # bytes


def lineage(paths: Paths, run_id: str) -> dict[str, str]:
    """Digests of model, data, configuration and dvc.lock; git revision; train run.

    dvc.lock is taken without the stage that registers, so that the digest is that of the file
    which is committed afterwards, too.
    """
    tags = {
        MODEL_DIGEST: files.digest_tree(paths.model),
        DATA_DIGEST: files.read_json(paths.model / "card.json")["data_digest"],
        CONFIG_DIGEST: files.digest_file(paths.model / "config.yaml"),
        TRAIN_RUN: run_id,
        **git_tags(paths.root),
        **dvc_tags(paths.root),
    }
    lock = paths.root / "dvc.lock"
    if lock.is_file():
        tags[LOCK_DIGEST] = lock_digest(lock)
    return tags


def lock_digest(lock: Path) -> str:
    """SHA-256 of what dvc.lock says of the stages before the registration, in hex."""
    stages = (files.read_yaml(lock) or {}).get("stages", {})
    return files.digest_value({name: stages[name] for name in stages if name != REGISTERS})


def keep_patch(tracking: Tracking, run_id: str, root: Path) -> dict[str, str]:
    """Keep what the sources differ by from their git revision in the train run.

    A model is most often trained before its settings are committed; without the difference its
    revision alone could not make it again.

    Returns:
        A tag: the patch's SHA-256, "none", or nothing outside a git repository.
    """
    patch = source_patch(root)
    if patch is None:
        return {}
    if not patch:
        return {PATCH_DIGEST: NO_PATCH}
    if len(patch) > LARGEST_PATCH:
        return {PATCH_DIGEST: f"not kept: {len(patch)} bytes"}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / Path(PATCH).name
        file.write_bytes(patch)
        tracking.client.log_artifact(run_id, str(file), str(Path(PATCH).parent))
    return {PATCH_DIGEST: hashlib.sha256(patch).hexdigest()}


def source_patch(root: Path) -> bytes | None:
    """The difference of all files that git would keep from HEAD, but for what stages write.

    Returns:
        A binary patch, empty where nothing differs; None outside a git repository.
    """
    # An index of its own takes new files in without touching the person's.
    with tempfile.TemporaryDirectory() as folder:
        own = {**os.environ, "GIT_INDEX_FILE": str(Path(folder) / "index")}
        skipped = [f":(exclude){path}" for path in ["dvc.lock", *_outputs(root)]]
        for command in (["read-tree", "HEAD"], ["add", "--all", "."]):
            done = subprocess.run(["git", *command], cwd=root, env=own, check=False, text=True,
                                  capture_output=True)  # fmt: skip
            if done.returncode:
                log.warning("no source patch is kept, git said: %s", done.stderr.strip())
                return None
        command = ["git", "diff", "--cached", "--binary", "HEAD", "--", ".", *skipped]
        return subprocess.run(command, cwd=root, env=own, check=True, capture_output=True).stdout


def _outputs(root: Path) -> list[str]:
    """Every path that a stage of dvc.yaml writes."""
    path = root / "dvc.yaml"
    stages = files.read_yaml(path)["stages"] if path.is_file() else {}
    outs = [out for stage in stages.values() for kind in ("outs", "metrics", "plots")
            for out in stage.get(kind, [])]  # fmt: skip
    return [next(iter(out)) if isinstance(out, dict) else out for out in outs]


def lineage_of(tags: Mapping[str, str]) -> dict[str, str]:
    """The part of a version's tags that says where it comes from."""
    kept = (
        MODEL_DIGEST,
        DATA_DIGEST,
        CONFIG_DIGEST,
        LOCK_DIGEST,
        REVISION,
        PATCH_DIGEST,
        TRAIN_RUN,
    )
    return {name: tags[name] for name in kept if name in tags}
