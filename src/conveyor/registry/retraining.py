"""Each retraining as one MLflow run, true to how it ended."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conveyor.paths import Paths
from conveyor.registry.champion import find_champion
from conveyor.tracking.provenance import dvc_tags, git_tags
from conveyor.tracking.runs import (
    DATA_DIGEST,
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

OUTCOMES = {
    0: "promoted",
    1: "failed",
    2: "input refused",
    10: "nothing to do",
    11: "not promoted",
}
JUDGED = (0, 11)  # there is a verdict of this night
PROFILES = "profile"  # folder of the champion's run
SECONDS_A_DAY = 86400


@dataclass(frozen=True)
class Serving:
    """The champion as a retraining sees it; `run` trained it, `model` is its exported folder."""

    version: str
    model: Path
    data_digest: str
    run: str
    age_days: float


@dataclass(frozen=True)
class RetrainRun:
    """The open run of a retraining."""

    tracking: Tracking
    id: str
    name: str
    paths: Paths

    def champion(self) -> "Serving | None":
        """The version that serves, with what a retraining asks of it; None where there is none."""
        found = find_champion(self.tracking, self.name, self.paths)
        if found is None:
            return None
        version = self.tracking.client.get_model_version(self.name, found.version)
        age = time.time() - version.creation_timestamp / 1000
        return Serving(
            found.version, found.model, version.tags.get(DATA_DIGEST, ""),
            str(version.run_id), age / SECONDS_A_DAY,
        )  # fmt: skip

    def profile(self, champion: "Serving") -> Path | None:
        """The file that `keep_profile` kept, fetched; None where none was."""
        client = self.tracking.client
        kept = client.list_artifacts(champion.run, PROFILES)
        if not kept:
            return None
        return Path(client.download_artifacts(champion.run, kept[0].path))

    def keep_profile(self, champion: "Serving", file: Path) -> None:
        """Lay what the champion learnt from beside the run that trained it."""
        self.tracking.client.log_artifact(champion.run, str(file), PROFILES)

    def log_night(self, champion: "Serving", rows: int, accuracy: float) -> None:
        """One more point on the curve of the run that trained the champion."""
        past = self.tracking.client.get_metric_history(champion.run, "new_rows_accuracy")
        figures = {"new_rows_accuracy": accuracy, "new_rows": float(rows)}
        log_metrics(self.tracking, champion.run, figures, step=len(past) + 1)

    def log_figures(self, figures: Mapping[str, float]) -> None:
        log_metrics(self.tracking, self.id, figures)

    def log(self, summary: str, *, code: int) -> None:
        """What came of it, and the verdict's files if there is one."""
        tags = {"outcome": OUTCOMES[code], NOTE: summary, **dvc_tags(self.paths.root)}
        set_tags(self.tracking, self.id, tags)
        if code in JUDGED:
            artifact_folder(self.tracking, self.id, self.paths.promotion, "promotion")

    def log_report(self, folder: Path) -> None:
        """The report's files, as they are on disk."""
        artifact_folder(self.tracking, self.id, folder, "report")


@contextmanager
def retrain_run(name: str, paths: Paths) -> Iterator[RetrainRun]:
    """A run that ends FINISHED, FAILED with the traceback, or KILLED, with its duration."""
    tracking = connect(name, paths)
    close_dead_runs(tracking)
    run_id = begin(tracking, "retrain", {STAGE: "retrain", **git_tags(paths.root)}, {})
    began = time.monotonic()
    with truthful(tracking, run_id):
        try:
            yield RetrainRun(tracking, run_id, name, paths)
        finally:
            log_metrics(tracking, run_id, {"seconds": time.monotonic() - began})
