"""Each retraining as one MLflow run, and what it adds to the run that trained the champion."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conveyor.errors import ExitCode
from conveyor.paths import Paths
from conveyor.tracking.provenance import dvc_tags, git_tags
from conveyor.tracking.runs import (
    NOTE,
    STAGE,
    begin,
    close_dead_runs,
    ending_run,
    log_folder,
    log_metrics,
    set_tags,
)
from conveyor.tracking.store import Tracking, connect

WITH_VERDICT = (ExitCode.PROMOTED, ExitCode.NOT_PROMOTED)  # a version was registered
PROFILES = "profile"  # artifact folder of a train run


@dataclass(frozen=True)
class RetrainRun:
    """The open run of a retraining."""

    tracking: Tracking
    id: str
    paths: Paths

    def profile(self, train_run: str) -> Path | None:
        """The profile that `log_profile` logged under a train run; None where there is none."""
        client = self.tracking.client
        artifacts = client.list_artifacts(train_run, PROFILES)
        return Path(client.download_artifacts(train_run, artifacts[0].path)) if artifacts else None

    def log_profile(self, train_run: str, file: Path) -> None:
        """Log the profile of a model's data under the run that trained it."""
        self.tracking.client.log_artifact(train_run, str(file), PROFILES)

    def log_champion_score(self, train_run: str, rows: int, accuracy: float) -> None:
        """Add the champion's accuracy on new rows to the curve of the run that trained it."""
        history = self.tracking.client.get_metric_history(train_run, "new_rows_accuracy")
        metrics = {"new_rows_accuracy": accuracy, "new_rows": float(rows)}
        log_metrics(self.tracking, train_run, metrics, step=len(history) + 1)

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        log_metrics(self.tracking, self.id, metrics)

    def log_outcome(self, summary: str, *, code: ExitCode) -> None:
        """Log the job's exit code and summary, and the verdict's files if there is a verdict."""
        outcome = code.name.lower().replace("_", " ")
        tags = {"outcome": outcome, NOTE: summary, **dvc_tags(self.paths.root)}
        set_tags(self.tracking, self.id, tags)
        if code in WITH_VERDICT:
            log_folder(self.tracking, self.id, self.paths.promotion, "promotion")

    def log_report(self, folder: Path) -> None:
        """Log the files of the report."""
        log_folder(self.tracking, self.id, folder, "report")


@contextmanager
def retrain_run(name: str, paths: Paths) -> Iterator[RetrainRun]:
    """A run that ends FINISHED, FAILED with the traceback, or KILLED, with its duration."""
    tracking = connect(name, paths)
    close_dead_runs(tracking)
    run_id = begin(tracking, "retrain", {STAGE: "retrain", **git_tags(paths.root)}, {})
    began = time.monotonic()
    with ending_run(tracking, run_id):
        try:
            yield RetrainRun(tracking, run_id, paths)
        finally:
            log_metrics(tracking, run_id, {"seconds": time.monotonic() - began})
