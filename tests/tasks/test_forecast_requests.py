"""Histories in rows, as a file or a request has them, become the rows that were evaluated."""

from typing import Any

import numpy as np
import pytest
from forecast_files import hours, prepare_steps

from conveyor.config.dataset import NO_STATIC
from conveyor.data.long_rows import LongSeries, part_of_columns, read_series
from conveyor.data.store import Prepared
from conveyor.errors import InputError
from conveyor.serving.layout import Layout, find_layout

COLUMNS = ("series", "time", "y", "flow", "holiday")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    lines = [",".join(COLUMNS), *(",".join(row) for row in steps())]
    options: dict[str, Any] = {"past": ["flow"], "known_ahead": ["holiday"], "series": "series"}
    folder = tmp_path_factory.mktemp("requests")
    return prepare_steps(folder, lines, calendar=["hour"], **options)[0]


def steps() -> list[list[str]]:
    times = [line.split(",")[0] for line in hours(40)[1:]]
    return [
        [name, time, str(i * sign), str(i + 0.5), str(i % 2)]
        for name, sign in (("a", 1), ("b", -1)) for i, time in enumerate(times)
    ]  # fmt: skip


def history(series: str, origin: str, ahead: int) -> list[list[Any]]:
    """The rows before the origin, and some of those after it, without what is not known yet."""
    rows = [row for row in steps() if row[0] == series]
    place = [row[1] for row in rows].index(origin)
    future = [[*row[:2], None, None, row[4]] for row in rows[place : place + ahead]]
    return rows[:place] + future


def read(rows: list[list[Any]], prepared: Prepared) -> LongSeries:
    table = {name: [row[i] for row in rows] for i, name in enumerate(COLUMNS)}
    spec: Any = prepared.task.spec
    layout, names = find_layout([Layout.of_windows(spec)], [*table, "other"], "columns")
    assert layout.long is not None
    part = part_of_columns({name: table[name] for name in names}, "request")
    return read_series(part, layout.long, NO_STATIC)


def test_a_history_is_the_row_that_was_evaluated(prepared: Prepared) -> None:
    test = prepared.split("test")
    for number in (0, 3, len(test.ids) - 1):
        name, origin = test.ids[number].split("@")
        series = read(history(name, origin, 2), prepared)
        assert series.ids == [name]
        np.testing.assert_array_equal(series.sequences[0], test.rows[number])
    both = history("b", "2024-03-02T06:00:00", 5)[::-1] + history("a", "2024-03-02T09:00:00", 2)
    series = read(both, prepared)  # in any order, and with more of the future than is read
    assert series.ids == ["b", "a"]
    for name, origin, row in zip(
        series.ids, ("2024-03-02T06:00:00", "2024-03-02T09:00:00"), series.sequences, strict=True
    ):
        place = test.ids.index(f"{name}@{origin}")
        np.testing.assert_array_equal(row, test.rows[place])


def test_a_short_history_and_one_without_a_future_are_read_or_refused(prepared: Prepared) -> None:
    rows = history("a", "2024-03-02T06:00:00", 2)
    [short] = read(rows[-3:], prepared).sequences
    assert short.shape == (3, 4)
    prepared.encoder.check_row(short)
    for wrong, reason in [
        (rows[:-1], "expected 2 rows after the last value, with holiday"),
        ([[*row[:2], None, None, row[4]] for row in rows], "expected a value in y; got none"),
        (
            [*rows, ["a", "2024-03-02T07:30:00", None, None, "0"]],
            "expected times on the grid of the training",
        ),
        ([rows[0], *rows], "expected one row at each time"),
    ]:
        with pytest.raises(InputError, match=f"request: series 'a': {reason}"):
            read(wrong, prepared).require_readable("request")
