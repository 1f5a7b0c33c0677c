"""The notebooks of docs/ run from top to bottom, and are stored without outputs."""

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from conveyor import files

NOTEBOOKS = Path(__file__).parents[2] / "docs/notebooks"


def execute(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Run a notebook in a folder; returns its cells, with their outputs."""
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.setenv("IPYTHONDIR", str(folder / ".ipython"))
    book = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    options: dict[str, Any] = {"resources": {"metadata": {"path": str(folder)}}}
    NotebookClient(book, timeout=500, kernel_name="python3", **options).execute()
    return book.cells


def outputs(cells: list[Any], kind: str) -> list[str]:
    """The outputs of one media type, in their order."""
    data = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    return [values[kind] for values in data if kind in values]


def test_the_tour_of_the_lstm_runs(
    tmp_path: Path, toy_product: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(toy_product, tmp_path / "artifacts/model")
    for mark in ("dvc.yaml", "pipeline/__init__.py", "docs/notebooks/here"):
        files.write_text(tmp_path / mark, "")
    cells = execute("lstm", tmp_path / "docs/notebooks", monkeypatch)
    card, gates, *_ = outputs(cells, "text/html")
    assert "toys, version" in card
    assert "Forget gate" in gates
    assert len(outputs(cells, "image/png")) == 4
    # What the text says of networks before training.
    lines = "".join(o.text for cell in cells for o in cell.get("outputs", []) if "text" in o)
    late = [float(line.rpartition(" ")[2]) for line in lines.splitlines() if "95 steps ago" in line]
    simple, large, none, one, three = late
    assert none < one < simple < three < large


@pytest.mark.slow
def test_the_notebook_of_own_data_makes_a_champion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    cells = execute("own-data", tmp_path, monkeypatch)
    pages = outputs(cells, "text/html")
    assert any("tickets, version 1" in page for page in pages)
    assert any("macro_f1" in page for page in pages)
    assert any("Changes of champion" in page for page in pages)


def test_the_notebooks_are_stored_without_outputs() -> None:
    """An output would be another one on each machine, and heat maps take megabytes."""
    paths = sorted(NOTEBOOKS.glob("*.ipynb"))
    assert len(paths) == 2
    for path in paths:
        book = nbformat.read(path, as_version=4)
        nbformat.validate(book)
        code = [cell for cell in book.cells if cell.cell_type == "code"]
        assert code
        assert not [cell for cell in code if cell.outputs or cell.execution_count]
