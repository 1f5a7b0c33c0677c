"""Where a version comes from, as tags that suffice to make it again."""

import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conveyor import files
from conveyor.config.load import flatten
from conveyor.git import GitError, git, has_commit
from conveyor.paths import Paths
from conveyor.tracking.provenance import dvc_tags, git_tags, lock_entries
from conveyor.tracking.runs import DATA_DIGEST, MODEL_DIGEST
from conveyor.tracking.store import Tracking

log = logging.getLogger(__name__)

CONFIG_DIGEST, LOCK_DIGEST, TRAIN_RUN = "config_digest", "dvc_lock_digest", "train_run"
REVISION, PATCH_DIGEST, PATCH = "git.revision", "source_patch", "lineage/source.patch"
INITIAL_WEIGHTS, SCRATCH = "initial_weights", "scratch"  # or the digest of the model that gave them
SEARCH, OWN, EARLIER = "search", "of these inputs", "of earlier inputs"  # a tag and its values
NO_PATCH, NOT_KEPT = "none", "not kept"  # values of PATCH_DIGEST without a patch
NO_COMMIT = (
    "the sources are not logged: expected a git repository with a commit; got none. Commit the "
    "project, so that its versions can be made again"
)
LINEAGE = {  # the tags of a version that say where it comes from, by their titles
    "train run": TRAIN_RUN,
    "model digest": MODEL_DIGEST,
    "first weights": INITIAL_WEIGHTS,
    "search": SEARCH,
    "config digest": CONFIG_DIGEST,
    "data digest": DATA_DIGEST,
    "dvc.lock": LOCK_DIGEST,
    "git revision": REVISION,
    "source patch": PATCH_DIGEST,
}
REGISTER_STAGE = "register"  # DVC writes its entry after the registration
LARGEST_PATCH = 20_000_000  # bytes
# Names of files that usually hold a secret, which people forget to ignore.
SECRET_FILES = (".env*", "*.env", ".netrc", ".pgpass", "*.key", "*.pem", "*.p12", "*.token",
                "token", "id_rsa*", "id_ed25519*", "credentials*.json")  # fmt: skip


def collect_lineage(paths: Paths, run_id: str, model_digest: str) -> dict[str, str]:
    """Digests of model, data, configuration and dvc.lock; git revision; training run; search.

    The digest of dvc.lock leaves the stage `register` out, so it equals that of the file which is
    committed after the registration.
    """
    card = files.read_json(paths.model / "card.json")
    tags = {
        MODEL_DIGEST: model_digest,
        DATA_DIGEST: card["data_digest"],
        INITIAL_WEIGHTS: card.get(INITIAL_WEIGHTS) or SCRATCH,
        CONFIG_DIGEST: files.digest_file(paths.model / "config.yaml"),
        TRAIN_RUN: run_id,
        **git_tags(paths.root),
        **dvc_tags(paths.root),
    }
    entries = lock_entries(paths.root)
    if entries:
        tags[SEARCH] = EARLIER if _is_search_earlier(entries) else OWN
        entries.pop(REGISTER_STAGE, None)
        tags[LOCK_DIGEST] = files.digest_value(entries)
    return tags


def _is_search_earlier(entries: Mapping[str, Any]) -> bool:
    """Whether the training had other inputs than the last search, as with `retrain.sweep: skip`."""
    search, training = (_inputs(entries.get(stage, {})) for stage in ("sweep", "train"))
    return any(search[name] != training[name] for name in search.keys() & training.keys())


def _inputs(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a stage in dvc.lock: the hash of each file, the value of each setting."""
    hashes = {dependency["path"]: dependency.get("md5") for dependency in entry.get("deps", [])}
    return hashes | flatten(entry.get("params", {}))


def log_patch(tracking: Tracking, run_id: str, root: Path) -> dict[str, str]:
    """Log how the sources differ from their git revision under the training run.

    Most models are trained before their settings are committed, and then the revision alone
    cannot reproduce them.

    Returns:
        A tag: the patch's SHA-256, "none", or "not kept: N bytes" above LARGEST_PATCH; no tag
        without a commit.
    """
    with tempfile.TemporaryDirectory() as folder:
        patch = Path(folder) / Path(PATCH).name
        if not write_patch(root, patch):
            return {}
        size = patch.stat().st_size
        if size == 0:
            return {PATCH_DIGEST: NO_PATCH}
        if size > LARGEST_PATCH:
            return {PATCH_DIGEST: f"{NOT_KEPT}: {size} bytes"}
        tracking.client.log_artifact(run_id, str(patch), str(Path(PATCH).parent))
        return {PATCH_DIGEST: files.digest_file(patch)}


def write_patch(root: Path, patch: Path) -> bool:
    """Write the difference between the project's files and HEAD, in binary form.

    It covers tracked and new files below `root`, without ignored files, files that usually hold a
    secret, dvc.lock and the outputs of stages. The file is empty where nothing differs.

    Returns:
        False, with a warning, where git cannot compare them.
    """
    if not has_commit(root):
        log.warning(NO_COMMIT)
        return False
    # A separate index includes new files without touching the user's index.
    env = {**os.environ, "GIT_INDEX_FILE": str(patch.with_name("index"))}
    secret = [f":(exclude,glob,icase)**/{name}" for name in SECRET_FILES]
    excluded = [*secret, *(f":(exclude){path}" for path in ["dvc.lock", *_stage_outputs(root)])]
    diff = ["diff", "--cached", "--binary", f"--output={patch}", "HEAD", "--", ".", *excluded]
    try:
        for command in (["read-tree", "HEAD"], ["add", "--all", "--", ".", *secret], diff):
            git(root, *command, env=env)
    except GitError as error:
        log.warning("the source patch is not logged: %s", error)
        return False
    return True


def _stage_outputs(root: Path) -> list[str]:
    """All paths that stages of dvc.yaml write."""
    path = root / "dvc.yaml"
    stages = files.read_yaml(path)["stages"] if path.is_file() else {}
    outs = [out for stage in stages.values() for kind in ("outs", "metrics", "plots")
            for out in stage.get(kind, [])]  # fmt: skip
    return [next(iter(out)) if isinstance(out, dict) else out for out in outs]
