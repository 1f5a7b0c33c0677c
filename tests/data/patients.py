"""Patients whose state only their static columns tell, in each layout of the sequence."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from making import SERIES, TEXT, described

from conveyor.config.dataset import SeriesDataset, TextDataset
from conveyor.data.prepare import prepare
from conveyor.data.store import Prepared

STATIC = {"numbers": ["age"], "categories": ["ward"]}
NO_STATIC: dict[str, list[str]] = {"numbers": [], "categories": []}
WORDS = ("calm", "warm", "cold", "loud", "slow", "kind")
WARDS = ("north", "south", "east")
LONG = {"id": "patient", "order": "hour", "channels": ["pulse", "heat"]}
Patient = dict[str, Any]


def patients(count: int = 200) -> list[Patient]:
    """Patients of two states, which follow from age and ward alone; some lack an age or a ward."""
    draw = np.random.default_rng(3)
    rows = []
    for number in range(count):
        ward, old = WARDS[draw.integers(3)], bool(draw.integers(2))
        age = round(float(draw.normal(70 if old else 30, 4)), 1)
        steps = draw.normal(0, 1, (draw.integers(3, 8), 2)).round(3).tolist()
        rows.append({
            "patient": f"p{number:03}", "text": " ".join(draw.choice(WORDS, 4)), "series": steps,
            "age": age, "ward": ward, "state": "high" if old or ward == "north" else "low",
        })  # fmt: skip
    rows[5]["ward"] = None
    rows[7]["age"] = None
    return rows


def by_cell(patient: Patient, column: str) -> list[dict[str, Any]]:
    return [{key: patient[key] for key in ("patient", column, "age", "ward", "state")}]


def wide(patient: Patient) -> list[dict[str, Any]]:
    steps = [pulse for pulse, _ in patient["series"]] + [None] * 7
    cells = {f"t{step}": steps[step] for step in range(7)}
    return [cells | {key: patient[key] for key in ("patient", "age", "ward", "state")}]


def by_step(patient: Patient) -> list[dict[str, Any]]:
    others = {key: patient[key] for key in ("patient", "age", "ward", "state")}
    return [
        {"hour": hour, "pulse": pulse, "heat": heat, **others}
        for hour, (pulse, heat) in enumerate(patient["series"])
    ]


# By layout: the configuration, its columns, and the rows of a file for a patient.
Rows = Callable[[Patient], list[dict[str, Any]]]
LAYOUTS: dict[str, tuple[dict[str, Any], dict[str, Any], Rows]] = {
    "text": (TEXT, {"text": "text", "separator": "\n"}, lambda p: by_cell(p, "text")),
    "series": (SERIES, {"series": "series"}, lambda p: by_cell(p, "series")),
    "wide": (SERIES, {"series": None, "wide": "t*"}, wide),
    "long": (SERIES, {"series": None, "long": LONG}, by_step),
}  # fmt: skip


def write_rows(path: Path, rows: list[dict[str, Any]], decimal: str = ".") -> Path:
    """Write JSON lines, or CSV with empty cells for None and `decimal` in numbers."""
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter=";")
        writer.writeheader()
        for row in rows:
            writer.writerow({
                key: json.dumps(cell) if isinstance(cell, list)
                else str(cell).replace(".", decimal) if isinstance(cell, float) else cell
                for key, cell in row.items()
            })  # fmt: skip
    return path


def describe(layout: str, file: str, **changes: Any) -> TextDataset | SeriesDataset:
    base, columns, _ = LAYOUTS[layout]
    settings: dict[str, Any] = {
        "source__format": Path(file).suffix[1:], "source__files": {"all": file},
        "target__column": "state", "encoding__max_length": 6, "source__delimiter": "auto",
        "columns__static": STATIC,
    }  # fmt: skip
    settings |= {f"columns__{key}": value for key, value in columns.items()}
    return described(base, **(settings | changes))


def prepare_patients(
    folder: Path, layout: str, rows: list[Patient], suffix: str = ".jsonl", **changes: Any
) -> tuple[Prepared, dict[str, Any]]:
    """Write the patients in a layout, and prepare them."""
    table = [line for patient in rows for line in LAYOUTS[layout][2](patient)]
    write_rows(folder / f"rows{suffix}", table, changes.get("source__decimal", "."))
    config = describe(layout, f"rows{suffix}", **changes)
    report = prepare(config, folder, folder / "prepared", folder / "cache")
    return Prepared(folder / "prepared"), report
