"""Small sources on disk and the configuration that describes them."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from conveyor.config.dataset import Dataset, SeriesDataset, TextDataset
from conveyor.data.prepare import prepare
from conveyor.data.store import SPLITS, Prepared

TEXT: dict[str, Any] = {
    "kind": "text", "name": "mails",
    "source": {"format": "jsonl", "files": {"all": "rows.jsonl"}, "hub": None, "revision": None,
               "header": None, "delimiter": "auto", "quote": '"', "encoding": "auto",
               "compression": "auto", "decimal": ".", "missing": [], "sheet": None, "sql": None},
    "columns": {"text": "text", "separator": "\n", "id": None},
    "target": {"task": "classification", "column": "label", "classes": None, "thresholds": None},
    "split": {"seed": 1, "test": {"by": "share", "share": 0.25},
              "validation": {"by": "share", "share": 0.25}, "group": None},
    "checks": {"min_rows": 1, "max_dropped_share": 0.5},
    "engine": {"threads": 2, "memory": "200MB"},
    "encoding": {"tokenizer": "word", "lowercase": True, "unescape_html": False,
                 "normalise": "nfc", "strip_accents": False, "vocabulary": 1000,
                 "min_frequency": 1, "max_length": 50, "characters": 0, "raw_text": None},
}  # fmt: skip
SERIES: dict[str, Any] = {
    **TEXT, "kind": "series", "name": "machines",
    "columns": {"series": "series", "layout": "steps_first", "wide": None, "long": None,
                "id": None},
    "encoding": {"missing": "refuse", "scaling": "standard", "max_length": None},
}  # fmt: skip


def described(base: Mapping[str, Any], **changes: Any) -> TextDataset | SeriesDataset:
    """The configuration with values replaced: `split__group="who"` is split.group."""
    values = copy.deepcopy(dict(base))
    for name, value in changes.items():
        *parents, last = name.split("__")
        node = values
        for parent in parents:
            node = node[parent]
        node[last] = value
    return TypeAdapter(Dataset).validate_python(values)


def mails(count: int = 40) -> list[dict[str, Any]]:
    """Distinct texts of two classes."""
    return [
        {"text": f"{'win money' if i % 2 else 'see you'} number{i} today",
         "label": "spam" if i % 2 else "ham"}
        for i in range(count)
    ]  # fmt: skip


def machines(count: int = 40) -> list[dict[str, Any]]:
    """Series of 2 channels and 2 to 6 steps, two classes."""
    draw = np.random.default_rng(0)
    return [
        {"series": draw.normal(i % 2, 1, (draw.integers(2, 7), 2)).round(3).tolist(),
         "label": f"state{i % 2}"}
        for i in range(count)
    ]  # fmt: skip


def write(folder: Path, rows: Sequence[Mapping[str, Any]], name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def given_parts(
    folder: Path, parts: Mapping[str, Sequence[Mapping[str, Any]]]
) -> tuple[Prepared, dict[str, Any]]:
    """Prepare texts whose splits are given, as a file for each."""
    for name, rows in parts.items():
        write(folder, rows, f"{name}.jsonl")
    given: Any = {"by": "given"}
    return prepared(
        folder, None, TEXT, source__files={name: f"{name}.jsonl" for name in parts},
        split__test=given, split__validation=given,
    )  # fmt: skip


def prepared(
    folder: Path, rows: Sequence[Mapping[str, Any]] | None, base: Mapping[str, Any], **changes: Any
) -> tuple[Prepared, dict[str, Any]]:
    """Write the rows, prepare them; None takes the files that lie there."""
    if rows is not None:
        write(folder, rows)
    report = prepare(described(base, **changes), folder, folder / "prepared", folder / "cache")
    return Prepared(folder / "prepared"), report


def ids(store: Prepared) -> dict[str, set[str]]:
    return {name: set(store.split(name).ids) for name in SPLITS}


def require_all_counted(report: dict[str, Any]) -> None:
    rows = report["rows"]
    kept = sum(rows[name] for name in SPLITS)
    gone = sum(one["rows"] for one in report["dropped"].values())
    gone += sum(one["removed"] for one in report["removed_between_splits"].values())
    assert rows["read"] == kept + gone


def python(code: str, *arguments: str, **environment: str) -> str:
    """The last word that code prints in a fresh process."""
    path = f"{Path(__file__).parent}:{os.environ['PYTHONPATH']}"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": path, **environment},
    )  # fmt: skip
    return done.stdout.split()[-1]


def content(store: Prepared) -> dict[str, Any]:
    parts = {name: store.split(name) for name in ("train", "validation", "test")}
    return {
        name: [(i, str(r), int(c)) for i, r, c in zip(p.ids, p.rows, p.targets, strict=True)]
        for name, p in parts.items()
    }
