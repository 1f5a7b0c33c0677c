"""Each retraining as one MLflow run, true to how it ended."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from conveyor.paths import Paths
from conveyor.tracking.provenance import dvc_tags, git_tags
from conveyor.tracking.runs import (
    NOTE,
    STAGE,
    artifact_folder,
    begin,
    close_dead_runs,
    log_metrics,
    set_tags,
    truthful,
)
from conveyor.tracking.store import Tracking, connect

OUTCOMES = {0: "promoted", 10: "nothing to do", 11: "not promoted"}


@dataclass(frozen=True)
class RetrainRun:
    """The open run of a retraining."""

    tracking: Tracking
    id: str
    paths: Paths

    def log(self, summary: str, *, code: int) -> None:
        """What came of it; the verdict's files, unless there was nothing to do."""
        tags = {"outcome": OUTCOMES[code], NOTE: summary, **dvc_tags(self.paths.root)}
        set_tags(self.tracking, self.id, tags)
        if OUTCOMES[code] != "nothing to do":
            artifact_folder(self.tracking, self.id, self.paths.promotion, "promotion")


@contextmanager
def retrain_run(name: str, paths: Paths) -> Iterator[RetrainRun]:
    """A run that ends FINISHED, FAILED with the traceback, or KILLED, with its duration."""
    tracking = connect(name, paths)
    close_dead_runs(tracking)
    run_id = begin(tracking, "retrain", {STAGE: "retrain", **git_tags(paths.root)}, {})
    began = time.monotonic()
    with truthful(tracking, run_id):
        try:
            yield RetrainRun(tracking, run_id, paths)
        finally:
            log_metrics(tracking, run_id, {"seconds": time.monotonic() - began})
