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
from conveyor.secrets import without_secret
from conveyor.sweep import events
from conveyor.sweep.protocol import State, TrialId, TrialOutcome, TrialOutcomes
from conveyor.tracking.provenance import git_tags, is_dead, process_tags
from conveyor.tracking.runs import (
    CLOSED,
    DATA_DIGEST,
    DIED,
    NOTE,
    STAGE,
    SWEEP_DIGEST,
    OpenRun,
    close_dead_runs,
    flatten,
    search,
)
from conveyor.tracking.store import connect

STATUS = {State.COMPLETE: "FINISHED", State.PRUNED: "KILLED", State.FAILED: "FAILED"}
FLUSH_SECONDS = 2.0  # between writes of validation metrics; one write takes 20 ms
TRIAL, ATTEMPT, REPEAT, KEY = "trial", "attempt", "repeat", "study_key"
PARENT = "mlflow.parentRunId"
# Values of CLOSED, which says who has closed a run if its own process did not.
REOPENED, BY_LATER_DRIVER = "no, it was resumed", "by a driver that came after its own"
RUNNING = "attributes.status = 'RUNNING'"


class SweepRecorder:
    """Records the events of a sweep; see `sweep.events.Observer`.

    Args:
        leads: whether this driver writes the sweep's outputs; others have joined it.
    """

    def __init__(self, name: str, paths: Paths, data_digest: str, *, leads: bool = True) -> None:
        self.paths, self.data_digest, self.leads = paths, data_digest, leads
        self.tracking = connect(name, paths)
        self.parent = OpenRun(self.tracking, "")
        self.repeats = 1
        self._unwritten: dict[OpenRun, list[Metric]] = {}
        self._flushed = time.monotonic()
        self._runs: dict[TrialId, OpenRun] = {}  # of each running trial of this driver
        self._repeats: dict[tuple[TrialId, int], OpenRun] = {}  # by trial and repeat

    def observe(self, event: events.Event) -> None:
        """Record one event of the sweep, after the validations that wait to be written."""
        if not isinstance(event, events.ValidationReported):
            self._flush()
        match event:
            case events.SweepStarted(token, settings, ended):
                self._open_parent(token, settings, ended)
            case events.TrialStarted(trial, params):
                tags = {STAGE: "trial", **_trial_tags(trial), PARENT: self.parent.id}
                self._runs[trial] = OpenRun.begin(self.tracking, _run_name(trial), tags, params)
            case events.ValidationReported():
                self._add_validation(event)
            case events.RepeatFinished(trial, repeat, metrics):
                run = self._repeat_run(trial, repeat)
                run.log_metrics(_name_best(metrics))
                run.end("FINISHED")
                del self._repeats[trial, repeat]
            case events.TrialFinished(trial, outcome):
                self._end_trial(trial, outcome)
            case events.SweepFinished():
                self._record_missed_ends(event.ended)
                self._end_parent(event)
            case events.SweepFailed():
                self._fail_parent(event)

    def _open_parent(self, token: str, settings: Mapping[str, Any], ended: TrialOutcomes) -> None:
        """Open the parent run, or continue that of an interrupted sweep."""
        self.repeats = settings["repeats"]["count"]
        close_dead_runs(self.tracking)
        earlier = search(self.tracking, f"tags.{KEY} = '{token}' and tags.{STAGE} = 'sweep'")
        if not earlier:
            origin = {DATA_DIGEST: self.data_digest, **git_tags(self.paths.root)}
            tags, name = {STAGE: "sweep", KEY: token, **origin}, f"sweep-{token[:8]}"
            self.parent = OpenRun.begin(self.tracking, name, tags, flatten(settings))
            return
        self.parent = OpenRun(self.tracking, earlier[0].info.run_id)
        self.tracking.client.update_run(self.parent.id, status="RUNNING")
        if self.leads:
            self.parent.set_tags({**process_tags(), CLOSED: REOPENED})
        self._record_missed_ends(ended)

    def _add_validation(self, event: events.ValidationReported) -> None:
        """Add the metrics of a validation to those that the next write contains; their step is the
        number of updates, where the trial says it."""
        step = int(event.metrics.get("update", event.validation))
        trial, now = event.trial, int(time.time() * 1000)
        run = self._runs[trial] if self.repeats == 1 else self._repeat_run(trial, event.repeat)
        self._unwritten.setdefault(run, []).extend(
            Metric(name, float(value), now, step)
            for name, value in event.metrics.items()
            if name != "update"
        )
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self._flush()

    def _end_trial(self, trial: TrialId, outcome: TrialOutcome) -> None:
        run = self._runs.pop(trial, None)
        if run is None:
            query = " and ".join(f"tags.{key} = '{v}'" for key, v in _trial_tags(trial).items())
            matches = self._search_children(self.parent, query)
            if not matches:  # another driver died before it created the run
                return
            run = OpenRun(self.tracking, matches[0].info.run_id)
            run.set_tags({CLOSED: BY_LATER_DRIVER})
        if outcome.state == State.COMPLETE or (outcome.state == State.PRUNED and self.repeats > 1):
            run.log_metrics(_name_best(outcome.metrics))
        if outcome.reason:
            run.log_reason(outcome.reason, "reason.txt", "reason")
        self._repeats = {key: run for key, run in self._repeats.items() if key[0] != trial}
        self._end_run(run, STATUS[outcome.state])

    def _end_parent(self, event: events.SweepFinished) -> None:
        best = event.best
        metrics = {**_count_states(event.ended), "idle_share": event.idle_share}
        self.parent.log_metrics(metrics | _name_best(best["metrics"]))
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
            self.parent.log_folder(self.paths.sweep, "sweep")
            self.parent.log_folder(self.paths.sweep_pages, "pages")
        self.parent.set_tags(tags)
        self.parent.end("FINISHED")

    def _fail_parent(self, event: events.SweepFailed) -> None:
        """Close the runs of a driver that failed; only the leader's failure is the sweep's."""
        self.parent.log_metrics(_count_states(event.ended))
        for run in self._runs.values():
            self._end_run(run, "KILLED")
        if not self.leads:
            return
        first, *rest = without_secret(event.error).strip().splitlines() or [""]
        self.tracking.client.log_text(self.parent.id, "\n".join([first, *rest]), "error.txt")
        summary = " ... ".join([first[:250], *(line[:250] for line in rest[-1:])])
        self.parent.set_tags({"error": summary})
        self.parent.end("FAILED")

    def _repeat_run(self, trial: TrialId, repeat: int) -> OpenRun:
        if (trial, repeat) not in self._repeats:
            tags = {STAGE: "repeat", REPEAT: str(repeat), PARENT: self._runs[trial].id}
            name = f"{_run_name(trial)}-repeat-{repeat}"
            self._repeats[trial, repeat] = OpenRun.begin(self.tracking, name, tags, {})
        return self._repeats[trial, repeat]

    def _record_missed_ends(self, ended: TrialOutcomes) -> None:
        """Record trials whose driver was killed after it had recorded their end in the study."""
        running = self._search_children(self.parent, RUNNING)
        dead = [run for run in running if is_dead(run.data.tags)]
        dead += self._search_children(self.parent, f"tags.{CLOSED} = '{DIED}'")
        for run in dead:
            tags = run.data.tags
            trial = TrialId(int(tags[TRIAL]), int(tags.get(ATTEMPT, 1)))
            if trial in ended:
                self._end_trial(trial, ended[trial])

    def _end_run(self, run: OpenRun, status: str) -> None:
        """End the run of a trial, and those of its repeats that still run."""
        if self.repeats > 1:
            for child in self._search_children(run, RUNNING):
                OpenRun(self.tracking, child.info.run_id).end(status)
        run.end(status)

    def _search_children(self, run: OpenRun, query: str) -> list[Run]:
        return search(self.tracking, f"tags.`{PARENT}` = '{run.id}' and {query}")

    def _flush(self) -> None:
        for run, metrics in self._unwritten.items():
            self.tracking.client.log_batch(run.id, metrics=metrics)
        self._unwritten.clear()
        self._flushed = time.monotonic()


def _run_name(trial: TrialId) -> str:
    attempt = f"-attempt-{trial.attempt}" if trial.attempt > 1 else ""
    return f"trial-{trial.number:03d}{attempt}"


def _trial_tags(trial: TrialId) -> dict[str, str]:
    return {TRIAL: str(trial.number), ATTEMPT: str(trial.attempt)}


def _count_states(ended: TrialOutcomes) -> dict[str, float]:
    states = [outcome.state for outcome in ended.values()]
    return {f"trials_{state}": float(states.count(state)) for state in STATUS}


def _name_best(metrics: Mapping[str, float]) -> dict[str, float]:
    """Prefix the metrics of the best validation; what has no validations keeps its name."""
    plain = ("best_update", "best_epoch", "updates", "parameters", "flops", "latency_ms")
    return {k if k.startswith(plain) else f"best_{k}": v for k, v in metrics.items()}
