"""Pictures for people. Nothing here needs a display or remembers a date."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

mpl.use("Agg")


def save(figure: Figure, path: Path) -> None:
    """Write a PNG whose bytes depend on the figure only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
