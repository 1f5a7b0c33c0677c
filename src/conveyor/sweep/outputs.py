"""What the sweep leaves for people and for `train`; no time, no id, no order of arrival in it."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import optuna
import yaml
from optuna.trial import FrozenTrial, TrialState

from conveyor import files
from conveyor.config import Sweep
from conveyor.plots import sweep as pictures
from conveyor.sweep.best import BEST
from conveyor.sweep.space import logarithmic
from conveyor.sweep.study import (
    DIRECTION,
    METRICS,
    PARAMS,
    POSITION,
    REASON,
    best_of,
    counted,
    importances,
)

STATES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}


def write(folder: Path, sweep: Sweep, study: optuna.Study | None) -> dict[str, Any]:
    """Write best.yaml, trials.csv, intermediate.csv and pictures, whole or not at all.

    Args:
        study: None where the sweep is switched off: then nothing is laid over the configuration.

    Returns:
        What best.yaml holds.
    """
    trials = [t for t in counted(study) if t.state in STATES] if study else []
    best = _best(study, sweep) if study else {"params": {}, "objective": None}
    with files.replacing_folder(folder) as temporary:
        files.write_text(temporary / BEST, yaml.safe_dump(best, sort_keys=True))
        files.write_text(temporary / "trials.csv", _trials_csv(trials, list(sweep.space)))
        files.write_text(temporary / "intermediate.csv", _intermediate_csv(trials))
        if study:
            rows = [_row(trial) for trial in trials]
            better = "lower" if DIRECTION[sweep.objective] == "minimize" else "higher"
            pictures.draw(rows, list(sweep.space), sweep.objective, better,
                          importances(study), logarithmic(sweep.space), temporary)  # fmt: skip
    return best


def _best(study: optuna.Study, sweep: Sweep) -> dict[str, Any]:
    best = best_of(study, sweep.objective)
    assert best is not None, "the driver ends with an error where no trial completed"
    return {
        "params": best.user_attrs[PARAMS],
        "objective": sweep.objective,
        "value": best.value,
        "trial": best.user_attrs[POSITION],
        "metrics": best.user_attrs[METRICS],
    }


def _row(trial: FrozenTrial) -> dict[str, Any]:
    """A trial as plain values, numbered as in an uninterrupted study."""
    return {
        "trial": trial.user_attrs[POSITION],
        "state": STATES[trial.state],
        "value": trial.value,
        "params": trial.user_attrs.get(PARAMS, {}),
        "epochs": sorted(trial.intermediate_values.items()),
    }


def _trials_csv(trials: list[FrozenTrial], keys: list[str]) -> str:
    metrics = sorted({name for trial in trials for name in trial.user_attrs.get(METRICS, {})})
    lines = [["trial", "state", "objective", *keys, *metrics, "reason"]]
    for trial in trials:
        params = trial.user_attrs.get(PARAMS, {})
        values = [json.dumps(params[key]) if key in params else "" for key in keys]
        found = [trial.user_attrs.get(METRICS, {}).get(name, "") for name in metrics]
        reason = (trial.user_attrs.get(REASON, "").strip().splitlines() or [""])[-1]
        row = _row(trial)
        lines.append([row["trial"], row["state"], row["value"], *values, *found, reason])
    return _csv(lines)


def _intermediate_csv(trials: list[FrozenTrial]) -> str:
    lines: list[list[Any]] = [["trial", "epoch", "objective"]]
    for row in map(_row, trials):
        lines += [[row["trial"], epoch, value] for epoch, value in row["epochs"]]
    return _csv(lines)


def _csv(lines: list[list[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(lines)
    return buffer.getvalue()
