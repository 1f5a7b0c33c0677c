"""Runs the notebooks of docs/ and stores in them what their cells give: `make notebooks`.

The site and code hosts show these outputs. Of each output, one form is stored, the first of
`FORMS`: a picture takes the place of an interactive page, which has megabytes. What differs from
machine to machine or from run to run is replaced.
"""

import os
import re
import tempfile
from getpass import getuser
from pathlib import Path
from socket import gethostname
from typing import Any

import nbformat
from nbclient import NotebookClient

from . import ROOT
from .notebook import DIGEST, HTML, PNG, TEXT, digest_cells

FOLDER = ROOT / "docs/notebooks"
FORMS = (PNG, HTML, TEXT)
TIME = "2026-01-01 00:00:00+00:00"  # in place of each time of a record
USER = "you@here"  # in place of the user and the machine
PATTERNS = {
    # TensorFlow's own lines have times and process numbers.
    r"(?m)^(?:WARNING: All log messages before absl|[IWEF]\d{4} \d).*\n": "",
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00": TIME,
    r"\b\d+(?:\.\d+)? s\b": "… s",
    r"(?<=milliseconds for one row: )[\d.e-]+\d": "…",
    re.escape(f"{getuser()}@{gethostname()}"): USER,
}


def execute(path: Path, folder: Path, temporary: Path) -> Any:
    """Run a notebook from top to bottom, and return it with all outputs.

    Args:
        folder: where its kernel runs.
        temporary: a folder for its temporary files, and for the settings of IPython.
    """
    book = nbformat.read(path, as_version=4)
    settings = temporary / "ipython/profile_default/ipython_kernel_config.py"
    settings.parent.mkdir(parents=True)
    settings.write_text('c.InlineBackend.figure_formats = {"retina"}  # sharp on every screen\n')
    environment = {
        **{k: v for k, v in os.environ.items() if k not in ("MLFLOW_TRACKING_URI", "DVC_ROOT")},
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "IPYTHONDIR": str(temporary / "ipython"),
        "TMPDIR": str(temporary),
    }
    options: dict[str, Any] = {"resources": {"metadata": {"path": str(folder)}}}
    client = NotebookClient(
        book, timeout=900, kernel_name="python3", record_timing=False, **options
    )
    client.execute(env=environment)
    return book


def clean(cells: list[Any], temporary: Path) -> None:
    """Keep one form of each output, without what differs from machine to machine."""
    # A folder of `tempfile.mkdtemp` becomes /tmp.
    patterns = {rf"{re.escape(str(temporary))}/tmp\w+": "/tmp", **PATTERNS}
    for cell in cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                output.text = _replace(output.text, patterns)
                continue
            form = next(form for form in FORMS if form in output.data)
            value = output.data[form]
            output.data = {form: value if form == PNG else _replace(value, patterns)}


def _replace(text: str, patterns: dict[str, str]) -> str:
    for pattern, replacement in patterns.items():
        text = re.sub(pattern, replacement, text)
    return text


def store(path: Path, book: Any) -> None:
    """Write a notebook with its outputs, and the digest that tells when they are out of date."""
    stored = nbformat.read(path, as_version=4)
    stored.cells = book.cells
    stored.metadata[DIGEST] = digest_cells(book.cells)
    nbformat.write(stored, path)


def main() -> None:
    for path in sorted(FOLDER.glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as temporary:
            book = execute(path, FOLDER, Path(temporary))
            clean(book.cells, Path(temporary))
        store(path, book)
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
