"""Each retraining as one MLflow run, and what it adds to the run that trained the champion."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conveyor.errors import ExitCode
from conveyor.paths import Paths
from conveyor.tracking.open_run import OpenRun
from conveyor.tracking.provenance import dvc_tags, git_tags
from conveyor.tracking.records import NAME, NOTE
from conveyor.tracking.runs import STAGE, TrainingRun, close_dead_runs, dated_name
from conveyor.tracking.store import Tracking, connect

CODES_WITH_VERDICT = (ExitCode.PROMOTED, ExitCode.NOT_PROMOTED)  # a version was registered
PROFILES = "profile"  # artifact folder of a training run


def find_profile(tracking: Tracking, training_run: str) -> Path | None:
    """The profile that `log_profile` logged under a training run; None where there is none."""
    artifacts = tracking.client.list_artifacts(training_run, PROFILES)
    if not artifacts:
        return None
    return Path(tracking.client.download_artifacts(training_run, artifacts[0].path))


def log_profile(tracking: Tracking, training_run: str, file: Path) -> None:
    """Log the profile of a model's data under the run that trained it."""
    tracking.client.log_artifact(training_run, str(file), PROFILES)


class RetrainRun(OpenRun):
    """The open run of a retraining."""

    def log_champion_score(self, training_run: str, metric: str, rows: int, value: float) -> None:
        """Add the champion's metric on new rows to the curve of the run that trained it."""
        name = f"new_rows_{metric}"
        history = self.tracking.client.get_metric_history(training_run, name)
        metrics = {name: value, "new_rows": float(rows)}
        TrainingRun(self.tracking, training_run).log_metrics(metrics, step=len(history) + 1)

    def log_outcome(self, summary: str, paths: Paths, *, code: ExitCode) -> None:
        """Log the job's exit code and summary, and the verdict's files if there is a verdict."""
        outcome = code.name.lower().replace("_", " ")
        name = f"{self.tracking.client.get_run(self.id).info.run_name}, {outcome}"
        self.set_tags({"outcome": outcome, NAME: name, NOTE: summary, **dvc_tags(paths.root)})
        if code in CODES_WITH_VERDICT:
            self.log_folder(paths.promotion, "promotion")


@contextmanager
def retrain_run(name: str, paths: Paths) -> Iterator[RetrainRun]:
    """A run that ends FINISHED, FAILED with the traceback, or KILLED, with its duration."""
    tracking = connect(name, paths)
    close_dead_runs(tracking)
    tags = {STAGE: "retrain", **git_tags(paths.root)}
    began = time.monotonic()
    with RetrainRun.begin(tracking, dated_name("retrain"), tags, {}).ending() as run:
        run.wait_until_created()
        try:
            yield run
        finally:
            run.log_metrics({"seconds": time.monotonic() - began})
