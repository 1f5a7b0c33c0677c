"""Plots as PNG files. No display is needed, and equal data give equal bytes."""

from pathlib import Path
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from conveyor.plots.fonts import font_families

DPI = 110
matplotlib.rcdefaults()  # not the style of a matplotlibrc in the home folder or in this one


def new_figure(
    width: float, height: float, rows: int = 1, columns: int = 1, **options: Any
) -> tuple[Figure, list[Axes]]:
    """A figure with rows x columns panels, listed row by row; its size in inches.

    Args:
        options: of `Figure.subplots`.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False, **options).flat)


def finish(
    axes: Axes, grid: Literal["both", "x"] = "both", legend_size: float = 10, **properties: Any
) -> None:
    """Set properties of the axes, and draw a faint grid and, if anything has a label, a legend.

    Args:
        grid: the axes whose ticks have grid lines.
        legend_size: font size of the legend, in points.
        properties: of `Axes.set`, such as `xlabel` and `title`.
    """
    axes.set(**properties)
    axes.grid(alpha=0.3, axis=grid)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=legend_size)


def save(figure: Figure, path: Path) -> None:
    """Write a PNG whose bytes depend on the figure only.

    Every text of the figure is drawn as it is, without mathematics ("$$" is a valid label), in
    fonts that cover its script. The canvas writes the file, since it draws once; `Figure.savefig`
    lays out and draws twice.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.set_dpi(DPI)
    families = font_families()
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        text.set_parse_math(False)
        text.set_fontfamily(families)
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})
