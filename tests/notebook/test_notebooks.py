"""The notebooks of docs/ run from top to bottom, and hold what their cells give."""

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from conveyor import files

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))
from reference import run_notebooks  # noqa: E402

LARGEST = 1_000_000  # bytes of all notebooks


def execute(name: str, folder: Path, tmp_path: Path) -> list[Any]:
    """Run a notebook in a folder; returns its cells, with their outputs."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    return run_notebooks.execute(run_notebooks.FOLDER / f"{name}.ipynb", folder, temporary).cells


def stored_cells(name: str) -> list[Any]:
    return nbformat.read(run_notebooks.FOLDER / f"{name}.ipynb", as_version=4).cells


def outputs(cells: list[Any], kind: str) -> list[str]:
    """The outputs of one media type, in their order."""
    data = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    return [values[kind] for values in data if kind in values]


def forms(cells: list[Any]) -> dict[str, list[list[str]]]:
    """The media types of each output of a cell; of printed text none."""
    return {cell.id: [list(output.get("data", [])) for output in cell.get("outputs", [])]
            for cell in cells}  # fmt: skip


def check_stored(name: str, cells: list[Any], tmp_path: Path) -> None:
    """Each cell that gives a picture, a table or text now has one stored."""
    run_notebooks.clean(cells, tmp_path)
    assert forms(cells) == forms(stored_cells(name))


def test_the_tour_of_the_lstm_runs(tmp_path: Path, toy_product: Path) -> None:
    shutil.copytree(toy_product, tmp_path / "artifacts/model")
    for mark in ("dvc.yaml", "pipeline/__init__.py", "docs/notebooks/here"):
        files.write_text(tmp_path / mark, "")
    cells = execute("lstm", tmp_path / "docs/notebooks", tmp_path)
    card, gates, *_ = outputs(cells, "text/html")
    assert "toys, version" in card
    assert "Forget gate" in gates
    assert len(outputs(cells, "image/png")) == 5
    # What the text says of networks before training.
    lines = "".join(o.text for cell in cells for o in cell.get("outputs", []) if "text" in o)
    late = [float(line.rpartition(" ")[2]) for line in lines.splitlines() if "95 steps ago" in line]
    simple, large, none, one, three = late
    assert none < one < simple < three < large
    check_stored("lstm", cells, tmp_path)


@pytest.mark.slow
def test_the_notebook_of_own_data_makes_a_champion(tmp_path: Path) -> None:
    cells = execute("own-data", tmp_path, tmp_path)
    pages = outputs(cells, "text/html")
    assert any("tickets, version 1" in page for page in pages)
    assert any("macro_f1" in page for page in pages)
    assert any("Changes of champion" in page for page in pages)
    check_stored("own-data", cells, tmp_path)


def test_the_stored_outputs_are_small_and_of_no_machine() -> None:
    paths = sorted(run_notebooks.FOLDER.glob("*.ipynb"))
    assert len(paths) == 2
    assert sum(path.stat().st_size for path in paths) < LARGEST
    for path in paths:
        book = nbformat.read(path, as_version=4)
        nbformat.validate(book)
        texts = [*outputs(book.cells, "text/html"), *outputs(book.cells, "text/plain")]
        texts += [o.text for cell in book.cells for o in cell.get("outputs", []) if "text" in o]
        assert texts
        assert not [text for text in texts if "<iframe" in text]
        assert not re.findall(r"/(?:home|root|Users)/\S*|/tmp/tmp\S*|\d\d:\d\d:\d\d(?<!00:00:00)",
                              "\n".join(texts))  # fmt: skip


def test_what_differs_between_runs_is_replaced(tmp_path: Path) -> None:
    text = (
        f"{tmp_path}/tmpab12_x/tickets is a project\n"
        "I0000 00:00:1796064107.133729   10739 cudart_stub.cc:31] Could not find cuda drivers\n"
        "train: fitted in 7.9 s; 2026-11-30 18:42:45+00:00\n"
        "latency, passed: milliseconds for one row: 0.1405, within the limit of 100\n"
    )
    page = nbformat.v4.new_output("display_data", {"text/html": "<iframe>", "image/png": "iVBO"})
    cell = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("stream", text=text), page])
    run_notebooks.clean([cell], tmp_path)
    assert cell.outputs[0].text == (
        "/tmp/tickets is a project\n"
        "train: fitted in … s; 2026-01-01 00:00:00+00:00\n"
        "latency, passed: milliseconds for one row: …, within the limit of 100\n"
    )
    assert page.data == {"image/png": "iVBO"}
