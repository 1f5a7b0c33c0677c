"""Checks of the project's folder: DVC, git, leftovers, schedule."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from conveyor.config import NamedConfig, load
from conveyor.doctor.diagnosis import Diagnosis, note, problem, quote
from conveyor.git import GitError, changed_files, find_repository
from conveyor.paths import Paths
from conveyor.recovery.dvc import is_whole
from conveyor.retraining.schedules.render import Installation

# Those of commands before they had a lock beside them, which no living process has.
OLD_LEFTOVER = re.compile(r"\.(data|evaluation|sweep|model|prepared|promotion)\.\w{8}")
RETRAIN = "pipeline.retrain"
CRON_SECONDS = 5.0


def check_dvc_lock(paths: Paths) -> Iterator[Diagnosis]:
    """Whether DVC can read dvc.lock, the whole of it."""
    lock = paths.dvc_lock
    if not lock.is_file():
        yield note(f"there is no {lock}: nothing has run here yet", "make")
    elif not is_whole(lock.read_bytes()):
        yield problem(
            f"{lock} is not whole, or has conflicts of a merge",
            f"git checkout HEAD -- {quote(lock)}  # or end the merge",
        )


def check_configuration(paths: Paths) -> Iterator[Diagnosis]:
    """Whether the resolved configuration can be read. Raises InputError otherwise."""
    if paths.config.is_file():
        load(NamedConfig, paths.config)
    else:
        yield note(f"there is no {paths.config} yet", "dvc repro compose")


def check_git(paths: Paths) -> Iterator[Diagnosis]:
    """Whether there is a repository with a commit, which DVC and the lineage need."""
    if find_repository(paths.root) is None:
        yield problem("the project is in no git repository, which DVC needs", "git init")
        return
    try:
        changed = changed_files(paths.root)
    except GitError as error:
        yield problem(f"git: {error}", "git commit --all")
        return
    if changed:
        names = ", ".join(changed[:3]) + (", ..." if len(changed) > 3 else "")
        yield note(f"{len(changed)} tracked files differ from the last commit: {names}")


def check_leftovers(paths: Paths) -> Iterator[Diagnosis]:
    """Temporary folders that nothing removes any more."""
    for folder in (*paths.outputs, paths.data):
        if folder.is_dir():
            for entry in sorted(folder.iterdir()):
                if OLD_LEFTOVER.fullmatch(entry.name):
                    yield problem(f"{entry} is left of a killed command", f"rm -r {quote(entry)}")


def check_schedule(paths: Paths) -> Iterator[Diagnosis]:
    """Whether cron or systemd runs the retraining of this folder."""
    own = [tokens for line in _crontab() if _retrains(tokens := split_command(line), paths.root)]
    units = Path("~/.config/systemd/user").expanduser()
    timer = _timer(paths)
    has_timer = timer is not None and (units / timer).is_file()
    if own and has_timer:
        yield problem("both cron and systemd run the retraining", f"rm {quote(units / str(timer))}")
    for tokens in own:
        python = Path(tokens[tokens.index(RETRAIN) - 2])  # before -m
        if python.is_absolute() and not python.exists():
            yield problem(f"cron starts {python}, which does not exist",
                          "python -m pipeline.schedule cron  # for crontab -e")  # fmt: skip
    if len(own) > 1:
        yield problem(f"{len(own)} lines of the crontab run the retraining", "crontab -e")
    if not own and not has_timer:
        yield note("neither cron nor systemd of this user runs the retraining",
                   "python -m pipeline.schedule cron  # for crontab -e")  # fmt: skip


def split_command(line: str) -> list[str]:
    r"""The words of a shell's command in a crontab, without quotes; operators are words too.

    >>> split_command(r"0 2 * * * cd '/a b'&& python -m x >log\%d")[5:]
    ['cd', '/a b', '&&', 'python', '-m', 'x', '>', 'log%d']
    """
    lexer = shlex.shlex(line.replace(r"\%", "%"), posix=True, punctuation_chars=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        return list(lexer)
    except ValueError:  # a quote that is not closed
        return line.split()


def _retrains(tokens: Sequence[str], root: Path) -> bool:
    """Whether a command names the project's folder, and retrains."""
    expanded = (os.path.expanduser(os.path.expandvars(word)) for word in tokens)
    folders = [os.path.realpath(word) for word in expanded if os.path.isabs(word)]
    return RETRAIN in tokens[2:] and os.path.realpath(root) in folders


def _crontab() -> list[str]:
    """The lines of this user's crontab; none where there is no cron."""
    if shutil.which("crontab") is None:
        return []
    try:
        done = subprocess.run(["crontab", "-l"], capture_output=True, text=True, check=False,
                              timeout=CRON_SECONDS)  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return []
    return [line for line in done.stdout.splitlines() if not line.startswith("#")]


def _timer(paths: Paths) -> str | None:
    """The file name of this project's timer of systemd."""
    if not paths.config.is_file():
        return None
    name = load(NamedConfig, paths.config).name
    return f"{Installation(name, paths.root, Path()).unit}.timer"
