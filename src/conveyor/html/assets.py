"""What the page carries inside itself: plots as data, and Plotly's script."""

import gzip
from base64 import b64encode
from functools import cache
from importlib.resources import files
from pathlib import Path

PLOTLY = "package_data/plotly.min.js"  # of the package plotly


def image_address(path: Path) -> str:
    """A PNG as a data address."""
    return f"data:image/png;base64,{b64encode(path.read_bytes()).decode()}"


def plotly_bytes() -> bytes:
    """Plotly's script, 5 MB."""
    return (files("plotly") / PLOTLY).read_bytes()


@cache
def plotly_script() -> str:
    """Plotly's script, compressed by gzip, in base64: 2 MB; page.js unpacks it."""
    return b64encode(gzip.compress(plotly_bytes(), 6, mtime=0)).decode()
