"""Long format: steps stand in order of time, whatever the notation; what cannot be read is refused
with its file and row."""

import csv
import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making import SERIES, prepared

from conveyor.data.steps import SortedSteps
from conveyor.errors import DataError

BERLIN = ZoneInfo("Europe/Berlin")
AUTUMN = [datetime(2024, 10, 27, 0, 0, tzinfo=UTC) + timedelta(minutes=20 * i) for i in range(9)]
COUNTS = [1, 2, 9, 10, 11, 20, 100, 101, 1000]  # as text, 10 comes before 9

# What a column of times may hold, in order of time; by name.
TIMES: dict[str, list[Any]] = {
    "numbers as text": [str(n) for n in COUNTS],
    "ints": COUNTS,
    "floats": [n / 10 for n in COUNTS],
    "large ints": [2**60 + n for n in COUNTS],  # more digits than a float holds
    "negative numbers": [-20, -3, -1, 0, 1, 2, 10, 11, 12],
    "iso dates": [f"2024-{m:02d}-03" for m in range(1, 10)],
    "iso times": [f"2024-01-03T{h:02d}:05" for h in range(9)],
    "nanoseconds": [f"2024-01-03T00:00:00.00000000{n}" for n in range(9)],
    "offsets over the clock change": [t.astimezone(BERLIN).isoformat() for t in AUTUMN],
}
TYPED: dict[str, pa.Array] = {
    "zone over the clock change": pa.array(AUTUMN, pa.timestamp("us", "Europe/Berlin")),
    "timestamps": pa.array([datetime(2024, 1, n) for n in range(1, 10)], pa.timestamp("s")),
    "dates": pa.array([date(2024, n, 1) for n in range(1, 10)], pa.date32()),
    "times of day": pa.array([time(n, 5) for n in range(5, 14)], pa.time32("s")),
    "durations": pa.array([timedelta(days=n) for n in COUNTS], pa.duration("ms")),
    "decimals": pa.array(COUNTS).cast(pa.decimal128(22, 2)),
    "categories": pa.array([str(n) for n in COUNTS]).dictionary_encode(),
}
FORMATS: dict[str, tuple[str, list[str]]] = {
    "day first": ("%d/%m/%Y", [f"1/{m}/2024" for m in (1, 2, 3, 4, 9, 10, 11, 12)] + ["1/1/2025"]),
    "times of day": ("%H:%M", ["9:05", "9:06", "10:01", "10:05", "11:00", "12:00", "20:00", "21:00",
                               "22:00"]),
    "compact dates": ("%Y%m%d", [f"2024010{n}" for n in range(1, 10)]),
    "offset": ("%Y/%m/%d %H:%M %z", [t.astimezone(BERLIN).strftime("%Y/%m/%d %H:%M %z")
                                     for t in AUTUMN]),
}  # fmt: skip
READERS = ("csv", "tsv", "jsonl", "parquet")


def write(table: pa.Table, path: Path) -> None:
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(
                file, table.column_names, delimiter="," if path.suffix == ".csv" else "\t"
            )
            writer.writeheader()
            writer.writerows(table.to_pylist())


def steps(times: pa.Array, machines: int = 8) -> pa.Table:
    """The steps of some machines, shuffled; channel x counts them in order of time."""
    rows = len(times)
    order = np.random.default_rng(0).permutation(rows * machines)
    table = pa.table(
        {
            "machine": [f"m{i}" for i in range(machines) for _ in range(rows)],
            "time": pa.concat_arrays([times] * machines),
            "x": [100.0 * i + step for i in range(machines) for step in range(rows)],
            "label": [f"state{i % 2}" for i in range(machines) for _ in range(rows)],
        }
    )
    return table.take(order)


def read(folder: Path, names: Any, form: str, time_format: str | None = None) -> list[list[float]]:
    """Prepare files of steps; the values of x of each series."""
    columns = {
        "series": None, "layout": "steps_first", "wide": None, "id": "machine",
        "long": {"id": "machine", "order": "time", "channels": ["x"], "time_format": time_format},
    }  # fmt: skip
    source: dict[str, Any] = {"source__format": form, "source__files": {"all": names}}
    store, report = prepared(folder, None, SERIES, columns=columns, **source)
    parts = [store.split(name) for name in ("train", "validation", "test")]
    assert sum(report["rows"][name] for name in ("train", "validation", "test")) == 8
    return [row[:, 0].tolist() for part in parts for row in part.rows]


def require_order(series: list[list[float]]) -> None:
    for values in series:
        np.testing.assert_array_equal(np.diff(values), 1)


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize("kind", TIMES)
def test_steps_are_in_order_of_time(tmp_path: Path, kind: str, form: str) -> None:
    write(steps(pa.array(TIMES[kind])), tmp_path / f"rows.{form}")
    require_order(read(tmp_path, f"rows.{form}", form))


@pytest.mark.parametrize("kind", TYPED)
def test_steps_are_in_order_of_times_that_parquet_types(tmp_path: Path, kind: str) -> None:
    write(steps(TYPED[kind]), tmp_path / "rows.parquet")
    require_order(read(tmp_path, "rows.parquet", "parquet"))


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize("kind", FORMATS)
def test_a_format_of_times_may_be_stated(tmp_path: Path, kind: str, form: str) -> None:
    time_format, times = FORMATS[kind]
    write(steps(pa.array(times)), tmp_path / f"rows.{form}")
    require_order(read(tmp_path, f"rows.{form}", form, time_format))


BAD_TIMES: dict[str, tuple[list[Any], str]] = {
    "empty text": (["1", "", "3"], "expected a time; got an empty cell"),
    "blank": (["1", "  ", "3"], "expected a time; got an empty cell"),
    "null among ints": ([1, None, 3], "expected a time; got an empty cell"),
    "null among floats": ([0.5, None, 1.5], "expected a time; got an empty cell"),
    "slashes": (["1/2/2024", "2/2/2024", "3/2/2024"], "time_format"),
    "time of day": (["9:05", "10:05", "11:05"], "time_format"),
    "duration": (["1 days 02:00:00", "2 days 00:00:00", "10 days 00:00:00"], "time_format"),
    "number, then date": (["1", "2024-01-02", "3"], "expected a number, as in the rows before"),
    "date, then word": (["2024-01-01", "soon", "2024-01-03"], "expected a number, or an ISO date"),
    "offset, then none": (["2024-01-01T00:00Z", "2024-01-01T01:00", "2024-01-01T02:00Z"],
                          "expected times with an offset from UTC, as in the rows before"),
    "not a number": (["1", "nan", "3"], "expected a number, as in the rows before; got 'nan'"),
}  # fmt: skip


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize("kind", BAD_TIMES)
def test_a_time_that_cannot_be_read_is_refused_with_its_file_and_row(
    tmp_path: Path, kind: str, form: str
) -> None:
    times, message = BAD_TIMES[kind]
    good = pa.table({"machine": ["a"] * 2, "time": times[:1] * 2, "x": [1.0] * 2,
                     "label": ["b"] * 2})  # fmt: skip
    write(good, tmp_path / f"a.{form}")
    write(pa.table({"machine": ["a"] * 3, "time": times, "x": [1.0] * 3, "label": ["b"] * 3}),
          tmp_path / f"b.{form}")  # fmt: skip
    row = rf"b\.{form}, row 2"
    if kind in ("slashes", "time of day", "duration"):  # none of them can be read
        row = rf"a\.{form}, row 1"
    with pytest.raises(DataError, match=f"{row}: column 'time': .*{message}"):
        read(tmp_path, [f"a.{form}", f"b.{form}"], form)


def test_a_time_that_differs_from_the_stated_format_is_refused(tmp_path: Path) -> None:
    write(steps(pa.array(["9:05", "9h06"])), tmp_path / "rows.csv")
    with pytest.raises(DataError, match=r"rows.csv, row \d+: .* '%H:%M'; got '9h06'"):
        read(tmp_path, "rows.csv", "csv", "%H:%M")


def test_a_format_for_typed_times_is_refused(tmp_path: Path) -> None:
    write(steps(TYPED["timestamps"]), tmp_path / "rows.parquet")
    with pytest.raises(DataError, match=r"time_format is set; got timestamp.* Set it to null"):
        read(tmp_path, "rows.parquet", "parquet", "%H:%M")


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize("empty", [None, "", " "])
def test_a_step_of_no_series_is_refused_with_its_row(
    tmp_path: Path, form: str, empty: str | None
) -> None:
    table = pa.table({"machine": ["a", "a", empty, empty], "time": [1, 2, 1, 2], "x": [1.0] * 4,
                      "label": ["b"] * 4})  # fmt: skip
    write(table, tmp_path / f"rows.{form}")
    with pytest.raises(DataError, match=rf"rows\.{form}, row 3: column 'machine': .*empty cell"):
        read(tmp_path, f"rows.{form}", form)


def test_files_may_type_a_column_differently(tmp_path: Path) -> None:
    table = steps(pa.array(COUNTS))
    write(table[:30], tmp_path / "a.jsonl")
    text = table[30:].set_column(1, "time", table["time"][30:].cast(pa.string()))
    write(text, tmp_path / "b.jsonl")
    require_order(read(tmp_path, ["a.jsonl", "b.jsonl"], "jsonl"))


@pytest.mark.parametrize("empty", [None, "", " "])
def test_what_is_constant_may_stand_in_one_row_of_a_series(
    tmp_path: Path, empty: str | None
) -> None:
    rows = [
        {"machine": f"m{i}", "time": step, "x": i,
         "label": f"state{i % 2}" if step == i % 3 else empty}
        for i in range(8) for step in range(3)
    ]  # fmt: skip
    write(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    series = read(tmp_path, "rows.parquet", "parquet")
    assert sorted(values[0] for values in series) == [*range(8)]
    rows[5]["label"] = "state9"
    write(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    with pytest.raises(DataError, match=r"'m1': column 'label': .*got 2 values \(state1, state9\)"):
        read(tmp_path, "rows.parquet", "parquet")


@pytest.mark.parametrize("role", ["id", "order", "label", "channel"])
def test_a_column_may_have_any_name_in_any_role(tmp_path: Path, role: str) -> None:
    names = {"id": "machine", "order": "time", "label": "label", "channel": "x", role: "series"}
    table = steps(pa.array(COUNTS)).select(["machine", "time", "label", "x"])
    write(table.rename_columns([names[r] for r in ("id", "order", "label", "channel")]),
          tmp_path / "rows.csv")  # fmt: skip
    store, _ = prepared(
        tmp_path, None, SERIES, source__format="csv", source__files={"all": "rows.csv"},
        columns__series=None, columns__id=names["id"], target__column=names["label"],
        columns__long={"id": names["id"], "order": names["order"], "channels": [names["channel"]]},
    )  # fmt: skip
    assert set(map(len, store.split("train").rows)) == {len(COUNTS)}


def stepwise(folder: Path, times: list[Any], **long: Any) -> tuple[list[list[float]], Any]:
    """Prepare eight series with steps at these times; channel x counts them in this order."""
    write(steps(pa.array(times)).sort_by([("machine", "ascending"), ("x", "ascending")]),
          folder / "rows.csv")  # fmt: skip
    columns = {
        "series": None, "layout": "steps_first", "wide": None, "id": "machine",
        "long": {"id": "machine", "order": "time", "channels": ["x"], **long},
    }  # fmt: skip
    store, report = prepared(
        folder, None, SERIES, columns=columns, source__format="csv",
        source__files={"all": "rows.csv"},
    )  # fmt: skip
    parts = [store.split(name) for name in ("train", "validation", "test")]
    return [(row[:, 0] - row[0, 0]).tolist() for p in parts for row in p.rows], report["steps"]


@pytest.mark.parametrize(
    ("duplicates", "values", "count"), [("mean", [0, 2, 4], 2), ("keep", [0, 1, 2, 3, 4], 2)]
)
def test_steps_at_one_time_are_averaged_or_kept_and_counted(
    tmp_path: Path, duplicates: str, values: list[float], count: int
) -> None:
    series, counts = stepwise(tmp_path, ["1", "2", "2", "2", "3"], duplicates=duplicates)
    assert series == [values] * 8
    assert counts["duplicate_steps"] == 8 * count


def test_steps_at_one_time_are_refused_by_default(tmp_path: Path) -> None:
    message = (
        r"rows.csv, row 2: column 'time': expected one step of series 'm0' at each time; got "
        r"another one at '1' \(8 in all\). Remove .* dataset.columns.long.duplicates to mean"
    )
    with pytest.raises(DataError, match=message):
        stepwise(tmp_path, ["1", "1", "2"])


@pytest.mark.parametrize(
    ("times", "gaps", "missing"),
    [
        ([1, 2, 3, 4, 5, 6, 7], 0, 0),
        ([1, 2, 3, 4, 5, 6, 8, 9, 10, 14], 2, 4),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8], 1, 1),
        ([f"2024-01-03T{hour:02d}:05" for hour in (1, 2, 3, 4, 5, 6, 9)], 1, 2),
        ([1, 3, 4, 9, 11, 20], 0, 0),  # no regular grid
        ([f"2024-{month:02d}-01" for month in range(1, 13)], 0, 0),  # neither are months
        ([3], 0, 0),
    ],
)
def test_gaps_in_a_regular_grid_are_counted(
    tmp_path: Path, times: list[Any], gaps: int, missing: int
) -> None:
    _, counts = stepwise(tmp_path, times)
    assert counts == {
        "duplicate_steps": 0, "gaps": 8 * gaps, "missing_steps": 8 * missing,
        "series_with_gaps": 8 * (gaps > 0),
    }  # fmt: skip


def test_the_mean_of_steps_at_one_time_is_that_of_the_known_values() -> None:
    nan = np.nan
    values = np.array([[2, nan], [4, 5], [nan, nan], [nan, 1], [7, 7]], np.float32)
    sorted_steps = SortedSteps(np.array([0, 0, 0, 0, 1]), np.array([1, 1, 2, 2, 2]), values)
    averaged = sorted_steps.average(sorted_steps.repeated())
    np.testing.assert_array_equal(averaged.values, [[3, 5], [nan, 1], [7, 7]])
    assert averaged.series.tolist() == [0, 0, 1]
