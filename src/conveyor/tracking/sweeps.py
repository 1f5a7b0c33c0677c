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
from conveyor.sweep import events
from conveyor.sweep.protocol import Outcome, Outcomes, State, TrialId
from conveyor.tracking import runs
from conveyor.tracking.provenance import git_tags, is_dead, process_tags
from conveyor.tracking.store import connect, without_secret

STATUS = {State.COMPLETE: "FINISHED", State.PRUNED: "KILLED", State.FAILED: "FAILED"}
FLUSH_SECONDS = 2.0  # between writes of epoch metrics; one write takes 20 ms
TRIAL, ATTEMPT, REPEAT, KEY = "trial", "attempt", "repeat", "study_key"
PARENT = "mlflow.parentRunId"
# Values of runs.CLOSED, which says who has closed a run if its own process did not.
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
        self.parent = ""
        self.repeats = 1
        self._unwritten: dict[str, list[Metric]] = {}  # by run id
        self._flushed = time.monotonic()
        self._runs: dict[TrialId, str] = {}  # run id of each running trial of this driver
        self._repeats: dict[tuple[TrialId, int], str] = {}  # run id by trial and repeat

    def observe(self, event: events.Event) -> None:
        """Record one event of the sweep."""
        match event:
            case events.SweepStarted(token, settings, ended):
                self._open_parent(token, settings, ended)
            case events.TrialStarted(trial, params):
                tags = {runs.STAGE: "trial", **_trial_tags(trial), PARENT: self.parent}
                self._runs[trial] = runs.begin(self.tracking, _run_name(trial), tags, params)
            case events.EpochReported():
                self._add_epoch(event)
            case events.RepeatFinished(trial, repeat, metrics):
                self._flush()
                run_id = self._repeat_run(trial, repeat)
                runs.log_metrics(self.tracking, run_id, _name_best(metrics))
                self.tracking.client.set_terminated(run_id, "FINISHED")
                del self._repeats[trial, repeat]
            case events.TrialFinished(trial, outcome):
                self._flush()
                self._end_trial(trial, outcome)
            case events.SweepFinished():
                self._flush()
                self._record_missed_ends(event.ended)
                self._end_parent(event)
            case events.SweepFailed():
                self._flush()
                self._fail_parent(event)

    def _open_parent(self, token: str, settings: Mapping[str, Any], ended: Outcomes) -> None:
        """Open the parent run, or continue that of an interrupted sweep."""
        self.repeats = settings["repeats"]["count"]
        runs.close_dead_runs(self.tracking)
        query = f"tags.{KEY} = '{token}' and tags.{runs.STAGE} = 'sweep'"
        earlier = runs.search(self.tracking, query)
        if not earlier:
            origin = {runs.DATA_DIGEST: self.data_digest, **git_tags(self.paths.root)}
            tags = {runs.STAGE: "sweep", KEY: token, **origin}
            self.parent = runs.begin(self.tracking, f"sweep-{token[:8]}", tags, runs.flat(settings))
            return
        self.parent = earlier[0].info.run_id
        self.tracking.client.update_run(self.parent, status="RUNNING")
        if self.leads:
            runs.set_tags(self.tracking, self.parent, {**process_tags(), runs.CLOSED: REOPENED})
        self._record_missed_ends(ended)

    def _add_epoch(self, event: events.EpochReported) -> None:
        """Add the metrics of an epoch to those that the next write contains."""
        trial, now = event.trial, int(time.time() * 1000)
        run_id = self._runs[trial] if self.repeats == 1 else self._repeat_run(trial, event.repeat)
        self._unwritten.setdefault(run_id, []).extend(
            Metric(name, float(value), now, event.epoch) for name, value in event.metrics.items()
        )
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self._flush()

    def _end_trial(self, trial: TrialId, outcome: Outcome) -> None:
        run_id = self._runs.pop(trial, None)
        if run_id is None:
            query = " and ".join(f"tags.{key} = '{v}'" for key, v in _trial_tags(trial).items())
            matches = self._children(self.parent, query)
            if not matches:  # another driver died before it created the run
                return
            run_id = matches[0].info.run_id
            runs.set_tags(self.tracking, run_id, {runs.CLOSED: BY_LATER_DRIVER})
        if outcome.state == State.COMPLETE or (outcome.state == State.PRUNED and self.repeats > 1):
            runs.log_metrics(self.tracking, run_id, _name_best(outcome.metrics))
        if outcome.reason:
            reason = without_secret(outcome.reason)
            self.tracking.client.log_text(run_id, reason, "reason.txt")
            runs.set_tags(self.tracking, run_id, {"reason": reason.strip().splitlines()[-1][:500]})
        self._repeats = {key: run for key, run in self._repeats.items() if key[0] != trial}
        self._end_run(run_id, STATUS[outcome.state])

    def _end_parent(self, event: events.SweepFinished) -> None:
        best, counts = event.best, _count_states(event.ended)
        metrics = {**counts, "idle_share": event.idle_share, **_name_best(best["metrics"])}
        runs.log_metrics(self.tracking, self.parent, metrics)
        params = "\n".join(f"- `{key}`: {value}" for key, value in best["params"].items())
        objectives = ", ".join(f"{name} {value:.4g}" for name, value in best["objectives"].items())
        rule = f"\n\nOf {len(best['front'])} on the Pareto front: {best['picked']}." if (
            "front" in best) else ""  # fmt: skip
        tags = {
            runs.NOTE: f"Best {objectives} in trial {best['trial']}:\n\n{params}{rule}",
            **{f"best.{k}": str(v) for k, v in best["params"].items()},
        }
        if self.leads:
            tags[runs.SWEEP_DIGEST] = files.digest_tree(self.paths.sweep)
            runs.log_folder(self.tracking, self.parent, self.paths.sweep, "sweep")
            runs.log_folder(self.tracking, self.parent, self.paths.sweep_pages, "pages")
        runs.set_tags(self.tracking, self.parent, tags)
        self.tracking.client.set_terminated(self.parent, "FINISHED")

    def _fail_parent(self, event: events.SweepFailed) -> None:
        """Close the runs of a driver that failed; only the leader's failure is the sweep's."""
        runs.log_metrics(self.tracking, self.parent, _count_states(event.ended))
        for run_id in self._runs.values():
            self._end_run(run_id, "KILLED")
        if not self.leads:
            return
        first, *rest = without_secret(event.error).strip().splitlines() or [""]
        self.tracking.client.log_text(self.parent, "\n".join([first, *rest]), "error.txt")
        summary = " ... ".join([first[:250], *(line[:250] for line in rest[-1:])])
        runs.set_tags(self.tracking, self.parent, {"error": summary})
        self.tracking.client.set_terminated(self.parent, "FAILED")

    def _repeat_run(self, trial: TrialId, repeat: int) -> str:
        run_id = self._repeats.get((trial, repeat))
        if run_id is None:
            tags = {runs.STAGE: "repeat", REPEAT: str(repeat), PARENT: self._runs[trial]}
            name = f"{_run_name(trial)}-repeat-{repeat}"
            run_id = self._repeats[trial, repeat] = runs.begin(self.tracking, name, tags, {})
        return run_id

    def _record_missed_ends(self, ended: Outcomes) -> None:
        """Record trials whose driver was killed after it had recorded their end in the study."""
        running = self._children(self.parent, RUNNING)
        dead = [run for run in running if is_dead(run.data.tags)]
        dead += self._children(self.parent, f"tags.{runs.CLOSED} = '{runs.DIED}'")
        for run in dead:
            tags = run.data.tags
            trial = TrialId(int(tags[TRIAL]), int(tags.get(ATTEMPT, 1)))
            if trial in ended:
                self._end_trial(trial, ended[trial])

    def _end_run(self, run_id: str, status: str) -> None:
        """End the run of a trial, and those of its repeats that still run."""
        if self.repeats > 1:
            for run in self._children(run_id, RUNNING):
                self.tracking.client.set_terminated(run.info.run_id, status)
        self.tracking.client.set_terminated(run_id, status)

    def _children(self, run_id: str, query: str) -> list[Run]:
        return runs.search(self.tracking, f"tags.`{PARENT}` = '{run_id}' and {query}")

    def _flush(self) -> None:
        for run_id, metrics in self._unwritten.items():
            self.tracking.client.log_batch(run_id, metrics=metrics)
        self._unwritten.clear()
        self._flushed = time.monotonic()


def _run_name(trial: TrialId) -> str:
    attempt = f"-attempt-{trial.attempt}" if trial.attempt > 1 else ""
    return f"trial-{trial.number:03d}{attempt}"


def _trial_tags(trial: TrialId) -> dict[str, str]:
    return {TRIAL: str(trial.number), ATTEMPT: str(trial.attempt)}


def _count_states(ended: Outcomes) -> dict[str, float]:
    states = [outcome.state for outcome in ended.values()]
    return {f"trials_{state}": float(states.count(state)) for state in STATUS}


def _name_best(metrics: Mapping[str, float]) -> dict[str, float]:
    """Prefix the metrics of the best epoch; what has no epochs keeps its name."""
    plain = ("best_epoch", "parameters", "flops", "latency_ms")
    return {k if k.startswith(plain) else f"best_{k}": v for k, v in metrics.items()}
