"""The belt as the page draws it: what each stage did last, and what has changed since."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.stage_log import STAGES, StageRun, read_stage_runs
from conveyor.tracking.provenance import lock_entries

log = logging.getLogger(__name__)

Outcome = Literal[
    "ran", "cached", "failed", "interrupted", "not reached", "out of date", "not run yet"
]


@dataclass(frozen=True)
class BeltRun:
    """Which run of the belt the page is about.

    Attributes:
        since: when it began, in seconds since 1970; None: the last one whose stages are recorded.
        failed: whether it is known that it failed.
        settled: whether it has just ended well, so that neither DVC nor MLflow need be asked what
            it has left.
    """

    since: float | None = None
    failed: bool = False
    settled: bool = False


@dataclass(frozen=True)
class StageState:
    """What a stage did.

    Attributes:
        began: day and time of its last run in this folder; None if there was none.
        seconds: that this run took; None if it did not end, too.
        error: why it failed.
        changes: what it reads or writes and has changed since, as DVC says.
    """

    name: str
    outcome: Outcome
    began: str | None
    seconds: float | None
    error: str | None
    changes: list[str]


def describe_belt(paths: Paths, belt: BeltRun) -> list[StageState]:
    """Return the state of each stage, in order."""
    runs, locked = read_stage_runs(paths), lock_entries(paths.root)
    status = {} if belt.settled else _read_status(paths)
    newest = max(runs.values(), key=lambda run: run.began, default=None)
    states: list[StageState] = []
    for name in STAGES:
        run, changes = runs.get(name), _list_changes(status.get(name, []))
        if run is not None and _belongs_to(run, belt, newest):
            outcome = _outcome_of(run)
        elif any(state.outcome in ("failed", "interrupted") for state in states):
            outcome = "not reached"
        elif name not in locked:
            outcome = "not run yet"
        else:
            outcome = "out of date" if name in status else "cached"
        error = run.error if run is not None and outcome == "failed" else None
        if belt.failed and outcome in ("out of date", "not run yet"):
            # It failed before it could record anything, such as at an import.
            outcome, error = "failed", "it did not start; the output of the belt says why"
        began = None if run is None else f"{datetime.fromtimestamp(run.began, UTC):%Y-%m-%d %H:%M}"
        states.append(StageState(name, outcome, began, run and run.seconds, error, changes))
    return states


def _read_status(paths: Paths) -> Mapping[str, list[Any]]:
    """Return what DVC says has changed; nothing where it cannot say."""
    from conveyor.retraining.dvc import read_status  # loads MLflow

    try:
        return read_status(paths)
    except InputError as error:
        log.warning("the page does not say what has changed since: %s", error)
        return {}


def _belongs_to(run: StageRun, belt: BeltRun, newest: StageRun | None) -> bool:
    if belt.since is not None:
        return run.began >= belt.since
    return newest is not None and run.belt == newest.belt


def _outcome_of(run: StageRun) -> Outcome:
    if run.error is not None:
        return "failed"
    return "interrupted" if run.seconds is None else "ran"


def _list_changes(entries: list[Any]) -> list[str]:
    """Return the changes of one stage in words, from its entries in `dvc status --json`."""
    changes = []
    for entry in entries:
        if isinstance(entry, str):  # such as "changed command"
            changes.append(entry)
            continue
        for changed in entry.values():
            for path, change in changed.items():
                if isinstance(change, Mapping):  # keys of a file of parameters
                    changes += [f"{path}: {key} {how}" for key, how in change.items()]
                else:
                    changes.append(f"{path} {change}")
    return changes
