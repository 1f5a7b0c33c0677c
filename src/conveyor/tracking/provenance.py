"""Where a run comes from: code, data, configuration, process."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import psutil

from conveyor import files
from conveyor.git import GitError, changed_files, git
from conveyor.paths import Paths

HOST, PID, BEGAN, BOOT = "process.host", "process.pid", "process.began", "process.boot"
PROCESS = (HOST, PID, BEGAN, BOOT)


def git_tags(root: Path) -> dict[str, str]:
    """Revision, and whether the project's tracked files differ from it; nothing outside git."""
    try:
        revision, changed = git(root, "rev-parse", "HEAD").strip(), changed_files(root)
    except GitError:
        return {}
    return {"git.revision": revision, "git.changed": json.dumps(bool(changed))}


def lock_entries(root: Path) -> dict[str, Any]:
    """The entry of each stage in dvc.lock; empty before the first `dvc repro`."""
    path = Paths(root).dvc_lock
    return (files.read_yaml(path) or {}).get("stages", {}) if path.is_file() else {}


def dvc_tags(root: Path) -> dict[str, str]:
    """The hash of each output in dvc.lock; outputs of stages that have not run yet are missing."""
    return {
        f"dvc.{stage}.{Path(out['path']).name}": out["md5"]
        for stage, entry in lock_entries(root).items()
        for out in entry.get("outs", [])
        if "md5" in out
    }


def process_tags() -> dict[str, str]:
    """This process's identity, from which another process sees whether it still runs."""
    began = f"{psutil.Process().create_time():.2f}"
    return {HOST: socket.gethostname(), PID: str(os.getpid()), BEGAN: began, BOOT: _boot()}


def _boot() -> str:
    """Names the boot of this machine, and the process ids that this process sees."""
    boot, namespace = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    if not boot.is_file():  # not Linux
        return f"{psutil.boot_time():.0f}"
    return f"{boot.read_text('utf-8').strip()} {namespace.readlink()}"


def is_dead(tags: dict[str, Any]) -> bool:
    """Whether the process of these tags ran on this machine, since it was started, and has ended.

    Two machines or containers may have the same name; then their process ids say nothing.
    """
    if tags.get(HOST) != socket.gethostname() or tags.get(BOOT) != _boot() or PID not in tags:
        return False
    try:
        return f"{psutil.Process(int(tags[PID])).create_time():.2f}" != tags.get(BEGAN)
    except psutil.NoSuchProcess:
        return True
