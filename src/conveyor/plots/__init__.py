"""Pictures for people. Nothing here needs a display or remembers a date."""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DPI = 110


def save(figure: Figure, path: Path) -> None:
    """Write a PNG whose bytes depend on the figure only.

    By the canvas, which draws once; `Figure.savefig` lays out and draws twice.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.set_dpi(DPI)
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})
