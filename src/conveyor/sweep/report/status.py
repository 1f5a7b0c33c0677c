"""Describes a running or ended sweep for another terminal; it only reads."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from optuna.trial import FrozenTrial, TrialState

from conveyor.config import Sweep
from conveyor.sweep.attributes import DONE, DRIVER, ENDED, LEADER, PARAMS, REPEATS, identify_trial
from conveyor.sweep.report.progress import summary_line
from conveyor.sweep.study import SweepStudy

PACE_TRIALS = 10  # the pace is that of so many newest trials


def describe(study: SweepStudy) -> str:
    """Return the counts, the pace, the best trial, and every running trial with its driver."""
    attrs, sweep = study.optuna.user_attrs, study.config.sweep
    leader = f"led by {attrs[LEADER]}" if LEADER in attrs else "without a leader"
    state = f"ended: {attrs[ENDED]}" if ENDED in attrs else leader
    alive = study.has_living_driver
    lines = [
        f"study {study.key}, {state}",
        f"{study.done} of {study.total} trials, {summary_line(study)}",
        *_describe_pace(study.counted(*DONE), study.total),
        *(_describe_trial(t, sweep, alive=alive(t)) for t in study.counted(TrialState.RUNNING)),
    ]
    return "\n".join(lines)


def _describe_pace(done: Sequence[FrozenTrial], total: int) -> list[str]:
    """Return a line with trials per hour, and the time left at that pace; none if unknown."""
    ends = sorted(trial.datetime_complete for trial in done if trial.datetime_complete)
    ends = ends[-PACE_TRIALS:]
    if len(ends) < 2 or len(done) >= total:
        return []
    seconds = (ends[-1] - ends[0]).total_seconds() / (len(ends) - 1)
    left = timedelta(seconds=round(seconds * (total - len(done))))
    return [f"{3600 / max(seconds, 1e-3):.0f} trials an hour; about {left} to go"]


def _describe_trial(trial: FrozenTrial, sweep: Sweep, *, alive: bool) -> str:
    steps = trial.intermediate_values
    seconds = (datetime.now() - trial.datetime_start).total_seconds() if trial.datetime_start else 0
    parts = [f"trial {identify_trial(trial)} for {timedelta(seconds=round(seconds))}"]
    if sweep.repeats.count > 1:
        ended = len(trial.user_attrs.get(REPEATS, []))
        parts.append(f"repeat {ended + 1} of {sweep.repeats.count}")
    if steps:
        last = max(steps)
        parts.append(f"validation {last}, {sweep.objectives[0]} {steps[last]:.4g}")
    parts.append(str(trial.user_attrs.get(PARAMS, "")))
    driver = trial.user_attrs.get(DRIVER, "nobody")
    parts.append(f"driver {driver}" if alive else f"its driver {driver} is dead")
    return "  " + ", ".join(parts)
