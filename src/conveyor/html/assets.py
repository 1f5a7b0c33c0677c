"""What the page carries inside itself: plots as data, and Plotly's script."""

import gzip
from base64 import b64encode
from importlib.resources import files
from pathlib import Path

PLOTLY = "package_data/plotly.min.js"  # of the package plotly


def image_address(path: Path) -> str:
    """A PNG as a data address."""
    return f"data:image/png;base64,{b64encode(path.read_bytes()).decode()}"


def plotly_script() -> str:
    """Plotly's script, compressed by gzip, in base64: 2 MB instead of 5; page.js unpacks it."""
    script = (files("plotly") / PLOTLY).read_bytes()
    return b64encode(gzip.compress(script, 6, mtime=0)).decode()
