"""A wide table, one series a column, is the long table of the same values."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from forecast_files import DATASET, TARGET, describe, hours, prepare_steps

from conveyor.config.dataset import NO_STATIC, SeriesDataset
from conveyor.data.long_rows import part_of_columns, read_series
from conveyor.data.prepare import prepare
from conveyor.errors import DataError
from conveyor.serving.layout import Layout, find_layout

TIMES = [line.split(",")[0] for line in hours(40)[1:]]
# Values by time and series; None: the wide cell is empty, and the long table has no row.
PLAIN = [(time, i, -i) for i, time in enumerate(TIMES)]
LATE = [(time, i, None if i < 5 or i > 37 else -i) for i, time in enumerate(TIMES)]
GAPS = [(time, None if i in (8, 9, 30) else i, -i) for i, time in enumerate(TIMES)]
BERLIN = [f"2024-10-27T{hour:02}:00:00" for hour in (0, 1, 2, 2, *range(3, 24))]
# At the first of the two repeated hours, `b` has no value: its second one is still the second.
REPEATED = [(time, i, None if i == 2 else -i) for i, time in enumerate(BERLIN)]


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        (PLAIN, {}),
        (PLAIN[::-1], {"calendar": ["hour"]}),
        (LATE, {}),
        (GAPS, {}),
        (GAPS, {"gaps": "forward"}),
        ([*PLAIN, (TIMES[4], 100, None)], {"duplicates": "mean"}),
        ([*PLAIN, (TIMES[4], 100, None)], {"duplicates": "last"}),
        ([(None, 1, 2), *PLAIN, (TIMES[20], None, None)], {}),
        ([(time, np.inf if i == 7 else a, b) for i, (time, a, b) in enumerate(PLAIN)], {}),
        (PLAIN, {"until": TIMES[35]}),
    ],
)
def test_the_store_is_that_of_the_long_table(
    tmp_path: Path, rows: list[tuple[Any, ...]], options: dict[str, Any]
) -> None:
    long = pd.DataFrame(
        [(time, name, value) for time, *values in rows
         for name, value in zip("ab", values, strict=True) if value is not None],
        columns=["time", "series", "y"],
    )  # fmt: skip
    stores, reports = [], []
    for name, table in (("long", long), ("wide", pd.DataFrame(rows, columns=["time", "a", "b"]))):
        folder = tmp_path / name
        folder.mkdir()
        shape = {"series": "series"} if name == "long" else {"wide": "*"}
        prepared, report = prepare_steps(
            folder, table.to_csv(index=False).splitlines(), **shape, **options
        )
        files = [path for path in prepared.folder.rglob("*") if path.is_file()]
        stores.append({str(path.relative_to(prepared.folder)): path.read_bytes()
                       for path in files if path.name != "meta.json"})  # fmt: skip
        reports.append(report)
    assert stores[0] == stores[1]
    empty = sum(value is None for row in rows for value in row[1:] if row[0] is not None)
    assert reports[1]["windows"].pop("empty_cells") == empty
    assert reports[0]["windows"].pop("empty_cells") == 0
    assert reports[1]["rows"].pop("read") == reports[0]["rows"].pop("read") + empty
    same = ("rows", "dropped", "steps", "windows", "missing_values", "targets")
    assert {key: reports[0][key] for key in same} == {key: reports[1][key] for key in same}


def test_the_hour_that_is_repeated_is_told_apart_for_all_columns(tmp_path: Path) -> None:
    lines = ["time,a,b", *(f"{time},{a},{'' if b is None else b}" for time, a, b in REPEATED)]
    prepared, _ = prepare_steps(tmp_path, lines, wide="*", zone="Europe/Berlin", calendar=["hour"])
    values = np.load(prepared.folder / "raw.npy")
    second = values[len(BERLIN) :]  # of series b
    assert second[:, 1].tolist()[:5] == [0, 1, 2, 2, 3]
    assert np.isnan(second[2, 0])
    assert second[3, 0] == -3


def test_parquet_and_patterns_choose_the_columns(tmp_path: Path) -> None:
    table = pd.DataFrame({"when": pd.date_range("2024-01-01", periods=40, freq="D")})
    for name in ("load_x", "load_y", "note"):
        table[name] = np.arange(40) if name != "note" else "text"
    table.to_parquet(tmp_path / "steps.parquet")
    source = DATASET["source"] | {"format": "parquet", "files": {"all": "steps.parquet"}}
    target = TARGET | {"wide": "load_*", "time": "when"}
    takes = {name: take | {"column": "when"} if isinstance(take, dict) else take
             for name, take in DATASET["split"].items()}  # fmt: skip
    values = DATASET | {"source": source, "target": target, "split": takes}
    (tmp_path / "cache").mkdir()
    report = prepare(
        SeriesDataset.model_validate(values), tmp_path, tmp_path / "prepared", tmp_path / "cache"
    )
    assert report["rows"]["read"] == 80
    names = json.loads((tmp_path / "prepared" / "series.json").read_text())["names"]
    assert names == ["load_x", "load_y"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"wide": "load"}, "wide: expected the names of columns with one `\\*`"),
        ({"wide": "*", "columns": ["y", "z"]}, "columns: expected one name"),
        ({"wide": "*", "series": "name"}, "series: expected none with `wide`"),
        ({"wide": "*", "past": ["flow"]}, "past: expected none with `wide`.* a row for each"),
        ({"wide": "*", "known_ahead": ["day"]}, "known_ahead: expected none with `wide`"),
    ],
)
def test_what_a_wide_table_cannot_have_is_refused(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        describe(**options)


@pytest.mark.parametrize(
    ("lines", "options", "reason"),
    [
        (["time,a", *hours(40)[1:]], {"wide": "load_*"}, "columns such as 'load_\\*'"),
        (["time,a,b", "2024-01-01,1,x"], {"wide": "*"}, "row 1: column 'b': expected a number"),
        (["time,a,b", *(f"{line},1" for line in [*hours(40)[1:], hours(3)[2]])], {"wide": "*"},
         "series 'a': expected one row at each time; got two at 2024-03-01T01:00:00"),
        (["time,a,b", *(f"{line},{'' if i == 9 else 1}" for i, line in enumerate(hours(40)[1:]))],
         {"wide": "*", "gaps": "refuse"}, "series 'b'.*between 2024-03-01T08:00:00 and"),
    ],
)  # fmt: skip
def test_bad_wide_files_are_refused(
    tmp_path: Path, lines: list[str], options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DataError, match=reason):
        prepare_steps(tmp_path, lines, **options)


def test_a_wide_history_has_the_rows_that_were_evaluated(tmp_path: Path) -> None:
    lines = ["time,a,b", *(",".join(map(str, row)) for row in PLAIN)]
    prepared, _ = prepare_steps(tmp_path, lines, wide="*")
    test, spec = prepared.split("test"), prepared.task.spec
    place = 30
    table = {"time": TIMES[:place], "b": [-i for i in range(place)], "a": [*range(place - 1), None]}
    layout, names = find_layout([Layout.of_windows(spec)], table, "columns")
    assert layout.long is not None
    part = part_of_columns({name: table[name] for name in names}, "request")
    series = read_series(part, layout.long, NO_STATIC)
    assert series.ids == ["b", "a"]  # each forecast begins after the series' own last value
    for name, origin, row in zip("ba", (place, place - 1), series.sequences, strict=True):
        number = test.ids.index(f"{name}@{TIMES[origin]}")
        np.testing.assert_array_equal(row, test.rows[number])
