"""The plots of an explained series, as the plain values that Plotly's script takes."""

from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.escape import one_line
from conveyor.html.figures import GRAY, figure, text
from conveyor.inspection.explanation import Explanation, OccludedAnswer
from conveyor.inspection.heat_maps import AROUND_ZERO, MARGIN, label_columns, name_column
from conveyor.inspection.previews import cut

ROW_HEIGHT, MARGINS = 26, 150  # pixels of a channel, and of all around the channels
TALLEST = 700
MAX_NAMES = 40  # names beside a heat map
SHORT_LENGTH, HOVER_LENGTH = 20, 100  # characters of a name beside a heat map, and over it
STEP = "step"  # the title of the axis
COLOR_BAR = {"thickness": 12, "exponentformat": "e"}


def draw_series(explanation: OccludedAnswer) -> list[dict[str, Any]]:
    """Return a plot of the attributions, if there are any, and one of the occlusion: a line of the
    values, coloured, where there is one channel, and else a heat map of channels by steps."""
    titles = {"Occlusion: how much lower without it": explanation.occlusion}
    if isinstance(explanation, Explanation):
        gradients = explanation.grouped_attributions
        titles = {"Integrated gradients: what each part adds": gradients, **titles}
    draw = _draw_line if len(explanation.channels) == 1 else _draw_heat_map
    return [draw(explanation, title, effects) for title, effects in titles.items()]


def _draw_line(
    explanation: OccludedAnswer, title: str, effects: NDArray[np.floating]
) -> dict[str, Any]:
    names = _name_groups(explanation.steps, explanation.groups)
    values = _mean_values(explanation)[:, 0]
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "y": [None if np.isnan(value) else value for value in values.tolist()],
        "customdata": [[text(name), effect] for name, effect in zip(names, effects[:, 0].tolist(),
                                                                    strict=True)],
        "hovertemplate": "step %{customdata[0]}: value %{y:.4g}<br>effect %{customdata[1]:+.3g}"
                         "<extra></extra>",
        "line": {"color": GRAY, "width": 1},
        "marker": {"size": 9, "color": effects[:, 0].tolist(), "colorscale": AROUND_ZERO,
                   **_limits(effects, "cmin", "cmax"), "line": {"color": GRAY, "width": 1},
                   "showscale": True, "colorbar": COLOR_BAR},
    }  # fmt: skip
    channel = text(explanation.channels[0])
    return figure(
        title, [line], STEP, channel, height=300, xaxis=label_columns(names),
        yaxis={"exponentformat": "e"}, margin=MARGIN,
    )  # fmt: skip


def _draw_heat_map(
    explanation: OccludedAnswer, title: str, effects: NDArray[np.floating]
) -> dict[str, Any]:
    names = _name_groups(explanation.steps, explanation.groups)
    channels = _name_groups(explanation.channels, explanation.channel_groups)
    hover = [
        [[text(name), value] for name, value in zip(names, column, strict=True)]
        for column in _write_values(explanation)
    ]
    heat_map = {
        "type": "heatmap",
        "z": effects.T.tolist(),
        "rows": [_name_whole(channel) for channel in channels],  # which plots.js makes the text
        "customdata": hover,
        "hovertemplate": "%{text}, step %{customdata[0]}%{customdata[1]}"
                         "<br>effect %{z:+.3g}<extra></extra>",
        "colorscale": AROUND_ZERO,
        "colorbar": COLOR_BAR,
        **_limits(effects, "zmin", "zmax"),
    }  # fmt: skip
    height = min(TALLEST, MARGINS + ROW_HEIGHT * len(channels))
    rows = {"autorange": "reversed", "showgrid": False, "zeroline": False,
            **_write_channels(channels)}  # fmt: skip
    return figure(
        title, [heat_map], STEP, "", height=height, xaxis=label_columns(names), yaxis=rows,
        margin=MARGIN,
    )  # fmt: skip


def _name_whole(channel: str) -> str:
    return escape(cut(one_line(channel), HOVER_LENGTH), quote=False)


def _write_channels(names: list[str]) -> dict[str, Any]:
    """Return the axis beside rows of these names, of which not too many are written. Where two
    would look alike, since long ones are cut, each has its number."""
    short = [_cut_middle(one_line(name)) for name in names]
    if len(set(short)) < len(short):
        short = [f"{number}: {name}" for number, name in enumerate(short)]
    ticks_at = list(range(0, len(names), -(-len(names) // MAX_NAMES)))
    return {"tickvals": ticks_at, "ticktext": [text(short[i]) for i in ticks_at]}


def _cut_middle(name: str) -> str:
    """Cut a long name in its middle: names of sensors differ at their beginning or at their end."""
    half = (SHORT_LENGTH - 1) // 2
    return name if len(name) <= SHORT_LENGTH else f"{name[:half]}…{name[-half:]}"


def _limits(effects: NDArray[np.floating], low: str, high: str) -> dict[str, float]:
    """Return the ends of a colour scale that has 0 in its middle, by Plotly's names of them."""
    limit = float(np.abs(effects).max()) or 1e-12  # where all effects are 0
    return {low: -limit, high: limit}


def _name_groups(names: list[str], groups: list[slice]) -> list[str]:
    return [name_column(names, group) for group in groups]


def _write_values(explanation: OccludedAnswer) -> list[list[str]]:
    """Return the values for the hover texts, (channel groups, groups): those of several channels
    have no common unit."""
    if len(explanation.channel_groups) < len(explanation.channels):
        return [[""] * len(explanation.groups)] * len(explanation.channel_groups)
    return [[f": value {value:.4g}" for value in column] for column in _mean_values(explanation).T]


def _mean_values(explanation: OccludedAnswer) -> NDArray[np.floating]:
    """Return the mean value of each group that is not missing, (groups, channels); NaN: none."""
    assert explanation.values is not None
    means = []
    for group in explanation.groups:
        values = explanation.values[group]
        count = (~np.isnan(values)).sum(axis=0)
        means.append(np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), np.nan))
    return np.stack(means)
