"""A project's extensions.py: its rows are in the tables, its mistakes are told in one line.

tests/belt/test_extending.py runs the belt with a row of each table.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conveyor.compose import compose
from conveyor.config import ConfigError
from conveyor.data.sources import find_readers
from conveyor.errors import InputError
from conveyor.extensions import TABLES, rows_of
from conveyor.paths import Paths
from conveyor.tasks.task import load_metrics

ROOT = Path(__file__).parents[1]
ROWS = {
    "METRICS": '{"regression": {"worst": Metric("worst error", lambda predictions: 0.0)}}',
    "READERS": '{"orc": lambda source, path: None}',
    "GATES": '{"confidence": lambda evidence, limits: []}',
    "CELLS": '{"elman": lambda: None}',
    "POOLINGS": '{"rms": lambda: None}',
    "CALLBACKS": '{"log": lambda options: None}',
}
TEXT = "from conveyor.metrics import Metric\n" + "".join(f"{k} = {v}\n" for k, v in ROWS.items())
Write = Callable[[str], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write the extensions.py of the folder in which the test stands."""
    monkeypatch.chdir(tmp_path)
    return lambda text: (tmp_path / "extensions.py").write_text(text) and None


def test_a_project_without_extensions_has_no_rows(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    assert all(rows_of(table) == {} for table in TABLES)
    monkeypatch.chdir(ROOT)
    assert all(rows_of(table) == {} for table in TABLES)


def test_each_table_has_the_rows_of_the_project(write: Write) -> None:
    write(TEXT)
    assert {table: [*rows_of(table)] for table in TABLES} == {
        "METRICS": ["regression"], "READERS": ["orc"], "GATES": ["confidence"],
        "CELLS": ["elman"], "POOLINGS": ["rms"], "CALLBACKS": ["log"],
    }  # fmt: skip
    assert "orc" in find_readers()
    assert "worst" in load_metrics("regression")
    assert "worst" not in load_metrics("classification")


SETTINGS = {
    "model.cell=elman": "model.cell: expected 'lstm', 'gru' or 'simple'; got 'elman'",
    "model.pooling=rms": "'mean_max', 'attention' or 'none'; got 'rms'",
    "+gates.own={confidence: {min: 0.1}}": "gates.own.confidence: expected one of GATES in",
    "+train.callbacks={log: {}}": "train.callbacks: expected CALLBACKS of extensions.py, none",
    "dataset.source.format=orc": "dataset.source.format: expected one of csv, ",
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_names_a_row_of_the_project_and_no_other(write: Write, setting: str) -> None:
    override = setting.replace(": ", ":")
    with pytest.raises(ConfigError, match=SETTINGS[setting].replace("[", r"\[")):
        compose(Paths(ROOT), [override])
    write(TEXT + "\n# another file for the same folder\n")
    load = rows_of.__globals__["_load"]
    load.cache_clear()
    compose(Paths(ROOT), [override])


MISTAKES = {
    "METRIC = {}": "METRIC: expected one of the tables METRICS, .*did you mean METRICS",
    "GATES = {'own': 1}": r"GATES\['own'\]: expected a function by name; got int",
    "CELLS = {1: print}": r"CELLS\[1\]: expected a function by name",
    "METRICS = {'worst': print}": r"METRICS\['worst'\]: expected a dictionary of metrics by task",
    "import numpy\n\n1 / 0": "extensions.py, line 3: expected Python that runs; got ZeroDivision",
    "def f(:\n    pass": "extensions.py, line 1: expected Python that runs; got SyntaxError",
    "import nowhere_at_all": "line 1: .* got ModuleNotFoundError: No module named 'nowhere_at_all'",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_with_its_place(write: Write, text: str) -> None:
    write(text)
    with pytest.raises(InputError, match=MISTAKES[text]):
        rows_of("METRICS")


def test_a_name_that_exists_is_refused(write: Write) -> None:
    write("READERS = {'csv': print}")
    with pytest.raises(InputError, match="READERS: expected new names; got 'csv', which exist"):
        find_readers()
