"""A file of histories becomes a file of forecasts: series, time of the step, quantiles."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from forecast_files import hours, last_value_model, prepare_steps

from conveyor.batch.predict import PredictedRows, predict_file
from conveyor.errors import InputError

TIMES = [line.split(",")[0] for line in hours(40)[1:]]
SERIES = ["time,series,y", *(f"{t},{n},{s * i}" for i, t in enumerate(TIMES)
                             for n, s in (("a", 1), ("b", -1)))]  # fmt: skip


def predict(
    folder: Path, training: list[str], history: list[str], *, out: str = "out.parquet",
    skip_bad: bool = False, **target: Any,
) -> tuple[PredictedRows, pd.DataFrame]:  # fmt: skip
    """Prepare the training rows, and forecast the history with the last value of each series."""
    model = last_value_model(prepare_steps(folder, training, **target)[0])
    source = folder / "history.csv"
    source.write_text("\n".join(history) + "\n")
    counts = predict_file(model, source, folder / out, column=None, skip_bad=skip_bad)
    read = {".parquet": pd.read_parquet, ".csv": pd.read_csv,
            ".jsonl": lambda path: pd.DataFrame(map(json.loads, path.open()))}  # fmt: skip
    return counts, read[Path(out).suffix](folder / out)


@pytest.mark.parametrize("out", ["out.csv", "out.jsonl", "out.parquet"])
def test_each_step_is_a_row_with_its_series_and_time(tmp_path: Path, out: str) -> None:
    history = [SERIES[0], *SERIES[9:50], "2024-03-02T01:00:00,a,70"]
    counts, table = predict(tmp_path, SERIES, history[:1] + history[:0:-1], out=out,
                            series="series")  # fmt: skip
    assert counts.rows == 4
    assert table.columns.tolist() == ["row", "id", "time", "step", "q0.1", "forecast"]
    assert table[["id", "time", "step"]].to_numpy().tolist() == [
        ["a", "2024-03-02T02:00:00", 1], ["a", "2024-03-02T03:00:00", 2],
        ["b", "2024-03-02T00:00:00", 1], ["b", "2024-03-02T01:00:00", 2],
    ]  # fmt: skip
    assert table["forecast"].round(3).tolist() == [70, 70, -23, -23]


MONTHS = ["time,y", *(f"{2020 + i // 12}-{1 + i % 12:02}-01,{i}" for i in range(30))]
NUMBERS = ["time,y", *(f"{5 * i},{i}" for i in range(40))]
WIDE = ["time,a,b", *(f"{time},{i},{i + 100}" for i, time in enumerate(TIMES))]
TWO = ["time,y,z", *(f"{time},{i},{i % 7}" for i, time in enumerate(TIMES))]


@pytest.mark.parametrize(
    ("lines", "options", "history", "rows"),
    [
        (MONTHS, {}, MONTHS[:13], [["2021-01-01T00:00:00", 11.0], ["2021-02-01T00:00:00", 11.0]]),
        (NUMBERS, {}, NUMBERS[:9], [[40, 7.0], [45, 7.0]]),
        (WIDE, {"wide": "*"}, [*WIDE[:9], "2024-03-01T08:00:00,,108"],
         [["a", TIMES[8], 7.0], ["a", TIMES[9], 7.0], ["b", TIMES[9], 108.0],
          ["b", TIMES[10], 108.0]]),
        (TWO, {"columns": ["y", "z"]}, TWO[:9],
         [[TIMES[8], {"y": 7.0, "z": 7.0}], [TIMES[9], {"y": 7.0, "z": 7.0}]]),
        (hours(40), {"calendar": ["hour"]}, hours(8), [[TIMES[8], 7.0], [TIMES[9], 7.0]]),
    ],
)  # fmt: skip
def test_any_layout_and_frequency_has_the_times_that_follow(
    tmp_path: Path, lines: list[str], options: dict[str, Any], history: list[str], rows: Any
) -> None:
    _, table = predict(tmp_path, lines, history, **options)
    names = [name for name in ("id", "time", "forecast") if name in table.columns]
    table["forecast"] = [round_values(value) for value in table["forecast"]]
    assert table[names].to_numpy().tolist() == rows


def round_values(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: round_values(number) for name, number in value.items()}
    return round(value, 3)


B = [line for line in SERIES if ",b," in line][:8]


@pytest.mark.parametrize(
    ("wrong", "options", "reason"),
    [
        ([B[1].replace(",b,", ",a,").replace(":00:00", ":30:00")], {},
         "expected times on the grid of the training data; got 1 others"),
        ([f"{TIMES[1]},a,5"] * 2, {}, f"expected one row at each time; got two at {TIMES[1]}"),
        ([f"{TIMES[1]},a,5", f"{TIMES[4]},a,5"], {"gaps": "refuse"}, ".*2 missing ones"),
        ([f"{TIMES[1]},a,"], {}, "expected a value in y; got none"),
    ],
)  # fmt: skip
def test_a_series_that_cannot_be_read_is_refused_or_has_nulls(
    tmp_path: Path, wrong: list[str], options: dict[str, Any], reason: str
) -> None:
    if "30:00" in wrong[0]:
        wrong = [f"{TIMES[1]},a,5", *wrong]
    history = [SERIES[0], *B, *wrong]
    with pytest.raises(InputError, match=rf"history\.csv, series 'a': {reason}.*--skip-bad"):
        predict(tmp_path, SERIES, history, series="series", **options)
    assert not (tmp_path / "out.parquet").exists()
    counts, table = predict(tmp_path, SERIES, history, series="series", skip_bad=True, **options)
    assert (counts.rows, counts.bad) == (3, 1)
    assert table["id"].tolist() == ["b", "b", "a"]
    assert table[["time", "step", "forecast"]].isna().to_numpy().tolist() == [[False] * 3] * 2 + [
        [True] * 3
    ]


@pytest.mark.parametrize(
    ("history", "options", "note"),
    [
        ([*B[:3], B[4], B[3]], {}, "1 rows are earlier than a row before them; they are sorted"),
        ([*B, ",b,7"], {}, "1 rows have no time, and are left out"),
        ([*B, B[2]], {"duplicates": "last"}, "1 rows have the time of another row"),
        ([*B[:3], *B[5:]], {"gaps": "forward"}, "2 steps are missing in 1 gaps of 1 series"),
        ([*B, f"{TIMES[8]},b,inf"], {}, "1 infinite values count as missing"),
        (B[:2], {}, "1 series are shorter than the context of 3 steps"),
        (B, {}, None),
    ],
)
def test_what_was_found_in_the_file_is_counted(
    tmp_path: Path, history: list[str], options: dict[str, Any], note: str | None
) -> None:
    counts, _ = predict(tmp_path, SERIES, [SERIES[0], *history], series="series", **options)
    if note is None:
        assert not counts.notes
    else:
        assert any(found.startswith(note) for found in counts.notes)


def test_a_file_without_a_row_has_no_forecast(tmp_path: Path) -> None:
    counts, table = predict(tmp_path, SERIES, SERIES[:1], series="series")
    assert (counts.rows, len(table)) == (0, 0)
