"""What each format may hold: short rows, mixed types, class names, nested lists."""

import json
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making import SERIES, TEXT, content, machines, mails, prepared, write

from conveyor.data.ts import parse_ts
from conveyor.errors import DataError

Rows = list[dict[str, Any]]


def test_a_short_row_of_a_csv_file_is_filled_and_a_blank_one_is_none(tmp_path: Path) -> None:
    lines = [f"{row['text']},{row['label']},x" for row in mails()]
    lines[3], lines[6] = "cut off,ham", "cut off too"
    lines[20:20] = ["", "   "]
    (tmp_path / "rows.csv").write_text("text,label,more\n" + "\n".join(lines))
    found, report = prepared(
        tmp_path, None, TEXT, source__format="csv", source__files={"all": "rows.csv"}
    )
    assert report["rows"]["read"] == 40
    assert report["dropped"]["missing_target"] == {"rows": 1, "ids": ["all-000006"]}
    rows = {i: (text, label) for part in content(found).values() for i, text, label in part}
    assert rows["all-000003"] == ("cut off", 0)
    assert rows["all-000039"] == (mails()[39]["text"], 1)


def test_a_row_of_more_fields_than_the_header_is_refused(tmp_path: Path) -> None:
    """pandas takes the first field for an index then, and reads the rest one column off."""
    (tmp_path / "rows.csv").write_text("text,label\n" + "some words,ham,\n" * 40)
    message = r"rows.csv: expected .* got 2 fields in the header and 3 in row 1 .*source.delimiter"
    with pytest.raises(DataError, match=message):
        prepared(tmp_path, None, TEXT, source__format="csv", source__files={"all": "rows.csv"})


def test_json_may_mix_types_leave_keys_out_and_be_one_array(tmp_path: Path) -> None:
    rows: Rows = [{"text": f"word{i}", "label": [1, "one"][i % 2], "more": i} for i in range(40)]
    del rows[5]["text"], rows[6]["more"]
    found, report = prepared(tmp_path, rows, TEXT)
    assert found.meta.target.classes == ["1", "one"]
    assert report["dropped"]["missing_input"] == {"rows": 1, "ids": ["all-000005"]}
    (tmp_path / "rows.jsonl").write_text(json.dumps(rows))
    again, _ = prepared(tmp_path, None, TEXT)
    assert again.meta.digest == found.meta.digest


CELLS = {
    "objects": ({"body": "x", "id": 1}, r"objects with keys body, id"),
    "lists": (["x", "y"], r"lists \(list"),
    "bytes": (b"words", "bytes"),
}  # fmt: skip


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("columns", ["data", ["more", "data"]])
def test_a_column_of_texts_holds_nothing_else(tmp_path: Path, columns: Any, name: str) -> None:
    cell, message = CELLS[name]
    rows = [{"data": cell, "more": "words", "label": "ab"[i % 2]} for i in range(40)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=rf"a.parquet: column 'data': expected text; got {message}"):
        prepared(tmp_path, None, TEXT, source__format="parquet", columns__text=columns,
                 source__files={"all": "a.parquet"})  # fmt: skip


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_class_numbers_get_the_names_that_the_file_tells(tmp_path: Path, form: str) -> None:
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])}
    )
    rows = [{"text": f"word{i}", "label": i % 2} for i in range(40)]
    made = datasets.Dataset.from_list(rows, features=features)
    made.to_parquet(str(tmp_path / "data.parquet"))
    made.save_to_disk(str(tmp_path / "data"))
    next((tmp_path / "data").glob("*.arrow")).rename(tmp_path / "data.arrow")
    found, _ = prepared(
        tmp_path, None, TEXT, source__format=form, source__files={"all": f"data.{form}"}
    )
    assert found.meta.target.classes == ["no", "yes"]


@pytest.mark.parametrize(
    "kind",
    [pa.large_list(pa.list_(pa.float64())), pa.list_(pa.list_(pa.float32(), 2)),
     pa.list_(pa.large_list(pa.float64()))],
)  # fmt: skip
def test_series_of_any_list_type_are_the_same(tmp_path: Path, kind: pa.DataType) -> None:
    schema = pa.schema({"series": kind, "label": pa.string()})
    pq.write_table(pa.Table.from_pylist(machines(), schema=schema), tmp_path / "data.parquet")
    found, _ = prepared(
        tmp_path, None, SERIES, source__format="parquet", source__files={"all": "data.parquet"}
    )
    (tmp_path / "other").mkdir()
    expected, _ = prepared(tmp_path / "other", machines(), SERIES)
    assert found.meta.digest == expected.meta.digest


TS = """# a comment
@problemName toy
@data
1,2,3:4,5,?:a
7:8:b
"""


def test_ts_files_give_steps_by_channels(tmp_path: Path) -> None:
    (tmp_path / "toy.ts").write_text(TS)
    first, second = parse_ts(TS.splitlines(), tmp_path / "toy.ts")
    assert first["label"] == "a"
    np.testing.assert_equal(first["series"], [[1, 4], [2, 5], [3, np.nan]])
    assert second == {"series": [[7.0, 8.0]], "label": "b"}


def test_parts_of_different_width_are_refused(tmp_path: Path) -> None:
    narrow = machines()
    for row in narrow:
        row["series"] = [[first, first, second] for first, second in row["series"]]
    write(tmp_path, machines(), "train.jsonl")
    write(tmp_path, narrow, "test.jsonl")
    parts = {"train": "train.jsonl", "test": "test.jsonl"}
    with pytest.raises(DataError, match=r"number of channels in each part; got train: 2, test: 3"):
        prepared(tmp_path, None, SERIES, source__files=parts, split__test={"by": "given"})
    assert not (tmp_path / "prepared").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2:a", "line 1: expected an @ setting"),
        ("@x", "expected a line @data"),
        ("@data\n1,2:3:a", "expected channels of equal length; got \\[2, 1\\] steps"),
        ("@data\nnumbers", "expected at least one channel"),
        ("@data\n1,two:a", "line 2: expected numbers; got could not convert"),
    ],
)
def test_a_broken_ts_file_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "rows.ts").write_text(text)
    with pytest.raises(DataError, match=message):
        prepared(tmp_path, None, SERIES, source__format="ts", source__files={"all": "rows.ts"})
