"""Writes the study as an interactive page, and its timeline. Both show times, so they are no
outputs of the stage."""

import warnings
from pathlib import Path
from typing import Any

import optuna
import plotly.io
from optuna import visualization
from optuna.trial import TrialState

from conveyor import files
from conveyor.config import Sweep
from conveyor.plots.timeline import plot_timeline
from conveyor.sweep.attributes import POSITION, STATES
from conveyor.sweep.best_trial import pareto_front
from conveyor.sweep.report.importance import importances
from conveyor.sweep.study import SweepStudy

PAGE, TIMELINE = "study.html", "timeline.png"
STYLE = "body{font-family:sans-serif;max-width:1100px;margin:2em auto;padding:0 1em}"


def write(folder: Path, sweep: Sweep, study: SweepStudy) -> None:
    """Write study.html, which needs no network, and timeline.png."""
    with files.replacing_folder(folder) as temporary:
        files.write_text(temporary / PAGE, _page(sweep, study))
        spans = [
            (trial.user_attrs[POSITION], STATES[trial.state], trial.datetime_start,
             trial.datetime_complete)
            for trial in study.counted(*STATES)
            if trial.datetime_start and trial.datetime_complete
        ]  # fmt: skip
        plot_timeline(spans, temporary / TIMELINE)


def _page(sweep: Sweep, study: SweepStudy) -> str:
    parts = []
    for title, figure in _figures(sweep, study):
        figure.update_layout(title=title, template="plotly_white", height=480)
        script = "inline" if not parts else False
        parts.append(plotly.io.to_html(figure, include_plotlyjs=script, full_html=False))
    title = f"Sweep {study.key}: {study.done} trials"
    head = f"<meta charset='utf-8'><title>{title}</title><style>{STYLE}</style>"
    body = f"<h1>{title}</h1>" + "\n".join(parts)
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{body}</body></html>\n"


def _figures(sweep: Sweep, study: SweepStudy) -> list[tuple[str, Any]]:
    """Return Optuna's figures of the first objective, and of the front if there are several."""
    single = len(sweep.objectives) == 1
    target: Any = {"target_name": sweep.objectives[0]}
    if not single:
        target["target"] = lambda trial: trial.values[0]
    # A copy without interrupted trials, so that the numbers are those of trials.csv.
    copy = optuna.create_study(directions=study.optuna.directions)
    copy.add_trials(study.counted(*STATES))
    figures: list[tuple[str, Any]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        figures.append(("History", visualization.plot_optimization_history(copy, **target)))
        if not single and len(sweep.objectives) <= 3 and pareto_front(study.optuna):
            names: Any = list(sweep.objectives)
            front = visualization.plot_pareto_front(copy, target_names=names)
            figures.append(("Pareto front", front))
        if importances(study.optuna):
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
