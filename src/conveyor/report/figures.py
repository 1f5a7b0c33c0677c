"""The interactive plots of the page."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from conveyor.html.figures import BLUE, GRAY, ORANGE, RED, figure, text
from conveyor.metrics import Better
from conveyor.metrics.layers import LOGARITHMIC, TITLES, layers_by_statistic, name_metric

GREEN = "var(--green)"
COLORS, DASHES = (BLUE, ORANGE, GREEN, RED, GRAY), ("solid", "dash", "dot")  # of many lines
STATES = {"complete": (BLUE, "circle"), "pruned": (ORANGE, "x")}
POSITIONS = ("update", "epoch", "learning_rate")  # columns of history.csv that are no metrics


def draw_history(
    trials: Sequence[Mapping[str, str]], keys: Sequence[str], objective: str, better: Better
) -> dict[str, Any]:
    """Each trial's objective, pruned ones with another mark, and the best so far."""
    traces = []
    for state, (color, symbol) in STATES.items():
        rows = [row for row in trials if row["state"] == state and row["objective"]]
        hover = ["<br>".join(f"{text(key)} {text(row[key])}" for key in keys) for row in rows]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"{state} ({len(rows)})",
                "x": [int(row["trial"]) for row in rows],
                "y": [float(row["objective"]) for row in rows],
                "text": hover,
                "marker": {"color": color, "symbol": symbol, "size": 9},
            }
        )
    ranked = [t for t in trials if t["state"] == "complete" and t["feasible"] == "true"]
    values = [float(row["objective"]) for row in ranked]
    best = list(accumulate(values, min if better == "lower" else max))
    line = {"type": "scatter", "mode": "lines", "name": "best so far", "y": best,
            "x": [int(row["trial"]) for row in ranked],
            "line": {"shape": "hv", "color": RED}}  # fmt: skip
    title = f"{text(objective)} ({better} is better)"
    ticks = {"dtick": max(1, len(trials) // 10)}
    return figure("Trials of the sweep", [*traces, line], "trial", title, xaxis=ticks)


def draw_importance(shares: Mapping[str, float], objective: str) -> dict[str, Any]:
    """The share of each parameter in the differences between trials."""
    names = sorted(shares, key=lambda name: shares[name])
    bars = {"type": "bar", "orientation": "h", "x": [shares[name] for name in names],
            "y": [text(name) for name in names], "marker": {"color": BLUE},
            "text": [f"{shares[name]:.2f}" for name in names]}  # fmt: skip
    return figure(f"What {text(objective)} depends on (PED-ANOVA)", [bars], "share", "",
                  height=130 + 34 * len(names), yaxis={"automargin": True})  # fmt: skip


def draw_learning_curves(
    history: Sequence[Mapping[str, float]], best_update: int | None
) -> list[dict[str, Any]]:
    """A plot for each metric that was measured on training and validation rows."""
    updates = [row["update"] for row in history]
    names = [n for n in history[0] if n not in POSITIONS and f"val_{n}" in history[0]]
    return [
        figure(
            f"{text(name)} by update",
            [
                _line(updates, [row[name] for row in history], "training", GRAY),
                _line(updates, [row[f"val_{name}"] for row in history], "validation", BLUE),
                *_mark_best(
                    [row[n] for row in history for n in (name, f"val_{name}")], best_update
                ),
            ],
            "update",
            text(name),
        )
        for name in names
    ]


def draw_layers(history: Sequence[Mapping[str, float]]) -> list[dict[str, Any]]:
    """A plot for each statistic of `metrics.layers`, with a line for each layer.

    A layer has the same line in all plots; not all layers have gates.
    """
    updates = [row["update"] for row in history]
    statistics = layers_by_statistic(history[0])
    names = list(dict.fromkeys(layer for layers in statistics.values() for layer in layers))
    styles = {
        name: (COLORS[number % len(COLORS)], DASHES[number // len(COLORS) % len(DASHES)])
        for number, name in enumerate(names)
    }
    plots = []
    for statistic, layers in statistics.items():
        lines = [
            _line(updates, [row[name_metric(statistic, layer)] for row in history], text(layer),
                  *styles[layer])
            for layer in layers
        ]  # fmt: skip
        title = TITLES[statistic]
        scale = (
            {"type": "log", "exponentformat": "none"}
            if statistic in LOGARITHMIC
            else {"range": [-0.03, 1.03]}
        )
        plots.append(
            figure(f"{title} of each layer", lines, "update", title, yaxis=scale, showlegend=True)
        )
    return plots


def _mark_best(values: list[float], best_update: int | None) -> list[dict[str, Any]]:
    """A vertical line over the range of some values, at the update of the best validation."""
    if best_update is None:
        return []
    line = _line([best_update] * 2, [min(values), max(values)], f"best: {best_update:,}", ORANGE)
    return [{**line, "mode": "lines", "line": {"color": ORANGE, "dash": "dot"}}]


def _line(
    x: list[float], y: list[float], name: str, color: str, dash: str = "solid"
) -> dict[str, Any]:
    mode = "lines" if len(x) > 1 else "markers"
    return {"type": "scatter", "mode": mode, "x": x, "y": y, "name": name,
            "line": {"color": color, "dash": dash}, "marker": {"color": color}}  # fmt: skip


def draw_baselines(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """The headline metric of the network, with its interval, and of each baseline."""
    names = [*evaluation["baselines"], "the network"]
    values = [*evaluation["baselines"].values(), evaluation["value"]]
    low, high = evaluation["interval"]
    none = [0.0] * len(evaluation["baselines"])
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": values,
        "y": [text(name) for name in names],
        "marker": {"size": 11, "color": [*(GRAY for _ in none), BLUE]},
        "error_x": {"type": "data", "symmetric": False, "color": BLUE,
                    "array": [*none, high - values[-1]],
                    "arrayminus": [*none, values[-1] - low]},
    }  # fmt: skip
    title = f"{evaluation['title']} on the test rows ({evaluation['better']} is better)"
    # The title names the metric; under the axis, a long name would be cut.
    return figure(title, [points], "", "", height=150 + 34 * len(names),
                  yaxis={"automargin": True})  # fmt: skip


def draw_slices(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """The headline metric by length of the row."""
    rows = evaluation["slices"]["rows"]
    bars = {"type": "bar", "x": [f"{length}<br>{count} rows" for length, count, *_ in rows],
            "y": evaluation["slice_values"], "marker": {"color": BLUE}}  # fmt: skip
    title = f"{evaluation['title']} by length of the row"
    return figure(title, [bars], "length", "")
