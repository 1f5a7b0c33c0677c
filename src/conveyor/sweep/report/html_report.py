"""The study as one interactive page, and its timeline: for people, with times, never an output."""

import warnings
from pathlib import Path
from typing import Any

import optuna
import plotly.io
from optuna import visualization as draw
from optuna.trial import TrialState

from conveyor import files
from conveyor.config import Sweep
from conveyor.plots import sweep as pictures
from conveyor.sweep.attributes import POSITION, STATES
from conveyor.sweep.results import front, importances
from conveyor.sweep.study import SweepStudy

PAGE, TIMELINE = "study.html", "timeline.png"


def write(folder: Path, sweep: Sweep, study: SweepStudy) -> None:
    """Write study.html, which needs no network, and timeline.png."""
    with files.replacing_folder(folder) as temporary:
        files.write_text(temporary / PAGE, _page(sweep, study))
        spans = [
            (t.user_attrs[POSITION], STATES[t.state], t.datetime_start, t.datetime_complete)
            for t in study.counted(*STATES)
            if t.datetime_start and t.datetime_complete
        ]
        pictures.timeline(spans, temporary / TIMELINE)


def _page(sweep: Sweep, study: SweepStudy) -> str:
    parts = []
    for title, figure in _figures(sweep, study):
        figure.update_layout(title=title, template="plotly_white", height=480)
        script = "inline" if not parts else False
        parts.append(plotly.io.to_html(figure, include_plotlyjs=script, full_html=False))
    name = f"Sweep {study.key}: {study.done} trials"
    style = "body{font-family:sans-serif;max-width:1100px;margin:2em auto;padding:0 1em}"
    head = f"<meta charset='utf-8'><title>{name}</title><style>{style}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body><h1>{name}</h1>" + (
        "\n".join(parts) + "</body></html>\n"
    )


def _figures(sweep: Sweep, study: SweepStudy) -> list[tuple[str, Any]]:
    """Optuna's own pictures of the first objective, and of the front where there are several."""
    one = len(sweep.objectives) == 1
    name = sweep.objectives[0]
    target: Any = {} if one else {"target": lambda trial: trial.values[0]}
    target["target_name"] = name
    # Interrupted trials would shift the numbers; here they are those of trials.csv.
    of, found = optuna.create_study(directions=study.optuna.directions), []
    of.add_trials(study.counted(*STATES))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found.append(("History", draw.plot_optimization_history(of, **target)))
        if not one and len(sweep.objectives) <= 3 and front(study.optuna, sweep):
            names: Any = list(sweep.objectives)
            found.append(("Pareto front", draw.plot_pareto_front(of, target_names=names)))
        if importances(study.optuna, sweep):
            found.append(("Importance", draw.plot_param_importances(of, **target)))
        if study.counted(TrialState.COMPLETE):
            found.append(("Parallel coordinates", draw.plot_parallel_coordinate(of, **target)))
            found.append(("Slices", draw.plot_slice(of, **target)))
            found.append(("Empirical distribution", draw.plot_edf(of, **target)))
        if any(trial.intermediate_values for trial in of.trials):
            found.append(("Intermediate values", draw.plot_intermediate_values(of)))
        found.append(("Timeline", draw.plot_timeline(of)))
    return found
