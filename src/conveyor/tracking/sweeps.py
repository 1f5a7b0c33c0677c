"""A sweep in MLflow: a parent run, and a child run for each trial, ended as the trial ended."""

import time
from collections.abc import Mapping
from typing import Any

from mlflow.entities import Metric

from conveyor import files
from conveyor.paths import Paths
from conveyor.tracking.provenance import git_tags, process_tags
from conveyor.tracking.runs import (
    CLOSED,
    DATA_DIGEST,
    NOTE,
    STAGE,
    SWEEP_DIGEST,
    artifact_folder,
    begin,
    close_dead_runs,
    flat,
    log_metrics,
    search,
    set_tags,
)
from conveyor.tracking.store import connect, without_secret

STATUS = {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}
FLUSH_SECONDS = 2.0  # how old an epoch may grow before it is written: one write costs 20 ms
TRIAL, KEY, PARENT = "trial", "study_key", "mlflow.parentRunId"


class SweepRecorder:
    """Hears a sweep (see `sweep.protocol.Observer`) and writes it down."""

    def __init__(self, name: str, paths: Paths, data_digest: str) -> None:
        self.paths, self.data_digest = paths, data_digest
        self.tracking = connect(name, paths)
        self.parent = ""
        self.counts = dict.fromkeys(STATUS, 0)
        self._waiting: dict[int, list[Metric]] = {}
        self._flushed = time.monotonic()
        self._runs: dict[int, str] = {}

    def sweep_started(self, key: str, settings: Mapping[str, Any], *, resumed: bool) -> None:
        close_dead_runs(self.tracking)
        earlier = search(self.tracking, f"tags.{KEY} = '{key}' and tags.{STAGE} = 'sweep'")
        if resumed and earlier:
            self.parent = earlier[0].info.run_id
            self.tracking.client.update_run(self.parent, status="RUNNING")
            set_tags(self.tracking, self.parent, {**process_tags(), CLOSED: "no, it was resumed"})
            self._recall()
            return
        tags = {
            STAGE: "sweep",
            KEY: key,
            DATA_DIGEST: self.data_digest,
            **git_tags(self.paths.root),
        }
        self.parent = begin(self.tracking, f"sweep-{key[:8]}", tags, flat(settings))

    def trial_started(self, number: int, params: Mapping[str, Any]) -> None:
        tags = {STAGE: "trial", TRIAL: str(number), PARENT: self.parent}
        self._runs[number] = begin(self.tracking, f"trial-{number:03d}", tags, params)

    def trial_reported(self, number: int, epoch: int, metrics: Mapping[str, float]) -> None:
        now = int(time.time() * 1000)
        waiting = self._waiting.setdefault(number, [])
        waiting += [Metric(name, float(value), now, epoch) for name, value in metrics.items()]
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self._flush()

    def trial_finished(self, number: int, outcome: Any) -> None:
        self._flush()
        run_id = self._runs.get(number)
        if run_id is None:  # it died between the study's record and MLflow's
            return
        figures = {f"best_{k}": v for k, v in outcome.metrics.items() if k != "best_epoch"}
        if outcome.state == "complete":
            figures["best_epoch"] = outcome.metrics.get("best_epoch", float("nan"))
            log_metrics(self.tracking, run_id, figures)
        if outcome.reason:
            reason = without_secret(outcome.reason)
            self.tracking.client.log_text(run_id, reason, "reason.txt")
            set_tags(self.tracking, run_id, {"reason": reason.strip().splitlines()[-1][:500]})
        self.counts[outcome.state] += 1
        self.tracking.client.set_terminated(run_id, STATUS[outcome.state])

    def sweep_finished(self, best: Mapping[str, Any] | None, error: str | None) -> None:
        self._flush()
        if best is None:
            first, *rest = without_secret(error or "").strip().splitlines() or [""]
            self.tracking.client.log_text(self.parent, "\n".join([first, *rest]), "error.txt")
            told = " ... ".join([first[:250], *(line[:250] for line in rest[-1:])])
            set_tags(self.tracking, self.parent, {"error": told})
            for run in self._children("attributes.status = 'RUNNING'"):
                self.tracking.client.set_terminated(run.info.run_id, "KILLED")
            self.tracking.client.set_terminated(self.parent, "FAILED")
            return
        figures = {f"best_{k}": v for k, v in best["metrics"].items() if k != "best_epoch"}
        figures |= {f"trials_{state}": float(n) for state, n in self.counts.items()}
        log_metrics(self.tracking, self.parent, figures)
        chosen = "\n".join(f"- `{key}`: {value}" for key, value in best["params"].items())
        note = f"Best {best['objective']} {best['value']:.4g} in trial {best['trial']}:\n\n{chosen}"
        tags = {
            NOTE: note,
            SWEEP_DIGEST: files.digest_tree(self.paths.sweep),
            **{f"best.{k}": str(v) for k, v in best["params"].items()},
        }
        set_tags(self.tracking, self.parent, tags)
        artifact_folder(self.tracking, self.parent, self.paths.sweep, "sweep")
        self.tracking.client.set_terminated(self.parent, "FINISHED")

    def _children(self, query: str) -> list[Any]:
        return search(self.tracking, f"tags.`{PARENT}` = '{self.parent}' and {query}")

    def _recall(self) -> None:
        """Take up the trials of an interrupted sweep, and how those that ended did."""
        ended = {status: state for state, status in STATUS.items()}
        for run in self._children(f"tags.{STAGE} = 'trial'"):
            self._runs[int(run.data.tags[TRIAL])] = run.info.run_id
            if run.info.status in ended and CLOSED not in run.data.tags:
                self.counts[ended[run.info.status]] += 1

    def _flush(self) -> None:
        for number, metrics in self._waiting.items():
            if metrics and number in self._runs:
                self.tracking.client.log_batch(self._runs[number], metrics=metrics)
        self._waiting.clear()
        self._flushed = time.monotonic()
