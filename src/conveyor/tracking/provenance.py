"""Where a run comes from: code, data, configuration; and whose process it is."""

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import psutil

from conveyor import files

HOST, PID, BEGAN = "process.host", "process.pid", "process.began"


def git_tags(root: Path) -> dict[str, str]:
    """Revision, and whether tracked files differ from it; nothing outside a git repository."""
    revision = _git(root, "rev-parse", "HEAD")
    if not revision:
        return {}
    changed = bool(_git(root, "status", "--porcelain", "--untracked-files=no"))
    return {"git.revision": revision, "git.changed": json.dumps(changed)}


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def dvc_tags(root: Path) -> dict[str, str]:
    """The hash of each output in dvc.lock; outputs of stages that have not run yet are missing."""
    path = root / "dvc.lock"
    if not path.is_file():
        return {}
    stages = (files.read_yaml(path) or {}).get("stages", {})
    return {
        f"dvc.{stage}.{Path(out['path']).name}": out["md5"]
        for stage, entry in stages.items()
        for out in entry.get("outs", [])
        if "md5" in out
    }


def process_tags() -> dict[str, str]:
    """This process, so that another can tell whether it still lives."""
    me = psutil.Process()
    return {HOST: socket.gethostname(), PID: str(os.getpid()), BEGAN: f"{me.create_time():.2f}"}


def is_dead(tags: dict[str, Any]) -> bool:
    """Whether the process behind these tags was on this machine and is gone."""
    if tags.get(HOST) != socket.gethostname() or PID not in tags:
        return False
    try:
        return f"{psutil.Process(int(tags[PID])).create_time():.2f}" != tags.get(BEGAN)
    except psutil.NoSuchProcess:
        return True
