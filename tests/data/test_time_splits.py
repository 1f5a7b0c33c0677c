"""`split.by: time` takes the newest rows, in whatever order and notation they are."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from making import SERIES, TEXT, ids, mails, prepared, require_all_counted

from conveyor.errors import DataError

ROWS = 20
ORDER = np.random.default_rng(3).permutation(ROWS)  # of the rows in the file
BEFORE = {"by": "time", "column": "when", "share": 0.25}  # validation rows
CHANGE = datetime(2024, 10, 26, 20, 0, tzinfo=UTC)  # hours before Berlin's clocks go back
BERLIN = [(CHANGE + timedelta(minutes=30 * i)).astimezone(ZoneInfo("Europe/Berlin"))
          for i in range(ROWS)]  # fmt: skip
DAYS = [date(2023, 12, 20) + timedelta(days=i) for i in range(ROWS)]
TIMES = [datetime(2023, 12, 31, 14) + timedelta(hours=i) for i in range(ROWS)]

# Times of the rows from the oldest to the newest, by name; and their format.
TEXTS: dict[str, tuple[list[Any], str | None]] = {
    "numbers": ([str(i - 5) for i in range(ROWS)], None),
    "decimals": ([f"{i - 3}.5" for i in range(ROWS)], None),
    "seconds since 1970": ([str(1_700_000_000 + i) for i in range(ROWS)], None),
    "iso dates": ([day.isoformat() for day in DAYS], None),
    "iso times": ([str(time) for time in TIMES], None),
    "offsets over the clock change": ([time.isoformat() for time in BERLIN], None),
    "day first": ([f"{day:%d.%m.%Y}" for day in DAYS], "%d.%m.%Y"),
    "twelve hours": ([f"{time:%m/%d/%Y %I:%M %p}" for time in TIMES], "%m/%d/%Y %I:%M %p"),
    "before 1677": ([f"1{i + 10:02}0-01-01" for i in range(ROWS)], None),
}
TYPED: dict[str, pa.Array] = {
    "ints": pa.array(range(ROWS)),
    "floats": pa.array(np.arange(ROWS) / 3),
    "dates": pa.array(DAYS, pa.date32()),
    "days in milliseconds": pa.array(DAYS, pa.date64()),
    "seconds": pa.array(TIMES, pa.timestamp("s")),
    "nanoseconds": pa.array(TIMES, pa.timestamp("ns")),
    "zone over the clock change": pa.array(BERLIN, pa.timestamp("us", "Europe/Berlin")),
    "categories": pa.array([str(time) for time in TIMES]).dictionary_encode(),
}


def write(folder: Path, times: pa.Array, name: str = "rows.parquet") -> None:
    """Write mails, whose texts count them in the order of `times`, in the order of ORDER."""
    rows = mails(len(times))
    table = pa.table({"text": [row["text"] for row in rows], "when": times,
                      "label": [row["label"] for row in rows]})  # fmt: skip
    table = table.take(ORDER) if len(times) == ROWS else table
    if name.endswith(".csv"):
        pyarrow.csv.write_csv(table, folder / name)
    else:
        pq.write_table(table, folder / name)


def split(
    folder: Path,
    names: list[str],
    time_format: str | None = None,
    share: float = 0.2,
    **changes: Any,
) -> tuple[dict[str, list[int]], dict[str, Any]]:
    """Split the files of `write` by time; the numbers of the rows of each part, sorted, and the
    report."""
    source = {"source__format": names[0].split(".")[1], "source__files": {"all": names}}
    test = {"by": "time", "column": "when", "share": share, "time_format": time_format}
    arguments: dict[str, Any] = {**source, "split__test": test, **changes}
    store, report = prepared(folder, None, TEXT, **arguments)
    texts = {name: store.split(name).rows for name in ids(store)}
    parts = {name: sorted(int(text.split("number")[1].split()[0]) for text in rows)
             for name, rows in texts.items()}  # fmt: skip
    return parts, report


@pytest.mark.parametrize("kind", TEXTS)
def test_the_newest_rows_are_the_test_rows_in_any_notation(tmp_path: Path, kind: str) -> None:
    times, time_format = TEXTS[kind]
    write(tmp_path, pa.array(times), "rows.csv")
    parts, report = split(tmp_path, ["rows.csv"], time_format)
    assert parts["test"] == [16, 17, 18, 19]
    assert report["dropped"]["missing_time"]["rows"] == 0


@pytest.mark.parametrize("kind", TYPED)
def test_the_newest_rows_are_the_test_rows_of_any_type(tmp_path: Path, kind: str) -> None:
    write(tmp_path, TYPED[kind])
    assert split(tmp_path, ["rows.parquet"])[0]["test"] == [16, 17, 18, 19]


def test_validation_rows_may_be_the_newest_before_the_test_rows(tmp_path: Path) -> None:
    write(tmp_path, TYPED["seconds"])
    parts, _ = split(tmp_path, ["rows.parquet"], split__validation=BEFORE)
    assert parts == {
        "train": [*range(12)], "validation": [*range(12, 16)], "test": [*range(16, 20)],
    }  # fmt: skip


def test_files_of_other_units_of_time_compare(tmp_path: Path) -> None:
    write(tmp_path, TYPED["nanoseconds"], "a.parquet")
    later = [time + timedelta(days=9) for time in TIMES[:4]]
    rows = mails(24)[20:]
    table = pa.table({"text": [row["text"] for row in rows], "label": [r["label"] for r in rows],
                      "when": pa.array(later, pa.timestamp("s"))})  # fmt: skip
    pq.write_table(table, tmp_path / "b.parquet")
    assert split(tmp_path, ["b.parquet", "a.parquet"], share=4 / 24)[0]["test"] == [20, 21, 22, 23]


@pytest.mark.parametrize(
    ("days", "share", "test"),
    [
        # Rows of each day; the share; rows of the test part.
        ([10, 4, 6], 0.2, 6),
        ([10, 4, 6], 0.4, 6),
        ([10, 4, 6], 0.45, 10),
        ([5, 15], 0.2, 15),
    ],
)
def test_rows_of_one_time_stay_together_and_the_part_is_nearest_to_the_share(
    tmp_path: Path, days: list[int], share: float, test: int
) -> None:
    times = [f"2024-01-{day:02}" for day, rows in enumerate(days, 1) for _ in range(rows)]
    write(tmp_path, pa.array(times), "rows.csv")
    parts, _ = split(tmp_path, ["rows.csv"], share=share)
    assert parts["test"] == [*range(ROWS - test, ROWS)]


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_a_row_without_a_time_is_left_out_and_counted(tmp_path: Path, name: str) -> None:
    times = [None if i in (3, 19) else f"2024-01-{i + 1:02}" for i in range(ROWS)]
    times[5], times[7] = " ", "n/a" if name == "rows.csv" else None
    write(tmp_path, pa.array(times).dictionary_encode(), name)
    parts, report = split(tmp_path, [name], source__missing=["n/a"])
    assert report["dropped"]["missing_time"]["rows"] == 4
    assert parts["test"] == [16, 17, 18]
    require_all_counted(report)


def test_a_part_of_its_own_needs_no_times(tmp_path: Path) -> None:
    write(tmp_path, TYPED["dates"], "train.parquet")
    other = mails(40)[ROWS:]
    pq.write_table(pa.Table.from_pylist(other), tmp_path / "test.parquet")
    parts, report = split(
        tmp_path, ["train.parquet"],
        source__files={"train": "train.parquet", "test": "test.parquet"},
        split__test={"by": "given"},
        split__validation=BEFORE,
    )  # fmt: skip
    assert parts["validation"] == [15, 16, 17, 18, 19]
    assert parts["test"] == [*range(20, 40)]
    assert report["dropped"]["missing_time"]["rows"] == 0


def test_a_series_of_the_long_layout_has_the_time_of_its_last_step(tmp_path: Path) -> None:
    rows = [
        {"machine": f"m{i}", "day": str(DAYS[(i + 9) % 20 - step]), "x": i + step, "label": i % 2}
        for i in range(20) for step in (0, 2, 1)
        if (i + 9) % 20 >= step
    ]  # fmt: skip
    long = {"id": "machine", "order": "day", "channels": ["x"]}
    store, _ = prepared(
        tmp_path, rows, SERIES, columns__series=None, columns__long=long, columns__id="machine",
        split__test={"by": "time", "column": "day", "share": 0.2},
    )  # fmt: skip
    assert ids(store)["test"] == {"m7", "m8", "m9", "m10"}


# The times of a CSV, what is set beside, and the message.
REFUSED: dict[str, tuple[list[str], dict[str, Any], str]] = {
    "slashes": (
        [f"{day:%d/%m/%Y}" for day in DAYS], {},
        r"rows\.csv, row 1: column 'when': expected a number, or an ISO date .*; got '\d\d/.*'"
        r"\. For another notation set dataset\.split\.test\.time_format",
    ),
    "another format": (
        [str(day) for day in DAYS], {"time_format": "%d.%m.%Y"},
        r"row 1: .*expected a time as dataset\.split\.test\.time_format '%d\.%m\.%Y'; got '20",
    ),
    "one word": (
        ["soon" if i == 4 else str(i) for i in range(ROWS)], {},
        rf"rows\.csv, row {[*ORDER].index(4) + 1}: column 'when': expected a number, as in the "
        "rows before; got 'soon'",
    ),
    "one time": (
        ["2024-01-01"] * ROWS, {},
        r"dataset\.split\.test\.column: expected rows of at least two times; got one",
    ),
    "no time": ([""] * ROWS, {}, r"max_dropped_share: .*20 missing_time"),
    "thousands": ([f"{i + 1},000,000" for i in range(ROWS)], {}, "row 1: column 'when': expected"),
    "a divided group": (
        [str(i) for i in range(ROWS)], {"split__group": "label", "split__validation": BEFORE},
        r"dataset\.split\.group: expected each group in one split; got 2 groups",
    ),
    "no such column": (
        [str(i) for i in range(ROWS)],
        {"split__test": {"by": "time", "column": "wen", "share": 0.2}},
        r"expected a column 'wen'; got columns .* Did you mean 'when'\?",
    ),
    "a static column": (
        [str(i) for i in range(ROWS)], {"columns__static": {"numbers": ["when"], "categories": []}},
        "got 'when', which is dataset.split.test.column",
    ),
    "auto": (
        [str(i) for i in range(ROWS)], {"time_format": "auto"},
        "expected a format of Python's .* or null for numbers and ISO 8601; got 'auto'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_put_in_order_is_refused(tmp_path: Path, kind: str) -> None:
    times, changes, message = REFUSED[kind]
    write(tmp_path, pa.array(times), "rows.csv")
    with pytest.raises((DataError, ValueError), match=message):
        split(tmp_path, ["rows.csv"], **changes)
    assert not (tmp_path / "prepared").exists()


def test_times_of_two_parts_that_do_not_compare_are_refused(tmp_path: Path) -> None:
    write(tmp_path, TYPED["ints"], "train.parquet")
    write(tmp_path, TYPED["dates"], "other.parquet")
    files = {"train": "train.parquet", "validation": "other.parquet"}
    message = (
        r"dataset\.split\.test\.column: expected times of the same kind in each part; got train: "
        "numbers, validation: times without an offset"
    )
    with pytest.raises(DataError, match=message):
        split(tmp_path, ["train.parquet"], source__files=files)


def test_files_of_one_part_that_do_not_compare_are_refused(tmp_path: Path) -> None:
    write(tmp_path, TYPED["dates"], "a.parquet")
    write(tmp_path, TYPED["zone over the clock change"], "b.parquet")
    message = r"b\.parquet, row 1: .*expected times without an offset, as in the rows before"
    with pytest.raises(DataError, match=message):
        split(tmp_path, ["a.parquet", "b.parquet"])
