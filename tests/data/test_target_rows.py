"""A file with targets is read as `prepare` reads it, whatever the task and the layout."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from conveyor.config.dataset import Dataset
from conveyor.data.prepare import prepare
from conveyor.data.store import SPLITS, Prepared
from conveyor.data.target_rows import FileLayout, read_target_rows
from conveyor.metrics.steps import has_steps
from conveyor.raw_row import to_bytes
from conveyor.tasks.options import Target
from tests.conftest import SERIES

TEXT = {
    "tokenizer": "word", "lowercase": True, "unescape_html": True, "normalise": "none",
    "strip_accents": False, "vocabulary": 50, "min_frequency": 1, "max_length": 8, "characters": 0,
    "raw_text": None,
}  # fmt: skip
CLASSES = {"task": "classification", "column": "answer"}
NUMBERS = {"task": "regression", "columns": ["low", "high"]}
STATIC = {"numbers": ["age"], "categories": ["sort"]}
SERIES_COLUMNS = {"series": "series", "layout": "steps_first", "wide": None, "long": None,
                  "id": None}  # fmt: skip
LONG = {**SERIES_COLUMNS, "series": None,
        "long": {"id": "run", "order": "time", "channels": ["a", "b"]}}  # fmt: skip
WIDE = {**SERIES_COLUMNS, "series": None, "wide": "t*"}

# By case: what the data set says beside SERIES, and the keys of a row that it needs.
CASES: dict[str, dict[str, Any]] = {
    "classes": {"target": CLASSES, "columns": SERIES_COLUMNS},
    "thresholds": {"target": {"task": "classification", "column": "low",
                              "classes": ["small", "large"], "thresholds": [0.0]},
                   "columns": SERIES_COLUMNS},
    "sets": {"target": {"task": "multilabel", "column": "set", "separator": ";"},
             "columns": SERIES_COLUMNS},
    "numbers beside static columns": {"target": NUMBERS,
                                      "columns": {**SERIES_COLUMNS, "static": STATIC}},
    "a tag for each step": {"target": {"task": "tagging", "column": "tags"},
                            "columns": SERIES_COLUMNS},
    "a step a line": {"target": CLASSES, "columns": LONG},
    "a tag a line": {"target": {"task": "tagging", "column": "tag"}, "columns": LONG},
    "a column a step": {"target": NUMBERS, "columns": WIDE},
    "texts": {"kind": "text", "target": CLASSES, "encoding": TEXT,
              "columns": {"text": ["head", "text"], "separator": " ", "id": None}},
    "a tag for each token": {"kind": "text", "target": {"task": "tagging", "column": "tags"},
                             "encoding": {**TEXT, "tokenizer": "whitespace", "raw_text": "words",
                                          "unescape_html": False},
                             "columns": {"text": "tokens", "separator": " ", "id": None}},
}  # fmt: skip
ROWS = 60


def make_rows() -> list[dict[str, Any]]:
    draw = np.random.default_rng(5)
    rows = []
    for number in range(ROWS):
        steps = draw.normal(size=(int(draw.integers(3, 6)), 2)).round(3)
        low, count = round(float(steps[0, 0]), 3), len(steps)
        rows.append(
            {
                "series": steps.tolist(), "answer": "up" if low > 0 else "down",
                "low": low, "high": round(float(steps[0, 1]), 3), "age": number % 7 or None,
                "sort": "ab"[number % 2], "set": "long;up" if low > 0 else "short",
                "tags": ["x", *["y" if low > 0 else "z"] * (count - 1)],
                "head": f"number {number}", "text": f"a &amp; b {'good' if low > 0 else 'bad'}",
                "tokens": " ".join(f"w{int(10 * abs(x))}" for x in steps[:, 0]),
            }
        )  # fmt: skip
    return rows


def write_rows(folder: Path, columns: dict[str, Any]) -> str:
    """Write the rows in a layout; returns the name of the file."""
    rows = make_rows()
    if columns.get("long"):
        lines = [
            {"run": f"r{n}", "time": t, "a": a, "b": b, "answer": row["answer"], "tag": tag}
            for n, row in enumerate(rows)
            for t, ((a, b), tag) in enumerate(zip(row["series"], row["tags"], strict=True))
        ]
    elif columns.get("wide"):
        lines = [
            {"low": row["low"], "high": row["high"]}
            | {f"t{t}": row["series"][t][0] if t < len(row["series"]) else "" for t in range(6)}
            for row in rows
        ]
    else:
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "rows[1].jsonl").write_text(text)  # a name that is no pattern
        return "rows[1].jsonl"
    with (folder / "rows.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(lines[0]))
        table.writeheader()
        table.writerows(lines)
    return "rows.csv"


def key(row: Any, target: Any) -> tuple[bytes, bytes]:
    return to_bytes(row), np.asarray(target).tobytes()


@pytest.mark.parametrize("case", CASES)
def test_rows_and_targets_are_those_of_prepare(tmp_path: Path, case: str) -> None:
    name = write_rows(tmp_path, CASES[case]["columns"])
    kind = name.rpartition(".")[2]
    source = {**SERIES["source"], "format": kind, "files": {"all": name.replace("[", "?")}}
    config = TypeAdapter[Any](Dataset).validate_python({**SERIES, "source": source, **CASES[case]})
    prepare(config, tmp_path, tmp_path / "prepared", tmp_path / "cache")
    prepared = Prepared(tmp_path / "prepared")
    meta = prepared.meta
    assert meta.columns is not None
    assert meta.dialect is not None
    options: Target | None = meta.target_options
    assert options == config.target
    layout = FileLayout(kind, meta.columns, meta.dialect, options)
    part = read_target_rows(tmp_path / name, layout, prepared.encoder, meta.target)
    assert (len(part.rows), part.left_out) == (ROWS, {})
    assert has_steps(part.targets) == meta.target.per_step
    expected = {
        key(row, target)
        for split in map(prepared.split, SPLITS)
        for row, target in zip(split.rows, split.targets, strict=True)
    }
    pairs = [key(row, target) for row, target in zip(part.rows, part.targets, strict=True)]
    assert len(expected) == ROWS
    assert set(pairs) == expected
