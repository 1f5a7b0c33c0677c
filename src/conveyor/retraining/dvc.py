"""Runs DVC for the retraining job."""

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from conveyor.environment import path_with_python
from conveyor.errors import REFUSAL_VARIABLE, ExitCode, InputError
from conveyor.paths import Paths
from conveyor.retraining.lock import require_idle
from conveyor.secrets import hide_environment
from conveyor.stage_log import find_error
from conveyor.tracking.sender import NO_RETRIES

log = logging.getLogger(__name__)

DVC = (sys.executable, "-m", "dvc")


STDERR = 2  # the file descriptor
LAST_LINES = 5  # of a failed command's output, in its message
READ_SECONDS = 5.0  # to wait for the rest of the output of a command that has ended


class RetrainError(InputError):
    """A DVC command of the job failed for another reason than its input; the message says why."""

    exit_code = ExitCode.FAILED


def run_dvc(paths: Paths, *arguments: str) -> None:
    """Run a DVC command in the project; its output goes where this process's output goes.

    Raises:
        InputError: a stage refused its input; the message says why.
        Busy: another DVC command was in the way.
        RetrainError: any other failure; the message says why.
    """
    log.info("the job runs `dvc %s`", " ".join(arguments))
    began = time.time()
    with tempfile.TemporaryDirectory() as folder:
        refusal = Path(folder) / "refusal"
        # A stage repeats its calls to MLflow; this process, which has a run open, does not.
        inherited = {k: v for k, v in os.environ.items() if k not in NO_RETRIES}
        variables = {REFUSAL_VARIABLE: str(refusal), "PATH": path_with_python()}
        code, output = _run(paths, arguments, inherited | variables)
        error = InputError if refusal.is_file() else RetrainError
    if code:
        require_idle(paths)
        cause = find_error(paths, began) or hide_environment(output)
        raise error(
            f"`dvc {' '.join(arguments)}` failed, and the champion serves as before: "
            f"{cause or 'the output above says why'}"
        )


def _run(
    paths: Paths, arguments: tuple[str, ...], environment: Mapping[str, str]
) -> tuple[int, str]:
    """Run a DVC command. Returns its exit code, and the last lines of its errors.

    It runs in a session of its own, so that a stopped job stops DVC and its running stage too. On a
    terminal its errors are not copied, since it would show no progress then.
    """
    lines: deque[str] = deque(maxlen=LAST_LINES)
    errors = None if sys.stderr.isatty() else subprocess.PIPE
    with subprocess.Popen(
        [*DVC, *arguments], cwd=paths.root, env=environment, start_new_session=True, stderr=errors
    ) as process:
        # A thread, since a process that DVC left behind may keep the pipe open.
        copying = threading.Thread(target=_copy_errors, args=(process.stderr, lines), daemon=True)
        copying.start()
        try:
            code = process.wait()
            copying.join(READ_SECONDS)
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            raise
    return code, "\n".join(lines)


def _copy_errors(errors: IO[bytes] | None, lines: deque[str]) -> None:
    """Copy a command's errors to this process's, and keep the last lines that say something."""
    for line in errors or ():
        os.write(STDERR, line)
        text = line.decode(errors="replace").strip()
        if text:
            lines.append(text)


def check_remote(paths: Paths) -> None:
    """Raises: InputError: DVC has no default remote, to which `retrain.push` could push."""
    command = [*DVC, "config", "core.remote"]
    done = subprocess.run(command, cwd=paths.root, capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout.strip():
        raise InputError(
            "retrain.push: expected a default remote of DVC; got none. Add one with "
            "`dvc remote add --default NAME URL`, or set retrain.push to false"
        )


def changed_stages(paths: Paths) -> set[str]:
    """The stages that `dvc repro` would run; imports with an outdated digest count as stages.

    Raises: as `read_status`.
    """
    return set(read_status(paths))


def read_status(paths: Paths) -> dict[str, list[Any]]:
    """What `dvc status` says: by stage that DVC would run, what changed.

    Raises:
        Busy: another DVC command was in the way.
        RetrainError: DVC failed; the message holds its output.
    """
    command = [*DVC, "status", "--json"]
    status = subprocess.run(command, cwd=paths.root, capture_output=True, text=True, check=False)
    if status.returncode:
        require_idle(paths)
        raise RetrainError(f"`dvc status` failed: {hide_environment(status.stderr.strip())}")
    return json.loads(status.stdout)


def update_configuration(paths: Paths) -> set[str]:
    """Run the stage `compose` if conf/ or params.yaml changed.

    Returns:
        The stages that changed; see `changed_stages`.
    """
    changed = changed_stages(paths)
    if "compose" not in changed:
        return changed
    run_dvc(paths, "repro", "--single-item", "compose")
    return changed_stages(paths)
