"""Small files of series, and the configuration that describes them."""

from pathlib import Path
from typing import Any

from conveyor.config.dataset import SeriesDataset
from conveyor.data.prepare import prepare
from conveyor.data.store import Prepared

TARGET: dict[str, Any] = {
    "task": "forecasting", "columns": ["y"], "series": None, "wide": None, "time": "time",
    "time_format": None, "zone": None, "until": None, "horizon": 2, "context": 3, "past": [],
    "known_ahead": [], "calendar": [], "season": None, "gaps": "missing", "duplicates": "refuse",
    "stride": 1,
}  # fmt: skip
DATASET: dict[str, Any] = {
    "kind": "series", "name": "example",
    "source": {"format": "csv", "files": {"all": "steps.csv"}, "hub": None, "revision": None,
               "header": None, "delimiter": ",", "quote": '"', "encoding": "auto",
               "compression": "auto", "decimal": ".", "missing": [], "sheet": None, "sql": None},
    "columns": {"series": None, "layout": "steps_first", "wide": None, "long": None, "id": None},
    "split": {"seed": 1, "group": None, "test": {"by": "time", "column": "time", "share": 0.3},
              "validation": {"by": "time", "column": "time", "share": 0.3}},
    "checks": {"min_rows": 1, "max_dropped_share": 0.5},
    "engine": {"threads": 1, "memory": "80MB"},
    "encoding": {"missing": "mask", "scaling": "standard", "max_length": None},
}  # fmt: skip


def describe(split: dict[str, Any] | None = None, **target: Any) -> SeriesDataset:
    """The configuration of a data set; `split` and options of the target replace the usual ones."""
    values = DATASET | {"target": TARGET | target}
    return SeriesDataset.model_validate(values | {"split": DATASET["split"] | (split or {})})


def write_steps(folder: Path, lines: list[str]) -> None:
    (folder / "steps.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def prepare_steps(
    folder: Path, lines: list[str], split: dict[str, Any] | None = None, **target: Any
) -> tuple[Prepared, dict[str, Any]]:
    """Write a file and prepare it; returns the store and the data report."""
    write_steps(folder, lines)
    (folder / "cache").mkdir(exist_ok=True)
    store = folder / "prepared"
    report = prepare(describe(split, **target), folder, store, folder / "cache")
    return Prepared(store), report


def hours(count: int, header: str = "time,y") -> list[str]:
    """Hourly steps from midnight on, whose value is their number."""
    start = "2024-03-0"
    return [header, *(f"{start}{1 + i // 24}T{i % 24:02}:00:00,{i}" for i in range(count))]
