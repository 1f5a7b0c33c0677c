"""Writes what a sweep leaves: tables, plots, pages.

All but the pages hold no times and no ids, so that equal sweeps write equal bytes."""

import json
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from conveyor import files
from conveyor.plots.pareto import plot_pareto
from conveyor.plots.sweep import plot_sweep, plot_timeline
from conveyor.plots.sweep_trials import SweepTrials
from conveyor.sweep.attributes import METRICS, POSITION, REASON, STATES
from conveyor.sweep.best import BEST
from conveyor.sweep.ranking import compute_importances, is_feasible
from conveyor.sweep.report import html_report
from conveyor.sweep.study import SweepStudy
from conveyor.tasks.objectives import objectives

log = logging.getLogger(__name__)

EMPTY_BEST: dict[str, Any] = {"params": {}, "objectives": {}}


def write(folder: Path, pages: Path, study: SweepStudy, best: dict[str, Any]) -> None:
    """Write the tables and plots of a sweep, and the pages that show times; each folder whole.

    Args:
        folder: of best.yaml, trials.csv, intermediate.csv, importance.csv and the plots.
        pages: of study.html and timeline.png.
        best: content of best.yaml.
    """
    rows, space = _collect_rows(study), study.space
    directions = {name: objectives()[name] for name in study.config.sweep.objectives}
    importance = compute_importances(study.optuna)
    with files.replacing_folder(folder) as tables, files.replacing_folder(pages) as timed:
        _write_tables(tables, best, rows, space.keys)
        shares = sorted(importance.items(), key=lambda pair: -pair[1])
        files.write_csv(tables / "importance.csv", ["parameter", "share"], shares)
        html_report.write(timed / "study.html", study, importance, best)
        valued = [row for row in rows if row["value"] is not None]
        logarithmic = space.logarithmic_keys
        trials = SweepTrials(valued, space.keys, logarithmic, directions, space.ends)
        plot_sweep(trials, importance, tables)
        if "front" in best:
            front = [trial["trial"] for trial in best["front"]]
            plot_pareto(trials, front, best["trial"], tables / "pareto.png")
        plot_timeline(rows, timed / "timeline.png")


def write_nothing(folder: Path, pages: Path, reason: str) -> None:
    """Write the outputs of a sweep that does not run: no parameters, tables without rows.

    The pages are removed, since they show an earlier sweep.
    """
    log.info("no search, since %s; train uses the configuration as it is", reason)
    shutil.rmtree(pages, ignore_errors=True)
    with files.replacing_folder(folder) as temporary:
        _write_tables(temporary, EMPTY_BEST, [], [])


def _collect_rows(study: SweepStudy) -> list[dict[str, Any]]:
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
            "validations": sorted(trial.intermediate_values.items()),
            "start": trial.datetime_start,
            "end": trial.datetime_complete,
        }
        for trial in study.counted(*STATES)
    ]


def _write_tables(
    folder: Path, best: dict[str, Any], rows: list[dict[str, Any]], keys: Sequence[str]
) -> None:
    """Write best.yaml, a line for each trial, and a line for each validation.

    The column `objective` holds the first one; the others are among the metrics.
    """
    files.write_text(folder / BEST, yaml.safe_dump(best, sort_keys=True))
    validations = [(row["trial"], *pair) for row in rows for pair in row["validations"]]
    files.write_csv(folder / "intermediate.csv", ["trial", "validation", "objective"], validations)
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
    files.write_csv(folder / "trials.csv", columns, lines)
