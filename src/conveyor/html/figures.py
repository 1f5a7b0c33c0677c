"""Interactive plots as the plain values that Plotly's script takes.

A colour is a variable of style.css, so that a plot follows the page into the dark. Plotly takes
tags in a text for HTML, so every text of the data is escaped.
"""

from html import escape
from typing import Any

from conveyor.escape import plot_text

BLUE, ORANGE, RED, GRAY = "var(--blue)", "var(--orange)", "var(--red)", "var(--gray)"


def figure(
    title: str, traces: list[dict[str, Any]], x: str, y: str, *, height: int = 320, **layout: Any
) -> dict[str, Any]:
    """A plot with titles of its axes; `layout` is Plotly's."""
    axes = {"xaxis": {"title": {"text": x}}, "yaxis": {"title": {"text": y}}}
    for name in axes:
        axes[name] |= layout.pop(name, {})
    return {"title": title, "data": traces, "layout": {"height": height, **axes, **layout}}


def text(value: object) -> str:
    """A text of the data on one short line, as Plotly shows it unchanged."""
    return escape(plot_text(str(value)), quote=False)
