"""What a retraining leaves in git."""

import subprocess

from conveyor.errors import InputError
from conveyor.paths import Paths

OURS = ("artifacts/", "reports/")


def commit(paths: Paths, words: str) -> str:
    """Commit what the belt changed: dvc.lock, its small outputs, updated imports.

    Returns:
        What was done, in words. With changes of a person's in the folder nothing is committed,
        since dvc.lock would then tell of settings or code that no commit holds.

    Raises:
        InputError: git refuses.
    """
    states = _git(paths, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=no")
    changed = [state[3:] for state in states.split("\0") if state]
    ours = [n for n in changed if n == "dvc.lock" or n.startswith(OURS) or n.endswith(".dvc")]
    theirs = sorted(set(changed) - set(ours))
    if theirs:
        return f"not committed: {', '.join(theirs[:5])} has changes that no commit holds yet"
    if not ours:
        return "nothing to commit"
    _git(paths, "commit", "--quiet", "-m", f"Retrain: {words}", "--", *ours)
    return f"committed {', '.join(ours)}"


def _git(paths: Paths, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=paths.root, capture_output=True, text=True,
                          check=False)  # fmt: skip
    if done.returncode:
        told = (done.stderr or done.stdout).strip()
        raise InputError(
            f"retrain.commit: `git {arguments[0]}` came to {told!r}; mend that, or set "
            "retrain.commit to false"
        )
    return done.stdout
