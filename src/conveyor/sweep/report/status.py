"""What a sweep is doing, told from another terminal; nothing is written."""

from datetime import datetime, timedelta
from pathlib import Path

from optuna.trial import FrozenTrial, TrialState

from conveyor.config import SweepConfig
from conveyor.sweep.attributes import DONE, DRIVER, ENDED, LEADER, PARAMS, POSITION, REPEATS
from conveyor.sweep.report.progress import line
from conveyor.sweep.study import SweepStudy


def status(config: SweepConfig, data_digest: str, scratch: Path) -> str:
    """Counts, pace, the best so far, and every trial under way with its driver.

    Raises:
        SweepError: there is no study.
    """
    with SweepStudy(scratch, config, data_digest, "look") as study:
        attrs = study.optuna.user_attrs
        led = f"led by {attrs[LEADER]}" if LEADER in attrs else "without a leader"
        state = f"ended: {attrs[ENDED]}" if ENDED in attrs else led
        lines = [
            f"study {study.key}, {state}",
            f"{study.done} of {study.total} trials, {line(config.sweep, study)}",
        ]
        lines += _pace(study.counted(*DONE), study.total)
        running = study.counted(TrialState.RUNNING)
        for trial in running:
            lines.append(_running(trial, config, alive=study.lives(trial)))
        return "\n".join(lines)


def storage(config: SweepConfig, data_digest: str, scratch: Path) -> str:
    """Where optuna-dashboard finds the study, as a URL.

    Raises:
        SweepError: there is no study.
    """
    with SweepStudy(scratch, config, data_digest, "look") as study:
        return study.url


def _pace(done: list[FrozenTrial], total: int) -> list[str]:
    """Trials an hour over the newest ten, and when the last would end at that pace."""
    ends = sorted(t.datetime_complete for t in done if t.datetime_complete)[-10:]
    if len(ends) < 2 or len(done) >= total:
        return []
    each = (ends[-1] - ends[0]).total_seconds() / (len(ends) - 1)
    left = timedelta(seconds=round(each * (total - len(done))))
    return [f"{3600 / max(each, 1e-3):.0f} trials an hour; about {left} to go"]


def _running(trial: FrozenTrial, config: SweepConfig, *, alive: bool) -> str:
    steps = trial.intermediate_values
    seconds = (datetime.now() - trial.datetime_start).total_seconds() if trial.datetime_start else 0
    parts = [f"trial {trial.user_attrs[POSITION]} for {timedelta(seconds=round(seconds))}"]
    if config.sweep.repeats.count > 1:
        ended = len(trial.user_attrs.get(REPEATS, []))
        parts.append(f"repeat {ended + 1} of {config.sweep.repeats.count}")
    if steps:
        last = max(steps)
        parts.append(f"epoch {last}, {config.sweep.objectives[0]} {steps[last]:.4g}")
    parts.append(str(trial.user_attrs.get(PARAMS, "")))
    driver = trial.user_attrs.get(DRIVER, "nobody")
    parts.append(f"driver {driver}" if alive else f"its driver {driver} is dead")
    return "  " + ", ".join(parts)
