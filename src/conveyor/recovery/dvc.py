"""Restores the files that DVC writes in place, which a kill can leave half-written.

DVC cannot read a half-written dvc.lock or rwlock, so that each later command would fail. This
module copies every whole dvc.lock, and puts the copy back when it finds the file damaged.
"""

import os
from pathlib import Path
from typing import Any

import yaml

from conveyor import files
from conveyor.git import GitError, git
from conveyor.held_lock import lock_if_free
from conveyor.paths import Paths

STAGE_VARIABLE = "DVC_STAGE"  # DVC sets it for the command of a stage
LOCK_SCHEMA = "2.0"
# Types of the values that DVC writes for an output or a dependency.
OUT = {"path": str, "hash": str, "md5": str, "size": int, "nfiles": int, "isexec": bool}
CONFLICT = b"\n<<<<<<< "  # git's mark


def check_dvc_files(paths: Paths) -> list[str]:
    """Restore a damaged dvc.lock, or else copy it; and remove a damaged rwlock.

    The damaged dvc.lock stays in the scratch folder as dvc.lock.damaged. Nothing is changed while a
    DVC command holds its lock, since it may be writing these files, and inside a stage, whose DVC
    has read them already.

    Returns:
        One line for each file that was damaged.
    """
    folder = paths.root / ".dvc" / "tmp"
    if not folder.is_dir():
        return []
    with lock_if_free(folder / "lock") as lock:  # DVC takes it with flock too
        if lock is None:
            return []
        if os.environ.get(STAGE_VARIABLE):
            keep_lock(paths)
            return []
        return [*_restore_lock(paths), *_remove_rwlock(folder)]


def keep_lock(paths: Paths) -> None:
    """Copy a dvc.lock that is whole, for `check_dvc_files`."""
    if paths.dvc_lock.is_file():
        content = paths.dvc_lock.read_bytes()
        copy = paths.dvc_lock_copy
        is_new = not copy.is_file() or copy.read_bytes() != content
        if is_new and is_whole(content):
            files.write_bytes(copy, content)


def is_whole(content: bytes) -> bool:
    """Whether DVC can read this content of a dvc.lock, and it does not end within a line.

    >>> is_whole(b"schema: '2.0'\\nstages:\\n  a:\\n    cmd: x\\n    outs:\\n    - path: y\\n")
    True
    >>> is_whole(b"schema: '2.0'\\nstages:\\n  a:\\n    cmd: x\\n    outs:\\n    - path:")
    False
    """
    # A last line such as `size: 123` or `md5: …` may be half of one, and none of its values tells.
    # So a whole file whose last line feed an editor has cut off is taken for damaged too: the copy
    # of the same content takes its place.
    if not content.endswith(b"\n"):
        return False
    try:
        value = yaml.load(content, yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError):
        return False
    if not isinstance(value, dict) or value.get("schema") != LOCK_SCHEMA:
        return False
    stages = value.get("stages", {})
    return isinstance(stages, dict) and all(map(_is_stage, stages.values()))


def _is_stage(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("cmd"), str | list):
        return False
    outs, params = [entry.get("deps", []), entry.get("outs", [])], entry.get("params", {})
    return (
        all(isinstance(part, list) for part in outs)
        and all(isinstance(out, dict) and _is_out(out) for part in outs for out in part)
        and isinstance(params, dict)
        and all(isinstance(values, dict) for values in params.values())
    )


def _is_out(out: dict[str, Any]) -> bool:
    return "path" in out and all(isinstance(out[k], kind) for k, kind in OUT.items() if k in out)


def _restore_lock(paths: Paths) -> list[str]:
    lock, copy = paths.dvc_lock, paths.dvc_lock_copy
    content = lock.read_bytes() if lock.is_file() else None
    if content is None or is_whole(content):
        keep_lock(paths)
        return []
    if CONFLICT in content:  # a merge that a person is about to finish
        return []
    committed = _committed(lock)
    files.write_bytes(copy.with_name("dvc.lock.damaged"), content)
    if copy.is_file() and is_whole(copy.read_bytes()):
        files.write_bytes(lock, copy.read_bytes())
        return [f"{lock} was half-written; restored the copy of the last whole one"]
    if committed is not None and is_whole(committed):
        files.write_bytes(lock, committed)
        return [f"{lock} was half-written; restored the last commit's"]
    lock.unlink()
    return [f"{lock} was half-written and there is no copy; removed it: `dvc repro` makes it anew"]


def _committed(path: Path) -> bytes | None:
    """The file's content in the last commit; None outside git, or where it is not committed."""
    try:
        return git(path.parent, "show", f"HEAD:./{path.name}").encode(errors="surrogateescape")
    except GitError:
        return None


def _remove_rwlock(folder: Path) -> list[str]:
    """Remove a half-written list of the files that DVC's running commands use."""
    path = folder / "rwlock"
    with lock_if_free(folder / "rwlock.lock") as lock:
        if lock is None or not path.is_file():
            return []
        try:
            files.read_json(path)
        except ValueError:
            path.unlink()
            return [f"{path} was half-written; removed it"]
    return []
