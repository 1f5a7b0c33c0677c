"""Static columns of series that are forecast: one value a series, read beside each context."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from forecast_files import describe, hours, last_value_model, prepare_steps

from conveyor.batch.predict import predict_file
from conveyor.data.store import SPLITS, Prepared
from conveyor.encoding.network_inputs import EncodedRows
from conveyor.errors import DataError, InputError
from conveyor.raw_row import Row

TIMES = [line.split(",")[0] for line in hours(40)[1:]]
STATIC = {"numbers": ["area"], "categories": ["kind"]}
# Name, area, kind and first step; `c` begins too late for a training row, with a kind of its own.
SHOPS = [("a", "10", "big", 0), ("b", "30", "", 0), ("c", "20", "new", 24)]
HEADER = "time,shop,y,area,kind"
LINES = [f"{time},{name},{i},{area},{kind}"
         for name, area, kind, first in SHOPS
         for i, time in enumerate(TIMES) if i >= first]  # fmt: skip


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Prepared, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("static")
    return prepare_steps(folder, [HEADER, *LINES], static=STATIC, series="shop")


def test_each_window_has_the_values_of_its_series(example: Any) -> None:
    prepared, report = example
    assert prepared.meta.static_width == 2  # the area, and the one kind of the training rows
    assert prepared.encoder.static.to_json() == {
        "numbers": [{"column": "area", "mean": 20.0, "deviation": 10.0}],
        "categories": [{"column": "kind", "categories": ["big"]}],
    }
    expected = {"a": ("big", [-1, 1]), "b": (None, [1, 0]), "c": ("new", [0, 0])}
    for name in SPLITS:
        split = prepared.split(name)
        assert len(split.static_inputs) == len(split.rows)
        for number, row_id in enumerate(split.ids):
            row, (kind, encoded) = split.rows[number], expected[row_id.partition("@")[0]]
            assert isinstance(row, Row)
            assert row.static["kind"] == kind
            assert split.static_inputs[number].tolist() == encoded
        assert isinstance(split.encoded, EncodedRows)
        batch = split.encoded.pad_rows(np.array([0, len(split.rows) - 1]))
        raw = [split.rows[0], split.rows[len(split.rows) - 1]]
        [(_, served)] = prepared.encoder.batches(raw, 2)
        for part, values in served.items():
            np.testing.assert_array_equal(batch[part], values)
        rows = pd.Series(split.ids).str[0].value_counts()
        assert report["static"][name] == {
            "area": {"missing": 0}, "kind": {"missing": rows.get("b", 0), "new": rows.get("c", 0)}
        }  # fmt: skip


def test_a_file_of_histories_names_them_and_is_read_as_what_was_evaluated(
    example: Any, tmp_path: Path
) -> None:
    prepared, _ = example
    model, source, out = last_value_model(prepared), tmp_path / "in.csv", tmp_path / "out.parquet"
    history = [line for line in LINES if line.split(",")[0] < TIMES[30]]
    once = [line if i % 30 == 4 else ",".join([*line.split(",")[:3], "", ""])
            for i, line in enumerate(history)]  # fmt: skip
    source.write_text("\n".join([HEADER, *once]) + "\n")
    assert predict_file(model, source, out, column=None, skip_bad=False).rows == 6
    assert pd.read_parquet(out)["forecast"].round(3).tolist() == [29.0] * 6
    source.write_text("\n".join(["time,shop,y,area", *(s.rpartition(",")[0] for s in history)]))
    with pytest.raises(InputError, match="expected 'kind' beside the sequence"):
        predict_file(model, source, out, column=None, skip_bad=False)
    wrong = [line.replace(",10,big", ",wide,big") for line in history]
    source.write_text("\n".join([HEADER, *wrong]) + "\n")
    with pytest.raises(InputError, match=r"series 'a': area: expected a number; got 'wide'"):
        predict_file(model, source, out, column=None, skip_bad=False)
    assert predict_file(model, source, out, column=None, skip_bad=True).bad == 1


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (",10,big", ",wide,big", "series 'a': expected finite numbers.*got area = 'wide'"),
        (f"{TIMES[3]},a,3,10,", f"{TIMES[3]},a,3,11,",
         "series 'a': column 'area'.*same value.*Change dataset.target.series"),
        ("area", "size", "expected a column 'area'"),
        (",10,big", ",10,", "expected values of 'kind' in the training rows"),
    ],
)  # fmt: skip
def test_bad_values_are_refused(tmp_path: Path, old: str, new: str, reason: str) -> None:
    lines = [line.replace(old, new) for line in [HEADER, *LINES]]
    with pytest.raises((DataError, InputError), match=reason):
        prepare_steps(tmp_path, lines, static=STATIC, series="shop")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"series": None}, "columns.static: expected none without target.series"),
        ({"series": None, "wide": "*"}, "columns.static: expected none without target.series"),
        ({"series": "kind"}, "columns.static: expected columns beside.* got 'kind'"),
        ({"series": "shop", "past": ["area"]}, "columns.static: expected columns beside"),
    ],
)
def test_settings_that_do_not_fit_are_refused(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        describe(static=STATIC, **options)
