"""A table of times and numbers becomes a data set of series that are forecast."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from conveyor.compose import compose
from conveyor.data.prepare import prepare
from conveyor.errors import DataError
from conveyor.paths import Paths
from conveyor.suggest.suggest import suggest

HOURS = [datetime(2024, 1, 1) + timedelta(hours=i) for i in range(480)]
DRAW = np.random.default_rng(0)


def numbers(rows: int = 480) -> np.ndarray:
    return DRAW.normal(size=rows).round(3)


def long() -> pd.DataFrame:
    tables = [
        pd.DataFrame({"shop": name, "time": HOURS, "promotion": np.arange(480) % 2,
                      "visits": numbers(), "area": area})
        for name, area in (("north", 10), ("south", 20))
    ]  # fmt: skip
    return pd.concat(tables)


def one(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"date": HOURS} | (columns or {"load": numbers()}))


def months() -> pd.DataFrame:
    times = [f"01.{1 + i % 12:02}.{2000 + i // 12}" for i in range(60)]
    return pd.DataFrame({"when": times, "sales": numbers(60), "price": numbers(60)})


@pytest.mark.parametrize(
    ("table", "target", "expected", "note"),
    [
        (long().drop(columns="area"), None,
         {"columns": ["visits"], "series": "shop", "time": "time", "past": ["promotion"],
          "horizon": 24, "context": 48}, None),
        (long(), "visits",
         {"columns": ["visits"], "series": "shop", "time": "time", "past": ["promotion"],
          "horizon": 24, "context": 48}, "static: {numbers: [area], categories: []}"),
        (one(), None, {"columns": ["load"], "time": "date", "horizon": 24, "context": 48}, None),
        (one(a=numbers(), b=numbers()), "b",
         {"columns": ["b"], "time": "date", "past": ["a"], "horizon": 24, "context": 48},
         "{columns: [value], wide: '*'}, and remove past"),
        (one(**{f"load_{i}": numbers() for i in range(6)}), None,
         {"columns": ["value"], "wide": "load_*", "time": "date", "horizon": 24, "context": 48},
         None),
        (months(), "sales",
         {"columns": ["sales"], "time": "when", "past": ["price"], "time_format": "%d.%m.%Y",
          "horizon": 3, "context": 9}, None),
        (pd.concat([one(), one().iloc[:1]]), None,
         {"columns": ["load"], "time": "date", "duplicates": "mean", "horizon": 24,
          "context": 48}, None),
    ],
)  # fmt: skip
def test_a_forecast_is_suggested_that_prepare_accepts(
    project: Paths, tmp_path: Path, table: pd.DataFrame, target: str | None,
    expected: dict[str, Any], note: str | None,
) -> None:  # fmt: skip
    table.to_csv(tmp_path / "steps.csv", index=False)
    suggestion = suggest(project, [tmp_path / "steps.csv"], target=target)
    suggestion.write(force=True)
    dataset, _ = suggestion.texts.values()
    assert yaml.safe_load(dataset)["target"] == expected
    assert note is None or any(note in each for each in suggestion.notes)
    project.params.write_text(f"choose: {{experiment: {suggestion.name}}}\n")
    config = compose(project)
    report = prepare(config.dataset, project.root, project.prepared, project.scratch)
    counts = re.findall(r"\d+", dataset.splitlines()[3])
    assert [*map(int, counts)] == [*report["rows"].values()]
    assert min(report["rows"].values()) > 0


def test_a_target_of_each_series_is_suggested_first(project: Paths, tmp_path: Path) -> None:
    long().to_csv(tmp_path / "steps.csv", index=False)
    suggestion = suggest(project, [tmp_path / "steps.csv"])
    assert any(
        "to be forecast" in n and "--target promotion --force" in n for n in suggestion.notes
    )


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (one().assign(date=[HOURS[i * i % 97] + timedelta(minutes=i) for i in range(480)]),
         "regular grid"),
        (pd.DataFrame({"load": numbers(), "heat": numbers()}), "a column of times"),
    ],
)  # fmt: skip
def test_a_table_that_is_neither_is_refused_with_both_reasons(
    project: Paths, tmp_path: Path, table: pd.DataFrame, reason: str
) -> None:
    table.to_csv(tmp_path / "steps.csv", index=False)
    with pytest.raises(DataError, match=f"Nor can numbers be forecast: .*{reason}"):
        suggest(project, [tmp_path / "steps.csv"])
