"""Records a sweep in MLflow: a parent run, and a child run with the status of each trial.

If `sweep.repeats.count` is above 1, the repeats are children of their trial's run, which shows
means and standard deviations. Several drivers write under one parent, each its own trials.
"""

import time
from collections.abc import Mapping
from typing import Any

from mlflow.entities import Metric, Run

from conveyor import files
from conveyor.paths import Paths
from conveyor.tracking.provenance import git_tags, is_dead, process_tags
from conveyor.tracking.runs import (
    CLOSED,
    DATA_DIGEST,
    DIED,
    NOTE,
    STAGE,
    SWEEP_DIGEST,
    begin,
    close_dead_runs,
    flat,
    log_folder,
    log_metrics,
    search,
    set_tags,
)
from conveyor.tracking.store import connect, without_secret

STATUS = {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}
FLUSH_SECONDS = 2.0  # between writes of epoch metrics; one write takes 20 ms
TRIAL, REPEAT, KEY, PARENT = "trial", "repeat", "study_key", "mlflow.parentRunId"
RUNNING = "attributes.status = 'RUNNING'"


class SweepRecorder:
    """Records the events of a sweep; see `sweep.protocol.Observer`.

    Args:
        leads: whether this driver writes the sweep's outputs; others have joined it.
    """

    def __init__(self, name: str, paths: Paths, data_digest: str, *, leads: bool = True) -> None:
        self.paths, self.data_digest, self.leads = paths, data_digest, leads
        self.tracking = connect(name, paths)
        self.parent = ""
        self.repeats = 1
        self._unwritten: dict[str, list[Metric]] = {}  # by run id
        self._flushed = time.monotonic()
        self._runs: dict[int, str] = {}  # run id of each running trial of this driver
        self._repeats: dict[tuple[int, int], str] = {}  # run id by (trial, repeat)

    def sweep_started(
        self, key: str, settings: Mapping[str, Any], ended: Mapping[int, Any]
    ) -> None:
        self.repeats = settings["repeats"]["count"]
        close_dead_runs(self.tracking)
        earlier = search(self.tracking, f"tags.{KEY} = '{key}' and tags.{STAGE} = 'sweep'")
        if not earlier:
            origin = {DATA_DIGEST: self.data_digest, **git_tags(self.paths.root)}
            tags = {STAGE: "sweep", KEY: key, **origin}
            self.parent = begin(self.tracking, f"sweep-{key[:8]}", tags, flat(settings))
            return
        self.parent = earlier[0].info.run_id
        self.tracking.client.update_run(self.parent, status="RUNNING")
        if self.leads:
            tags = {**process_tags(), CLOSED: "no, it was resumed"}
            set_tags(self.tracking, self.parent, tags)
        self._record_missed_ends(ended)

    def trial_started(self, number: int, params: Mapping[str, Any]) -> None:
        tags = {STAGE: "trial", TRIAL: str(number), PARENT: self.parent}
        self._runs[number] = begin(self.tracking, f"trial-{number:03d}", tags, params)

    def trial_reported(
        self, number: int, repeat: int, epoch: int, metrics: Mapping[str, float]
    ) -> None:
        run_id = self._runs[number] if self.repeats == 1 else self._repeat_run(number, repeat)
        now = int(time.time() * 1000)
        unwritten = self._unwritten.setdefault(run_id, [])
        unwritten += [Metric(name, float(value), now, epoch) for name, value in metrics.items()]
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self._flush()

    def repeat_finished(self, number: int, repeat: int, metrics: Mapping[str, float]) -> None:
        self._flush()
        run_id = self._repeat_run(number, repeat)
        log_metrics(self.tracking, run_id, _name_best(metrics))
        self.tracking.client.set_terminated(run_id, "FINISHED")
        del self._repeats[number, repeat]

    def trial_finished(self, number: int, outcome: Any) -> None:
        self._flush()
        run_id = self._runs.pop(number, None)
        if run_id is None:
            runs = self._children(self.parent, f"tags.{TRIAL} = '{number}'")
            if not runs:  # another driver died before it created the run
                return
            run_id = runs[0].info.run_id
            set_tags(self.tracking, run_id, {CLOSED: "by a driver that came after its own"})
        if outcome.state == "complete" or (outcome.state == "pruned" and self.repeats > 1):
            log_metrics(self.tracking, run_id, _name_best(outcome.metrics))
        if outcome.reason:
            reason = without_secret(outcome.reason)
            self.tracking.client.log_text(run_id, reason, "reason.txt")
            set_tags(self.tracking, run_id, {"reason": reason.strip().splitlines()[-1][:500]})
        self._end_children(run_id, STATUS[outcome.state])
        self._repeats = {key: run for key, run in self._repeats.items() if key[0] != number}
        self.tracking.client.set_terminated(run_id, STATUS[outcome.state])

    def sweep_finished(
        self, best: Mapping[str, Any], ended: Mapping[int, Any], idle_share: float
    ) -> None:
        self._flush()
        self._record_missed_ends(ended)
        metrics = {**_count_states(ended), "idle_share": idle_share, **_name_best(best["metrics"])}
        log_metrics(self.tracking, self.parent, metrics)
        params = "\n".join(f"- `{key}`: {value}" for key, value in best["params"].items())
        objectives = ", ".join(f"{name} {value:.4g}" for name, value in best["objectives"].items())
        rule = f"\n\nOf {len(best['front'])} on the Pareto front: {best['picked']}." if (
            "front" in best) else ""  # fmt: skip
        tags = {
            NOTE: f"Best {objectives} in trial {best['trial']}:\n\n{params}{rule}",
            **{f"best.{k}": str(v) for k, v in best["params"].items()},
        }
        if self.leads:
            tags[SWEEP_DIGEST] = files.digest_tree(self.paths.sweep)
            log_folder(self.tracking, self.parent, self.paths.sweep, "sweep")
            log_folder(self.tracking, self.parent, self.paths.sweep_pages, "pages")
        set_tags(self.tracking, self.parent, tags)
        self.tracking.client.set_terminated(self.parent, "FINISHED")

    def sweep_failed(self, error: str, ended: Mapping[int, Any]) -> None:
        """Close the runs of a driver that failed; only the leader's failure is the sweep's."""
        self._flush()
        log_metrics(self.tracking, self.parent, _count_states(ended))
        for run_id in self._runs.values():
            self._end_children(run_id, "KILLED")
            self.tracking.client.set_terminated(run_id, "KILLED")
        if not self.leads:
            return
        first, *rest = without_secret(error).strip().splitlines() or [""]
        self.tracking.client.log_text(self.parent, "\n".join([first, *rest]), "error.txt")
        summary = " ... ".join([first[:250], *(line[:250] for line in rest[-1:])])
        set_tags(self.tracking, self.parent, {"error": summary})
        self.tracking.client.set_terminated(self.parent, "FAILED")

    def _repeat_run(self, number: int, repeat: int) -> str:
        run_id = self._repeats.get((number, repeat))
        if run_id is None:
            tags = {STAGE: "repeat", REPEAT: str(repeat), PARENT: self._runs[number]}
            name = f"trial-{number:03d}-repeat-{repeat}"
            run_id = self._repeats[number, repeat] = begin(self.tracking, name, tags, {})
        return run_id

    def _record_missed_ends(self, ended: Mapping[int, Any]) -> None:
        """Record trials whose driver was killed after it had recorded their end in the study."""
        running = self._children(self.parent, RUNNING)
        dead = [run for run in running if is_dead(run.data.tags)]
        dead += self._children(self.parent, f"tags.{CLOSED} = '{DIED}'")
        for number in {int(run.data.tags[TRIAL]) for run in dead} & ended.keys():
            self.trial_finished(number, ended[number])

    def _end_children(self, run_id: str, status: str) -> None:
        """End the runs of a trial's repeats that still run."""
        if self.repeats > 1:
            for run in self._children(run_id, RUNNING):
                self.tracking.client.set_terminated(run.info.run_id, status)

    def _children(self, run_id: str, query: str) -> list[Run]:
        return search(self.tracking, f"tags.`{PARENT}` = '{run_id}' and {query}")

    def _flush(self) -> None:
        for run_id, metrics in self._unwritten.items():
            self.tracking.client.log_batch(run_id, metrics=metrics)
        self._unwritten.clear()
        self._flushed = time.monotonic()


def _count_states(ended: Mapping[int, Any]) -> dict[str, float]:
    states = [outcome.state for outcome in ended.values()]
    return {f"trials_{state}": float(states.count(state)) for state in STATUS}


def _name_best(metrics: Mapping[str, float]) -> dict[str, float]:
    """Prefix the metrics of the best epoch; what has no epochs keeps its name."""
    plain = ("best_epoch", "parameters", "flops", "latency_ms")
    return {k if k.startswith(plain) else f"best_{k}": v for k, v in metrics.items()}
