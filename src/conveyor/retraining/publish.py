"""Commits what a retraining changed."""

from pathlib import Path

from conveyor.errors import InputError
from conveyor.git import GitError, changed_files, git
from conveyor.paths import Paths


def commit(paths: Paths, summary: str) -> str:
    """Commit dvc.lock, the stages' small outputs and updated imports.

    Nothing is committed while other tracked files of the project have changes, since dvc.lock
    would then refer to settings or code that no commit holds.

    Returns:
        One line that says what was done.

    Raises:
        InputError: git refuses.
    """
    try:
        changed = changed_files(paths.root)
        outputs = [name for name in changed if _is_output(name)]
        others = sorted(set(changed) - set(outputs))
        if others:
            return f"not committed: {', '.join(others[:5])} has changes that no commit holds yet"
        if not outputs:
            return "nothing to commit"
        git(paths.root, "--literal-pathspecs", "commit", "--quiet", "-m", f"Retrain: {summary}",
            "--", *outputs)  # fmt: skip
    except GitError as error:
        raise InputError(
            f"retrain.commit: git refused with {str(error)!r}; fix that, or set retrain.commit to "
            "false"
        ) from None
    return f"committed {', '.join(outputs)}"


def _is_output(name: str) -> bool:
    in_folder = any(Path(name).is_relative_to(folder) for folder in Paths().outputs)
    return in_folder or name == "dvc.lock" or name.endswith(".dvc")
