"""What the sweep leaves for people and for `train`; no time, no id, no order of arrival in it."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from optuna.trial import FrozenTrial

from conveyor import files
from conveyor.config import Sweep
from conveyor.plots import sweep as pictures
from conveyor.plots.pareto import pareto
from conveyor.sweep.best import BEST
from conveyor.sweep.grammar import is_log
from conveyor.sweep.record import DIRECTION, METRICS, PARAMS, POSITION, REASON, STATES
from conveyor.sweep.results import best_of, feasible, front, importances
from conveyor.sweep.space import Space
from conveyor.sweep.study import SweepStudy

NOTHING: dict[str, Any] = {"params": {}, "objectives": {}}


def write(folder: Path, sweep: Sweep, study: SweepStudy | None) -> dict[str, Any]:
    """Write best.yaml, trials.csv, intermediate.csv and pictures, whole or not at all.

    Args:
        study: None where the sweep is switched off: then nothing is laid over the configuration.

    Returns:
        What best.yaml holds.
    """
    found = best(study, sweep) if study else NOTHING
    with files.replacing_folder(folder) as temporary:
        files.write_text(temporary / BEST, yaml.safe_dump(found, sort_keys=True))
        rows = _rows(study) if study else []
        keys = study.space.keys if study else []
        files.write_text(temporary / "trials.csv", _trials_csv(rows, keys))
        files.write_text(temporary / "intermediate.csv", _intermediate_csv(rows))
        if study:
            _draw(temporary, rows, found, study, sweep)
    return found


def best(study: SweepStudy, sweep: Sweep) -> dict[str, Any]:
    """The chosen trial; with several objectives, the front and the rule of the choice too."""
    chosen = best_of(study.optuna, sweep)
    assert chosen is not None, "the sweep ends with an error where no trial is good"
    found = {**_found(chosen, sweep), "metrics": chosen.user_attrs[METRICS]}
    if len(sweep.objectives) > 1:
        rule = {"knee": "nearest to the ideal point, each objective scaled over the front",
                "first": f"within {sweep.pick.tolerance:g} of the best {sweep.objectives[0]}, "
                         "the best by the other objectives"}[sweep.pick.rule]  # fmt: skip
        found["picked"] = f"{sweep.pick.rule}: {rule}"
        found["front"] = [_found(trial, sweep) for trial in front(study.optuna, sweep)]
    return found


def _found(trial: FrozenTrial, sweep: Sweep) -> dict[str, Any]:
    return {
        "trial": trial.user_attrs[POSITION],
        "params": trial.user_attrs[PARAMS],
        "objectives": dict(zip(sweep.objectives, trial.values, strict=True)),
    }


def _rows(study: SweepStudy) -> list[dict[str, Any]]:
    """Ended trials as plain values, numbered as in an uninterrupted study."""
    return [
        {
            "trial": trial.user_attrs[POSITION],
            "state": STATES[trial.state],
            "feasible": feasible(trial),
            "values": trial.values or [],
            "value": trial.values[0] if trial.values else None,
            "params": study.space.values(trial.params),
            "metrics": trial.user_attrs.get(METRICS, {}),
            "reason": (trial.user_attrs.get(REASON, "").strip().splitlines() or [""])[-1],
            "epochs": sorted(trial.intermediate_values.items()),
        }
        for trial in study.counted(*STATES)
    ]


def _trials_csv(rows: Sequence[dict[str, Any]], keys: Sequence[str]) -> str:
    """`objective` is the first one; the others stand among the metrics."""
    metrics = sorted({name for row in rows for name in row["metrics"]})
    lines = [["trial", "state", "feasible", "objective", *keys, *metrics, "reason"]]
    for row in rows:
        params = [json.dumps(row["params"][k]) if k in row["params"] else "" for k in keys]
        found = [row["metrics"].get(name, "") for name in metrics]
        feasible = json.dumps(row["feasible"])
        lines.append([row["trial"], row["state"], feasible, row["value"], *params, *found,
                      row["reason"]])  # fmt: skip
    return _csv(lines)


def _intermediate_csv(rows: Sequence[dict[str, Any]]) -> str:
    lines: list[list[Any]] = [["trial", "epoch", "objective"]]
    for row in rows:
        lines += [[row["trial"], epoch, value] for epoch, value in row["epochs"]]
    return _csv(lines)


def _csv(lines: Sequence[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(lines)
    return buffer.getvalue()


def _draw(
    folder: Path,
    rows: list[dict[str, Any]],
    found: dict[str, Any],
    study: SweepStudy,
    sweep: Sweep,
) -> None:
    better = ["lower" if DIRECTION[o] == "minimize" else "higher" for o in sweep.objectives]
    pictures.draw(rows, study.space.keys, sweep.objectives[0], better[0],
                  importances(study.optuna, sweep), logarithmic(study.space), folder)  # fmt: skip
    if len(sweep.objectives) > 1:
        on_front = [one["trial"] for one in found["front"]]
        path = folder / "pareto.png"
        pareto(rows, sweep.objectives, better, on_front, found["trial"], path)


def logarithmic(space: Space) -> set[str]:
    """Keys that are searched on a log scale."""
    return {dimension.key for dimension in space.dimensions if is_log(dimension.sweep)}
