"""Plots as PNG files. No display is needed, and equal data give equal bytes."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from conveyor.plots.fonts import font_families

DPI = 110


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure with one pair of axes; its size in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


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
