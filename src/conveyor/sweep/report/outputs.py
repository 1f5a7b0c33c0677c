"""Writes the outputs of a sweep, which hold no times and no ids, so that equal sweeps write equal
bytes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from conveyor import files
from conveyor.config import Sweep
from conveyor.metrics.objectives import OBJECTIVES
from conveyor.plots import sweep as plots
from conveyor.plots.pareto import plot_pareto
from conveyor.sweep.attributes import METRICS, POSITION, REASON, STATES
from conveyor.sweep.best import BEST
from conveyor.sweep.best_trial import is_feasible
from conveyor.sweep.grammar import is_log
from conveyor.sweep.report.importance import importances
from conveyor.sweep.space import Space
from conveyor.sweep.study import SweepStudy

EMPTY_BEST: dict[str, Any] = {"params": {}, "objectives": {}}


def write(folder: Path, sweep: Sweep, study: SweepStudy, best: dict[str, Any]) -> None:
    """Write best.yaml, trials.csv, intermediate.csv and the plots, whole or not at all.

    Args:
        best: content of best.yaml.
    """
    rows = _rows(study)
    trials = plots.SweepTrials(
        rows=rows,
        keys=study.space.keys,
        logarithmic=logarithmic_keys(study.space),
        objectives=sweep.objectives,
        better=[OBJECTIVES[objective] for objective in sweep.objectives],
    )
    with files.replacing_folder(folder) as temporary:
        _write_tables(temporary, best, rows, study.space.keys)
        plots.plot_sweep(trials, importances(study.optuna), temporary)
        if len(sweep.objectives) > 1:
            front = [trial["trial"] for trial in best["front"]]
            plot_pareto(trials, front, best["trial"], temporary / "pareto.png")


def write_nothing(folder: Path) -> None:
    """Write the outputs of a disabled sweep: no parameters, tables without rows."""
    with files.replacing_folder(folder) as temporary:
        _write_tables(temporary, EMPTY_BEST, [], [])


def logarithmic_keys(space: Space) -> set[str]:
    """Return the keys that are searched on a log scale."""
    return {dimension.key for dimension in space.dimensions if is_log(dimension.sweep)}


def _rows(study: SweepStudy) -> list[dict[str, Any]]:
    """Return the ended trials as plain values, numbered as in an uninterrupted study."""
    return [
        {
            "trial": trial.user_attrs[POSITION],
            "state": STATES[trial.state],
            "feasible": is_feasible(trial),
            "values": trial.values or [],
            "value": trial.values[0] if trial.values else None,
            "params": study.space.values(trial.params),
            "metrics": trial.user_attrs.get(METRICS, {}),
            "reason": (trial.user_attrs.get(REASON, "").strip().splitlines() or [""])[-1],
            "epochs": sorted(trial.intermediate_values.items()),
        }
        for trial in study.counted(*STATES)
    ]


def _write_tables(
    folder: Path, best: dict[str, Any], rows: list[dict[str, Any]], keys: Sequence[str]
) -> None:
    files.write_text(folder / BEST, yaml.safe_dump(best, sort_keys=True))
    _write_trials(folder / "trials.csv", rows, keys)
    epochs = [(row["trial"], epoch, value) for row in rows for epoch, value in row["epochs"]]
    files.write_csv(folder / "intermediate.csv", ["trial", "epoch", "objective"], epochs)


def _write_trials(path: Path, rows: Sequence[dict[str, Any]], keys: Sequence[str]) -> None:
    """Write one line for each trial; `objective` is the first one, the others are among the
    metrics."""
    metrics = sorted({name for row in rows for name in row["metrics"]})
    columns = ["trial", "state", "feasible", "objective", *keys, *metrics, "reason"]
    lines = [
        [
            row["trial"],
            row["state"],
            json.dumps(row["feasible"]),
            row["value"],
            *(json.dumps(row["params"][key]) if key in row["params"] else "" for key in keys),
            *(row["metrics"].get(name, "") for name in metrics),
            row["reason"],
        ]
        for row in rows
    ]
    files.write_csv(path, columns, lines)
