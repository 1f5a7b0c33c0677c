"""What each command does first: puts right what a killed one has left."""

from conveyor.paths import Paths
from conveyor.recovery.dvc import check_dvc_files
from conveyor.temporary import remove_abandoned_below
from conveyor.tracking.location import journals


def recover(paths: Paths) -> list[str]:
    """Restore DVC's files, remove temporary folders, and settle the runs that were left open.

    Returns:
        One line for each thing that was put right, or could not be.
    """
    folders = [*paths.outputs, paths.data, paths.scratch]
    removed = [path for folder in folders for path in remove_abandoned_below(folder)]
    lines = [f"removed {path}, which a killed process has left" for path in removed]
    try:
        lines += check_dvc_files(paths)
    except OSError as error:
        lines.append(f"cannot check DVC's files: {error}")
    if any(journals(paths).glob("*")):
        from conveyor.tracking.leftovers import recover_runs  # loads MLflow, which is seldom needed

        lines += recover_runs(paths)
    return lines
