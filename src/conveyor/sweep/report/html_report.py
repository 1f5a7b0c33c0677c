"""Writes the study as an interactive page. It shows times, so it is no output of the stage."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
import plotly.io
from optuna import visualization
from optuna.trial import TrialState

from conveyor import files
from conveyor.sweep.attributes import STATES
from conveyor.sweep.best_trial import pareto_front
from conveyor.sweep.study import SweepStudy

STYLE = "body{font-family:sans-serif;max-width:1100px;margin:2em auto;padding:0 1em}"


def write(path: Path, study: SweepStudy, importance: Mapping[str, float]) -> None:
    """Write one HTML file, which needs no network.

    Args:
        importance: share of each parameter; empty if unknown.
    """
    parts: list[str] = []
    for title, figure in _figures(study, importance):
        figure.update_layout(title=title, template="plotly_white", height=480)
        script = "inline" if not parts else False
        parts.append(plotly.io.to_html(figure, include_plotlyjs=script, full_html=False))
    title = f"Sweep {study.key}: {study.done} trials"
    head = f"<meta charset='utf-8'><title>{title}</title><style>{STYLE}</style>"
    body = f"<h1>{title}</h1>" + "\n".join(parts)
    page = f"<!doctype html><html lang='en'><head>{head}</head><body>{body}</body></html>\n"
    files.write_text(path, page)


def _figures(study: SweepStudy, importance: Mapping[str, float]) -> list[tuple[str, Any]]:
    """Return Optuna's figures of the first objective, and of the front if there are several."""
    objectives: Any = study.config.sweep.objectives
    single = len(objectives) == 1
    target: Any = {"target_name": objectives[0]}
    if not single:
        target["target"] = lambda trial: trial.values[0]
    # A copy without interrupted trials, so that the numbers are those of trials.csv.
    copy = optuna.create_study(directions=study.optuna.directions)
    copy.add_trials(study.counted(*STATES))
    figures: list[tuple[str, Any]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        figures.append(("History", visualization.plot_optimization_history(copy, **target)))
        if not single and len(objectives) <= 3 and pareto_front(study.optuna):
            front = visualization.plot_pareto_front(copy, target_names=list(objectives))
            figures.append(("Pareto front", front))
        if importance:
            figures.append(("Importance", visualization.plot_param_importances(copy, **target)))
        if study.counted(TrialState.COMPLETE):
            parallel = visualization.plot_parallel_coordinate(copy, **target)
            figures.append(("Parallel coordinates", parallel))
            figures.append(("Slices", visualization.plot_slice(copy, **target)))
            figures.append(("Empirical distribution", visualization.plot_edf(copy, **target)))
        if any(trial.intermediate_values for trial in copy.trials):
            figures.append(("Intermediate values", visualization.plot_intermediate_values(copy)))
        figures.append(("Timeline", visualization.plot_timeline(copy)))
    return figures
