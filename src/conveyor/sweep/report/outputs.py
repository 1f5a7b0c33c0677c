"""What the sweep leaves for people and for `train`; no time, no id, no order of arrival in it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from optuna.trial import FrozenTrial

from conveyor import files
from conveyor.config import Sweep
from conveyor.plots import sweep as plots
from conveyor.plots.pareto import pareto
from conveyor.sweep.attributes import DIRECTION, METRICS, PARAMS, POSITION, REASON, STATES
from conveyor.sweep.best import BEST
from conveyor.sweep.grammar import is_log
from conveyor.sweep.results import best_of, feasible, front, importances
from conveyor.sweep.space import Space
from conveyor.sweep.study import SweepStudy

NOTHING: dict[str, Any] = {"params": {}, "objectives": {}}


def write(folder: Path, sweep: Sweep, study: SweepStudy) -> dict[str, Any]:
    """Write best.yaml, trials.csv, intermediate.csv and the plots, whole or not at all.

    Returns:
        What best.yaml holds.
    """
    content, rows, keys = best(study, sweep), _rows(study), study.space.keys
    objectives = sweep.objectives
    better = ["lower" if DIRECTION[o] == "minimize" else "higher" for o in objectives]
    importance = importances(study.optuna, sweep)
    with files.replacing_folder(folder) as temporary:
        _write(temporary, content, rows, keys)
        plots.draw(rows, keys, objectives[0], better[0], importance, logarithmic(study.space),
                   temporary)  # fmt: skip
        if len(objectives) > 1:
            front_trials = [trial["trial"] for trial in content["front"]]
            pareto(rows, objectives, better, front_trials, content["trial"],
                   temporary / "pareto.png")  # fmt: skip
    return content


def write_nothing(folder: Path) -> None:
    """What a sweep leaves that is switched off: nothing is laid over the configuration."""
    with files.replacing_folder(folder) as temporary:
        _write(temporary, NOTHING, [], [])


def _write(
    folder: Path, found: dict[str, Any], rows: list[dict[str, Any]], keys: Sequence[str]
) -> None:
    files.write_text(folder / BEST, yaml.safe_dump(found, sort_keys=True))
    _write_trials(folder / "trials.csv", rows, keys)
    epochs = [(row["trial"], epoch, value) for row in rows for epoch, value in row["epochs"]]
    files.write_csv(folder / "intermediate.csv", ["trial", "epoch", "objective"], epochs)


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


def _write_trials(path: Path, rows: Sequence[dict[str, Any]], keys: Sequence[str]) -> None:
    """`objective` is the first one; the others stand among the metrics."""
    metrics = sorted({name for row in rows for name in row["metrics"]})
    columns = ["trial", "state", "feasible", "objective", *keys, *metrics, "reason"]
    lines = []
    for row in rows:
        params = [json.dumps(row["params"][k]) if k in row["params"] else "" for k in keys]
        found = [row["metrics"].get(name, "") for name in metrics]
        feasible = json.dumps(row["feasible"])
        lines.append([row["trial"], row["state"], feasible, row["value"], *params, *found,
                      row["reason"]])  # fmt: skip
    files.write_csv(path, columns, lines)


def logarithmic(space: Space) -> set[str]:
    """Keys that are searched on a log scale."""
    return {dimension.key for dimension in space.dimensions if is_log(dimension.sweep)}
