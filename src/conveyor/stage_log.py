"""When each stage last ran, for how long, and how it ended: one file a stage, in .conveyor/stages.

That is no function of a stage's inputs, so DVC must not track it.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass

from conveyor import files
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.resource_errors import describe_resource_error
from conveyor.secrets import hide_environment

STAGES = ("compose", "prepare", "sweep", "train", "evaluate", "register")  # as in dvc.yaml
STAGE_VARIABLE = "DVC_STAGE"  # in which DVC names the stage that it runs


@dataclass(frozen=True)
class StageRun:
    """The last run of a stage that DVC started.

    Attributes:
        began: seconds since 1970.
        seconds: until it ended; None if it still runs, or was killed.
        error: why it failed; None if it did not.
        belt: process group of DVC, which the stages of one `dvc repro` share.
    """

    began: float
    seconds: float | None
    error: str | None
    belt: int


def read_stage_runs(paths: Paths) -> dict[str, StageRun]:
    """Return the last run of each stage that ran in this folder."""
    existing = {stage: paths.stage_runs / f"{stage}.json" for stage in STAGES}
    return {
        stage: StageRun(**files.read_json(path))
        for stage, path in existing.items()
        if path.is_file()
    }


@contextmanager
def record_stage(paths: Paths, script: str) -> Iterator[None]:
    """Record the run of a script, if DVC runs it as a stage."""
    if os.environ.get(STAGE_VARIABLE) != script or script not in STAGES:
        yield
        return
    path, began = paths.stage_runs / f"{script}.json", time.time()

    def write(seconds: float | None, error: str | None) -> None:
        files.write_json(path, asdict(StageRun(began, seconds, error, os.getpgrp())))

    write(None, None)
    try:
        yield
    except BaseException as error:
        with suppress(OSError):  # of a full disk, which must not hide the stage's own error
            write(time.time() - began, describe_error(error))
        raise
    write(time.time() - began, None)


def describe_error(error: BaseException) -> str:
    """Return an error as people read it, without the secrets of the environment."""
    if isinstance(error, InputError):
        message = str(error)
    elif isinstance(error, SystemExit | KeyboardInterrupt):
        message = "it was stopped"
    else:
        message = describe_resource_error(error) or f"{type(error).__name__}: {error}"
    return hide_environment(message)


def find_error(paths: Paths, since: float) -> str | None:
    """Return the stage that failed after an instant, and why; None if no stage recorded that."""
    for stage, run in read_stage_runs(paths).items():
        if run.began >= since and run.error is not None:
            return f"the stage {stage}: {run.error}"
    return None
