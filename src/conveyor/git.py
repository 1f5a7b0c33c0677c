"""Runs git, and says where a project lies in its repository."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class GitError(RuntimeError):
    """A git command failed; the message is git's own."""


class Repository(NamedTuple):
    """The repository that holds a project.

    Attributes:
        top: its root folder.
        prefix: the project's folder below `top`; empty for a project at the root.
    """

    top: Path
    prefix: str


def git(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    """Run a git command in a folder. Returns its standard output.

    Args:
        env: the process's environment; None for this process's.

    Raises:
        GitError: the command failed, or git is not installed.
    """
    try:
        process = subprocess.run(["git", *arguments], cwd=folder, env=env, capture_output=True,
                                 text=True, errors="surrogateescape", check=False)  # fmt: skip
    except FileNotFoundError:
        raise GitError("git is not installed, or the folder does not exist") from None
    if process.returncode:
        raise GitError((process.stderr or process.stdout).strip())
    return process.stdout


def find_repository(folder: Path) -> Repository | None:
    """The repository around a folder; None outside of one."""
    try:
        top, prefix = git(folder, "rev-parse", "--show-toplevel", "--show-prefix").splitlines()
    except GitError:
        return None
    return Repository(Path(top), prefix.rstrip("/"))


def has_commit(folder: Path) -> bool:
    """Whether the folder is in a repository that has a commit."""
    try:
        git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    except GitError:
        return False
    return True


def changed_files(folder: Path) -> list[str]:
    """Tracked files below a folder that differ from the last commit, as paths from that folder.

    Raises:
        GitError: the folder is in no repository, or there is no commit.
    """
    names = git(folder, "diff", "HEAD", "--name-only", "--no-renames", "--relative", "-z")
    return [name for name in names.split("\0") if name]
