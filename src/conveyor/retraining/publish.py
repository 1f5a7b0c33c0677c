"""Commits what a retraining changed."""

from conveyor.errors import InputError
from conveyor.git import GitError, changed_files, git
from conveyor.paths import Paths

OUTPUT_FOLDERS = ("artifacts/", "reports/")


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
    return name == "dvc.lock" or name.startswith(OUTPUT_FOLDERS) or name.endswith(".dvc")
