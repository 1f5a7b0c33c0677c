"""Plots as PNG files. No display is needed, and equal data give equal bytes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import matplotlib
import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from conveyor.plots.fonts import font_families

DPI = 110
matplotlib.rcdefaults()  # not the style of a matplotlibrc in the home folder or in this one
matplotlib.style.use(Path(__file__).with_name("conveyor.mplstyle"))
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, GRAY, BLACK = (f"C{i}" for i in range(8))  # of the style
LINE_STYLES = ("-", "--", ":", "-.")
FEW = 1000  # times the lowest value: a logarithmic axis up to there has ticks at 2 and 5, too
LEGEND_WIDTH = 14  # characters of a legend that an inch has room for


def new_figure(
    width: float, height: float, rows: int = 1, columns: int = 1, **options: Any
) -> tuple[Figure, list[Axes]]:
    """A figure with rows x columns panels, listed row by row; its size in inches.

    Args:
        options: of `Figure.subplots`.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False, **options).flat)


def finish(axes: Axes, grid: Literal["both", "x", "y"] = "both", **properties: Any) -> None:
    """Set properties of the axes, and draw a faint grid.

    Args:
        grid: the axes whose ticks have grid lines.
        properties: of `Axes.set`, such as `xlabel` and `title`.
    """
    axes.set(**properties)
    axes.grid(axis=grid)


def use_log_scale(axes: Axes, name: Literal["x", "y"] = "y") -> None:
    """Scale an axis with its data by powers of ten, with plain numbers at its ticks.

    Matplotlib's own labels are mathematics, which `save` does not draw.
    """
    axes.set(**{f"{name}scale": "log"})
    axis: Axis = getattr(axes, f"{name}axis")
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < FEW * low else (1.0,)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_locator(NullLocator())


def line_style(number: int) -> dict[str, Any]:
    """Return colour and dashes of one line of many: after eight colours come other dashes."""
    return {"color": f"C{number % 8}", "linestyle": LINE_STYLES[number // 8 % len(LINE_STYLES)]}


def say_empty(axes: Axes, reason: str) -> None:
    """Write into axes without data why they have none."""
    axes.text(0.5, 0.5, reason, ha="center", va="center", transform=axes.transAxes, wrap=True)
    axes.set_axis_off()


def add_legend(figure: Figure, entries: Sequence[tuple[str, Any]] | None = None) -> None:
    """Put one legend below all panels, where it covers no data.

    Args:
        entries: texts with their artists; None: the artists that have a label. Matplotlib leaves
            out an artist whose own label begins with "_", so pass labels of the data here.
    """
    if entries is None:
        by_text: dict[str, Any] = {}
        for axes in figure.axes:
            artists, texts = axes.get_legend_handles_labels()
            by_text |= dict(zip(texts, artists, strict=True))
        entries = list(by_text.items())
    if entries:
        texts, artists = zip(*entries, strict=True)
        longest = 4 + max(map(len, texts))  # the line before a text takes four characters
        columns = max(1, int(figure.get_figwidth() * LEGEND_WIDTH / longest))
        figure.legend(artists, texts, loc="outside lower center", ncols=min(columns, len(texts)))


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
