"""Writes the study as an interactive page. It shows times, so it is no output of the stage."""

import copy
import warnings
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import optuna
import plotly.colors
import plotly.io
from optuna import visualization
from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState

from conveyor import files
from conveyor.sweep.ranking import find_pareto_front
from conveyor.sweep.study import SweepStudy

PRUNED = "#b35900"
# Optuna colours by this scale, whose three lightest colours are nearly white on white.
del plotly.colors.sequential.Blues[:3]
STYLE = "body{font-family:sans-serif;max-width:1100px;margin:2em auto;padding:0 1em}"


def write(
    path: Path, study: SweepStudy, importance: Mapping[str, float], best: Mapping[str, Any]
) -> None:
    """Write one HTML file, which needs no network.

    Its first line has the date, the digest of the prepared data, and what best.yaml says, since DVC
    may restore another sweep later.

    Args:
        importance: share of each parameter; empty if unknown.
        best: content of best.yaml.
    """
    parts: list[str] = []
    with warnings.catch_warnings():  # Optuna calls its plots experimental
        warnings.simplefilter("ignore")
        for title, figure in _draw_figures(study, importance):
            figure.update_layout(title=title, template="plotly_white", height=480)
            script = "inline" if not parts else False
            parts.append(plotly.io.to_html(figure, include_plotlyjs=script, full_html=False))
    objectives = [f"{name} {value:.6g}" for name, value in best["objectives"].items()]
    result = f"best trial {best['trial']}, {', '.join(objectives)}" if objectives else "no result"
    title = (f"{study.config.name}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, sweep {study.key} of "
             f"data {study.data_digest[:12]}, {study.done} trials: {result}")  # fmt: skip
    head = f"<meta charset='utf-8'><title>{title}</title><style>{STYLE}</style>"
    body = f"<h1>{title}</h1>" + "\n".join(parts)
    page = f"<!doctype html><html lang='en'><head>{head}</head><body>{body}</body></html>\n"
    files.write_text(path, page)


def _draw_figures(study: SweepStudy, importance: Mapping[str, float]) -> Iterator[tuple[str, Any]]:
    """Yield Optuna's figures of the first objective, and of the front if there are several."""
    objectives: Any = list(study.config.sweep.objectives)
    single = len(objectives) == 1
    target: Any = {"target_name": objectives[0]}
    if not single:
        target["target"] = lambda trial: trial.values[0]
    # Without interrupted trials, the numbers are those of trials.csv.
    plotted = optuna.create_study(directions=study.optuna.directions)
    plotted.add_trials(_escape_trial(trial) for trial in study.counted())
    yield (
        "History",
        _add_pruned(visualization.plot_optimization_history(plotted, **target), plotted),
    )
    if not single and len(objectives) <= 3 and find_pareto_front(study.optuna):
        yield "Pareto front", visualization.plot_pareto_front(plotted, target_names=objectives)
    if importance:
        yield "Importance", visualization.plot_param_importances(plotted, **target)
    if study.counted(TrialState.COMPLETE):
        yield "Parallel coordinates", visualization.plot_parallel_coordinate(plotted, **target)
        yield "Slices", visualization.plot_slice(plotted, **target)
        yield "Empirical distribution", visualization.plot_edf(plotted, **target)
    if any(trial.intermediate_values for trial in plotted.trials):
        yield "Intermediate values", visualization.plot_intermediate_values(plotted)
    yield "Timeline", visualization.plot_timeline(plotted)


def _add_pruned(history: Any, plotted: optuna.Study) -> Any:
    """Add the pruned trials, which Optuna leaves out, with their last value."""
    pruned = [trial for trial in plotted.get_trials(states=[TrialState.PRUNED]) if trial.values]
    if pruned:
        history.add_scatter(
            x=[trial.number for trial in pruned],
            y=[trial.values[0] for trial in pruned],
            mode="markers",
            name="Pruned",
            marker={"symbol": "x", "color": PRUNED},
        )
    return history


def _escape_trial(trial: FrozenTrial) -> FrozenTrial:
    """Return a copy whose parameters and attributes Plotly shows as they are."""
    escaped = copy.copy(trial)
    escaped.params, escaped.user_attrs = _escape(trial.params), _escape(trial.user_attrs)
    escaped.distributions = {
        _escape(name): CategoricalDistribution(_escape(distribution.choices))
        if isinstance(distribution, CategoricalDistribution) else distribution
        for name, distribution in trial.distributions.items()
    }  # fmt: skip
    return escaped


def _escape(value: Any) -> Any:
    """Escape the texts in a value, since Plotly draws HTML tags and entities in any text."""
    match value:
        case str():
            return escape(value, quote=False)
        case Mapping():
            return {_escape(key): _escape(item) for key, item in value.items()}
        case list() | tuple():
            return [_escape(item) for item in value]
    return value
