"""Records a sweep in MLflow: a parent run, and a child run with the status of each trial.

If `sweep.repeats.count` is above 1, the repeats are children of their trial's run, which shows
means and standard deviations. Several drivers write under one parent, each its own trials.
"""

from collections.abc import Mapping
from typing import Any

from conveyor import files
from conveyor.config.load import flatten
from conveyor.paths import Paths
from conveyor.sweep import events
from conveyor.sweep.protocol import Metrics, State, TrialId, TrialOutcome, TrialOutcomes
from conveyor.tracking import records
from conveyor.tracking.metric_names import OBJECTIVE, STD, name_best, name_costs, name_curves
from conveyor.tracking.open_run import OpenRun
from conveyor.tracking.provenance import git_tags, process_tags
from conveyor.tracking.records import CLOSED, KIND, NAME, NOTE, Record
from conveyor.tracking.runs import (
    DATA_DIGEST,
    STAGE,
    SWEEP_DIGEST,
    close_dead_runs,
    dated_name,
    search,
)
from conveyor.tracking.store import connect
from conveyor.tracking.trial_runs import ATTEMPT, TRIAL, end_missed, trial_key

STATUS = {State.COMPLETE: "FINISHED", State.PRUNED: "KILLED", State.FAILED: "FAILED"}
REPEAT, KEY, STATE = "repeat", "study_key", "state"
DURATIONS = ("best_update", "best_epoch", "updates")  # tags of a trial
STOPPED = "stopped"  # the state of a trial whose driver has failed
REOPENED = "no, it was resumed"  # a value of CLOSED


class SweepRecorder:
    """Records the events of a sweep; see `sweep.events.Observer`.

    Args:
        dataset: name of the data set.
        leads: whether this driver writes the sweep's outputs; others have joined it.
    """

    def __init__(
        self,
        name: str,
        paths: Paths,
        data_digest: str,
        *,
        dataset: str,
        leads: bool = True,
    ) -> None:
        self.paths, self.data_digest, self.leads = paths, data_digest, leads
        self.dataset = dataset
        self.tracking = connect(name, paths)
        self.parent = OpenRun(self.tracking, "")
        self.repeats, self.objectives = 1, [""]
        self._runs: dict[TrialId, OpenRun] = {}  # of each running trial of this driver
        self._repeats: dict[tuple[TrialId, int], OpenRun] = {}  # by trial and repeat

    def observe(self, event: events.Event) -> None:
        """Record one event of the sweep; what MLflow does not take now waits on disk."""
        match event:
            case events.SweepStarted(token, settings, ended):
                self._open_parent(token, settings, ended)
            case events.TrialStarted(trial, params):
                tags = {STAGE: "trial", **_trial_tags(trial)}
                self._runs[trial] = OpenRun.begin(
                    self.tracking, _run_name(trial), tags, params, self.parent
                )
            case events.ValidationReported():
                self._add_validation(event)
            case events.RepeatFinished(trial, repeat, metrics):
                run = self._repeat_run(trial, repeat)
                for record in self._result_records(metrics):
                    run.write(record)
                run.end("FINISHED")
                del self._repeats[trial, repeat]
            case events.TrialFinished(trial, outcome):
                self._end_trial(trial, outcome)
            case events.SweepFinished():
                missed = self._ends(event.ended)
                self.parent.write({KIND: "missed ends", "ended": missed})
                self._end_parent(event)
                self.tracking.sender.drain()
            case events.SweepFailed():
                self._fail_parent(event)
                self.tracking.sender.drain()

    def _open_parent(self, token: str, settings: Mapping[str, Any], ended: TrialOutcomes) -> None:
        """Open the parent run, or continue that of an interrupted sweep."""
        self.repeats, self.objectives = settings["repeats"]["count"], settings["objectives"]
        close_dead_runs(self.tracking)
        earlier = search(self.tracking, f"tags.{KEY} = '{token}' and tags.{STAGE} = 'sweep'")
        if not earlier:
            origin = {DATA_DIGEST: self.data_digest, **git_tags(self.paths.root)}
            tags = {STAGE: "sweep", KEY: token, **origin}
            name = dated_name("sweep")
            self.parent = OpenRun.begin(self.tracking, name, tags, flatten(settings))
            self.parent.log_dataset(self.dataset, self.data_digest)
            self.parent.wait_until_created()  # other drivers look for it
            return
        run_id, client = earlier[0].info.run_id, self.tracking.client
        client.update_run(run_id, status="RUNNING")
        self.parent = OpenRun.resume(self.tracking, str(earlier[0].info.run_name), run_id)
        if self.leads:
            self.parent.set_tags({**process_tags(), CLOSED: REOPENED})
        end_missed(client, self.tracking.experiment_id, run_id, self._ends(ended))

    def _ends(self, ended: TrialOutcomes) -> dict[str, list[Record]]:
        """The records that end each trial, for those whose driver did not write them."""
        return {
            trial_key(trial.number, trial.attempt): self._ending_records(trial, outcome)
            for trial, outcome in ended.items()
        }

    def _add_validation(self, event: events.ValidationReported) -> None:
        """Log the metrics of a validation; their step is the number of updates, where the trial
        says it."""
        trial = event.trial
        run = self._runs[trial] if self.repeats == 1 else self._repeat_run(trial, event.repeat)
        metrics = {name: value for name, value in event.metrics.items() if name != "update"}
        if self.repeats == 1 and self.objectives[0] in metrics:
            # First, since MLflow's page of comparisons opens on the first metric of a run.
            run.log_metrics({OBJECTIVE: metrics[self.objectives[0]]})
        run.log_metrics(name_curves(metrics), int(event.metrics.get("update", event.validation)))

    def _end_trial(self, trial: TrialId, outcome: TrialOutcome) -> None:
        run = self._runs.pop(trial, None)
        last = self._ending_records(trial, outcome)
        if run is None:
            key = trial_key(trial.number, trial.attempt)
            self.parent.write({KIND: "trial end", "trial": key, "records": last})
            return
        self._end_repeats(trial, STATUS[outcome.state])
        for record in last:
            run.write(record)

    def _end_parent(self, event: events.SweepFinished) -> None:
        best = event.best
        metrics = {**_count_states(event.ended), "idle_share": event.idle_share}
        self.parent.log_metrics(metrics | self._name_results(best["metrics"]))
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
        for trial, run in self._runs.items():
            self._end_repeats(trial, "KILLED")
            run.set_tags({STATE: STOPPED, NAME: _state_name(trial, STOPPED)})
            run.end("KILLED")
        if not self.leads:
            return
        first, *rest = event.error.strip().splitlines() or [""]
        summary = " ... ".join([first[:250], *(line[:250] for line in rest[-1:])])
        for record in records.reason(event.error, "error.txt", "error", summary):
            self.parent.write(record)
        self.parent.end("FAILED")

    def _repeat_run(self, trial: TrialId, repeat: int) -> OpenRun:
        if (trial, repeat) not in self._repeats:
            tags = {STAGE: "repeat", REPEAT: str(repeat)}
            name = f"{_run_name(trial)}-repeat-{repeat}"
            self._repeats[trial, repeat] = OpenRun.begin(
                self.tracking, name, tags, {}, self._runs[trial]
            )
        return self._repeats[trial, repeat]

    def _ending_records(self, trial: TrialId, outcome: TrialOutcome) -> list[Record]:
        """The records that end the run of a trial."""
        last: list[Record] = []
        if outcome.state in (State.COMPLETE, State.PRUNED):
            last += self._result_records(outcome.metrics)
        tags = {STATE: str(outcome.state)}
        if outcome.state is not State.COMPLETE:
            tags[NAME] = _state_name(trial, outcome.state)
        if outcome.reason:
            summary = outcome.reason.strip().splitlines()[-1]
            last += records.reason(outcome.reason, "reason.txt", "reason", summary)
        return [*last, records.values(tags=tags), records.end(STATUS[outcome.state])]

    def _result_records(self, metrics: Metrics) -> list[Record]:
        """The records of what a trial or a repeat has reached, and what its network costs."""
        tags = {name: metrics[name] for name in DURATIONS if name in metrics}
        results, costs = self._name_results(metrics), name_costs(metrics)
        return [records.values(metrics=results, params=costs, tags=tags)]

    def _name_results(self, metrics: Metrics) -> dict[str, float]:
        """Name the objectives, and the metrics of the validation rows at the best validation."""
        first, *others = self.objectives
        reached = {
            OBJECTIVE: metrics.get(first),
            f"{OBJECTIVE}{STD}": metrics.get(f"{first}{STD}"),
            **{f"{OBJECTIVE}_{name}": metrics.get(name) for name in others},
        }
        return {k: v for k, v in reached.items() if v is not None} | name_best(metrics)

    def _end_repeats(self, trial: TrialId, status: str) -> None:
        """End the repeats of a trial that still run."""
        for key in [key for key in self._repeats if key[0] == trial]:
            self._repeats.pop(key).end(status)


def _run_name(trial: TrialId) -> str:
    attempt = f"-attempt-{trial.attempt}" if trial.attempt > 1 else ""
    return f"trial-{trial.number:03d}{attempt}"


def _state_name(trial: TrialId, state: str) -> str:
    """The name of a run whose trial is not complete, which the table of runs would show as one
    that is."""
    return f"{_run_name(trial)} ({state})"


def _trial_tags(trial: TrialId) -> dict[str, str]:
    return {TRIAL: str(trial.number), ATTEMPT: str(trial.attempt)}


def _count_states(ended: TrialOutcomes) -> dict[str, float]:
    states = [outcome.state for outcome in ended.values()]
    return {f"trials_{state}": float(states.count(state)) for state in STATUS}
