"""The heat maps of a trace, as the plain values that Plotly's script takes."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.html.figures import figure, text
from conveyor.inspection.equations import (
    CANDIDATE,
    CELL,
    FORGET,
    GATES,
    HIDDEN,
    INPUT,
    OUTPUT,
    RESET,
    UPDATE,
)
from conveyor.inspection.row_parts import group_evenly, say_count
from conveyor.inspection.trace import LayerTrace, Trace
from conveyor.inspection.unit_order import order_units

MAX_COLUMNS = 400  # of a heat map: more would be narrower than two pixels
MAX_VALUES = 300_000  # of a page: two megabytes, as many as its script has
MAX_TICKS = 24  # names under a heat map
LINE_LENGTH = 50  # characters that stand beside each other under a heat map
MARGIN = {"t": 10, "r": 80}  # no legend; and one place for all colour bars, so that steps align
NAME_LENGTH = 14  # characters of a name under a heat map; the whole one is in the hover text
MEANINGS = {
    INPUT: "1 writes the candidate, 0 does not",
    FORGET: "1 keeps the cell, 0 empties it",
    OUTPUT: "1 shows the cell, 0 hides it",
    UPDATE: "1 keeps the state, 0 replaces it",
    RESET: "1 shows the candidate the state",
    CANDIDATE: "what could be written",
    CELL: "the memory",
    HIDDEN: "what the next layer sees",
}
# From 0 to 1: dark to light, a scale that is even for the eye (Matplotlib's cividis, by Nuñez et
# al. 2018, made for colour blindness). Around 0: blue, white, orange.
SHUT_TO_OPEN = "Cividis"
AROUND_ZERO = [[0, "#0072b2"], [0.5, "#f7f7f7"], [1, "#b35900"]]


def draw_layers(trace: Trace) -> list[list[dict[str, Any]]]:
    """Return for each layer a plot of each gate and state: units from top to bottom in one order
    for all of them, steps from left to right."""
    columns = group_evenly(len(trace.steps), limit_columns(trace.layers))
    steps = _mark_unknown(trace)
    names = [name_column(steps, group) for group in columns]
    plots = []
    for layer in trace.layers:
        order = order_units(layer.states.get(CELL, layer.states[HIDDEN]))
        plots.append(
            [
                _draw_state(name, values[:, order], order, columns, names, trace.unit)
                for name, values in layer.states.items()
            ]
        )
    return plots


def limit_columns(layers: Iterable[LayerTrace]) -> int:
    """Return how many columns the heat maps of all layers have at most."""
    lines = sum(values.shape[1] for layer in layers for values in layer.states.values())
    return max(1, min(MAX_COLUMNS, MAX_VALUES // lines))


def _mark_unknown(trace: Trace) -> list[str]:
    """Return the names of the steps, with brackets around a token that is not in the vocabulary."""
    if not trace.unknown:
        return trace.steps
    pairs = zip(trace.steps, trace.unknown, strict=True)
    return [f"[{name}]" if is_unknown else name for name, is_unknown in pairs]


def name_column(steps: list[str], group: slice) -> str:
    """Name a column by its step, or by the first and the last one."""
    first, last = steps[group][0], steps[group][-1]
    return first if group.stop - group.start == 1 else f"{first} to {last}"


def _draw_state(
    name: str, values: NDArray[np.floating], order: NDArray[np.integer],
    columns: list[slice], names: list[str], unit: str,
) -> dict[str, Any]:  # fmt: skip
    """Return the heat map of a gate or state.

    Args:
        values: (steps, units), the units in their order in the plot.
        order: the number of each of these units in the layer.
        columns: the steps of each column, of which it shows the mean.
        names: of the columns.
        unit: of a step, on the axis under the plot.
    """
    means = np.stack([values[group].mean(axis=0) for group in columns])  # (columns, units)
    scale: dict[str, Any]
    if name in GATES:
        scale = {"colorscale": SHUT_TO_OPEN, "zmin": 0, "zmax": 1}
    else:
        limit = max(float(np.abs(means).max()), 1e-6)
        scale = {"colorscale": AROUND_ZERO, "zmin": -limit, "zmax": limit}
    heat_map = {
        "type": "heatmap",
        "z": _to_json(means.T),
        "y": [f"unit {number}" for number in order],
        "columns": [text(column) for column in names],  # which plots.js makes the customdata
        "hovertemplate": f"{unit} %{{customdata}}<br>%{{y}}: %{{z:.3f}}<extra></extra>",
        "colorbar": {"thickness": 12},
        **scale,
    }
    units = {"showticklabels": False, "ticks": "", "autorange": "reversed", "type": "category"}
    title = f"{name.capitalize()}: {MEANINGS[name]}"
    return figure(
        title, [heat_map], unit, say_count(len(order), "unit"), height=300,
        xaxis=label_columns(names),
        yaxis=units, margin=MARGIN,
    )  # fmt: skip


def label_columns(names: list[str]) -> dict[str, Any]:
    """Return the axis under columns of these names, of which not too many are written."""
    ticks_at = list(range(0, len(names), -(-len(names) // MAX_TICKS)))
    return {
        "tickvals": ticks_at,
        "ticktext": [text(_shorten(names[i])) for i in ticks_at],
        # "auto" turns the names where they would meet, as on a telephone.
        "tickangle": -60 if sum(len(names[i]) + 2 for i in ticks_at) > LINE_LENGTH else "auto",
    }


def _to_json(values: NDArray[np.floating]) -> list[Any]:
    """Four digits of each number; null for one that is none, such as that of an overflow."""
    rounded = np.round(values.astype(np.float64), 4)
    lines: list[list[Any]] = rounded.tolist()
    if np.isfinite(rounded).all():
        return lines
    return [[value if math.isfinite(value) else None for value in line] for line in lines]


def _shorten(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…"
