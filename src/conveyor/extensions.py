"""The rows that a project's own extensions.py adds to the tables of metrics, readers and so on.

The file lies in the project's folder, in which every command, stage and trial process starts. It is
loaded once in each process, when the first table asks for it: the configuration's own check does.
"""

import importlib.util
import sys
import traceback
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from conveyor.errors import InputError

FILE = "extensions.py"
# The tables that the file may hold, each a dictionary by name. docs/extending.md shows a row of
# each. METRICS has a dictionary for each task.
TABLES = ("METRICS", "READERS", "GATES", "CELLS", "POOLINGS", "CALLBACKS")
Row = Callable[..., Any]


def rows_of(table: str) -> Mapping[str, Any]:
    """Return the rows of one of TABLES; empty where the project has none.

    Raises:
        InputError: the file cannot be loaded, or holds what no table takes.
    """
    return _load(Path(FILE).absolute()).get(table, {})


def extend(table: str, rows: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rows of a table together with those that a project adds.

    Raises:
        InputError: a name is in both.
    """
    taken = sorted(rows.keys() & added.keys())
    if taken:
        raise InputError(
            f"{FILE}: {table}: expected new names; got {', '.join(map(repr, taken))}, which exist "
            "already. Rename them"
        )
    return {**rows, **added}


def make_row(table: str, name: str, *arguments: Any) -> Any:
    """Return what a row of CELLS, POOLINGS or CALLBACKS makes.

    Such a row is a function, so that it alone imports Keras, where a network is built.
    """
    return rows_of(table)[name](*arguments)


@cache
def _load(path: Path) -> Mapping[str, Mapping[str, Any]]:
    if not path.is_file():
        return {}
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise InputError(_describe_failure(error, path)) from error
    tables = {name: value for name, value in vars(module).items()
              if name.isupper() and isinstance(value, dict)}  # fmt: skip
    for name, rows in tables.items():
        _check_table(name, rows)
    return tables


def _describe_failure(error: Exception, path: Path) -> str:
    """Name the last line of the file that was running."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    place = f"{FILE}, line {line}" if line else FILE
    reason = error.msg if isinstance(error, SyntaxError) else error
    return f"{place}: expected Python that runs; got {type(error).__name__}: {reason}. Change it"


def _check_table(name: str, rows: Mapping[Any, Any]) -> None:
    if name not in TABLES:
        near = get_close_matches(name, TABLES, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise InputError(
            f"{FILE}: {name}: expected one of the tables {', '.join(TABLES)}; {hint}Rename it, "
            f"or begin its name with an underscore"
        )
    wanted = "a dictionary of metrics by task" if name == "METRICS" else "a function by name"
    for key, value in rows.items():
        fits = isinstance(value, dict) if name == "METRICS" else callable(value)
        if not isinstance(key, str) or not fits:
            raise InputError(
                f"{FILE}: {name}[{key!r}]: expected {wanted}; got {type(value).__name__}. Change it"
            )
