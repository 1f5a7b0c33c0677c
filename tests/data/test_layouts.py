"""The layouts in which a table may hold texts and series: one data set, whatever its layout."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making import SERIES, TEXT, content, described, ids, machines, mails, prepared

from conveyor.config.dataset import SeriesColumns
from conveyor.encoding.wide_columns import match_wide
from conveyor.errors import DataError

Cell = float | None
DRAW = np.random.default_rng(5)
LENGTHS = DRAW.integers(2, 7, 40)
SIGNALS: list[list[Cell]] = [DRAW.normal(size=n).round(3).tolist() for n in LENGTHS]
STATES = [f"state{i % 2}" for i in range(40)]
CHANNELS_FIRST = {"columns__layout": "channels_first"}
# How one channel stands in a cell, and what the configuration says of it.
FORMS: dict[str, tuple[Callable[[list[Cell]], Any], dict[str, Any]]] = {
    "steps": (lambda row: [[value] for value in row], {}),
    "a plain list": (lambda row: row, {}),
    "a plain list, channels first": (lambda row: row, CHANNELS_FIRST),
    "channels": (lambda row: [row], CHANNELS_FIRST),
    "JSON": (json.dumps, {}),
    "JSON of steps": (lambda row: json.dumps([[value] for value in row]), {}),
    "a list of Python": (lambda row: str([np.nan if v is None else v for v in row]), {}),
    "an array of NumPy": (lambda row: str(np.array(row, float)), {}),
    "spaces": (lambda row: " ".join("nan" if v is None else str(v) for v in row), {}),
    "commas": (lambda row: ",".join("" if v is None else str(v) for v in row), {}),
    "commas and spaces": (lambda row: ", ".join("" if v is None else str(v) for v in row), {}),
    "semicolons": (lambda row: ";".join("" if v is None else str(v) for v in row), {}),
}


def gaps(signals: list[list[Cell]]) -> list[list[Cell]]:
    """The same with a missing value in the middle, where a row has one."""
    return [[None if 0 < i < len(row) - 1 and i % 2 else v for i, v in enumerate(row)]
            for row in signals]  # fmt: skip


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, max(rows, key=len))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, str]:
    """Digests of the list of steps, without gaps and with them."""
    digests = {}
    for has_gaps in (False, True):
        rows = [{"series": [[v] for v in row], "label": state} for row, state in
                zip(gaps(SIGNALS) if has_gaps else SIGNALS, STATES, strict=True)]  # fmt: skip
        folder = tmp_path_factory.mktemp("steps")
        store, _ = prepared(folder, rows, SERIES, encoding__missing="forward")
        digests[has_gaps] = store.meta.digest
    return digests


@pytest.mark.parametrize("has_gaps", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_one_channel_is_the_same_in_every_form(
    tmp_path: Path, expected: dict[bool, str], form: str, has_gaps: bool
) -> None:
    convert, changes = FORMS[form]
    signals = gaps(SIGNALS) if has_gaps else SIGNALS
    rows = [{"series": convert(row), "label": state}
            for row, state in zip(signals, STATES, strict=True)]  # fmt: skip
    changes = {**changes, "encoding__missing": "forward"}
    store, _ = prepared(tmp_path, rows, SERIES, **changes)
    assert store.meta.digest == expected[has_gaps]
    if isinstance(rows[0]["series"], str):
        write_csv(tmp_path / "rows.csv", rows)
        changes |= {"source__format": "csv", "source__files": {"all": "rows.csv"}}
        assert prepared(tmp_path, None, SERIES, **changes)[0].meta.digest == expected[has_gaps]


WIDE = {"columns": {"series": None, "layout": "steps_first", "wide": "t*", "long": None,
                    "id": None}}  # fmt: skip


@pytest.mark.parametrize("has_gaps", [False, True])
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_wide_table_ends_a_row_at_its_last_value(
    tmp_path: Path, expected: dict[bool, str], form: str, has_gaps: bool
) -> None:
    signals = gaps(SIGNALS) if has_gaps else SIGNALS
    names = [f"t{i}" for i in range(12)]  # t10 follows t9, and the last ones are empty everywhere
    rows: list[dict[str, Any]] = [
        {"target": state, **dict(zip(reversed(names), [*[None] * (12 - len(row)), *reversed(row)],
                                     strict=True))}
        for row, state in zip(signals, STATES, strict=True)
    ]  # fmt: skip
    if form == "csv":
        write_csv(tmp_path / "rows.csv", rows)
    elif form == "jsonl":
        (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    store, _ = prepared(
        tmp_path, None, SERIES, **WIDE, encoding__missing="forward", source__format=form,
        source__files={"all": f"rows.{form}"},
        target={"task": "classification", "column": "target", "classes": None, "thresholds": None},
    )  # fmt: skip
    assert store.meta.digest == expected[has_gaps]


@pytest.mark.parametrize(
    ("pattern", "names", "columns"),
    [
        ("t*", ["t2", "t10", "t1", "target", "t"], ["t1", "t2", "t10"]),
        ("*", ["1", "label", "0", "2.5", "10"], ["0", "1", "2.5", "10"]),
        ("day * (C)", ["day 2 (C)", "day 1 (C)", "day 1 (F)"], ["day 1 (C)", "day 2 (C)"]),
        ("*", ["2024-01-02", "2024-01-01", "id"], ["2024-01-02", "2024-01-01"]),
    ],
)
def test_a_pattern_names_the_columns_in_their_order(
    pattern: str, names: list[str], columns: list[str]
) -> None:
    assert match_wide(pattern, names) == columns


@pytest.mark.parametrize(
    ("row", "changes", "message"),
    [
        ({"t0": "1", "t1": "two"}, {}, "row all-000000: column 't1': expected a number; got 'two'"),
        ({"s0": "1"}, {}, r"expected columns that match 't\*'.*got columns 's0', 'label'. Change"),
        ({"t0": "1", "t1": "2"}, {"split__group": "t1"}, r"'t\*' also matches 't1'"),
    ],
)
def test_a_wide_table_that_cannot_be_read_is_refused(
    tmp_path: Path, row: dict[str, str], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        prepared(tmp_path, [{**row, "label": "a"}] * 4, SERIES, **WIDE, **changes)


@pytest.mark.parametrize(
    ("columns", "message"),
    [({"wide": "t*", "series": "x"}, "expected one of `series`"),
     ({"wide": "t"}, r"one `\*` for the number"), ({"wide": "*t*"}, r"one `\*`")],
)  # fmt: skip
def test_a_layout_that_is_none_is_refused(columns: dict[str, Any], message: str) -> None:
    empty = {"series": None, "layout": "steps_first", "wide": None, "long": None, "id": None}
    with pytest.raises(ValueError, match=message):
        SeriesColumns.model_validate(empty | columns)
    with pytest.raises(ValueError, match="expected one of `series`"):
        described(SERIES, columns__series=None)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_texts_of_several_columns_are_joined(tmp_path: Path, form: str) -> None:
    rows: list[dict[str, Any]] = [
        {"subject": row["text"].split()[0], "body": " ".join(row["text"].split()[1:]),
         "label": row["label"]}
        for row in mails()
    ]  # fmt: skip
    rows[3]["body"] = rows[4]["subject"] = rows[5]["subject"] = rows[5]["body"] = None
    rows[6]["subject"] = rows[6]["body"] = " "
    if form == "csv":
        write_csv(tmp_path / "rows.csv", rows)
    else:
        (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    store, report = prepared(
        tmp_path, None, TEXT, source__format=form, source__files={"all": f"rows.{form}"},
        columns={"text": ["subject", "body"], "separator": " / ", "id": None},
    )  # fmt: skip
    texts = {i: text for part in content(store).values() for i, text, _ in part}
    assert texts["all-000000"] == "see / you number0 today"
    assert texts["all-000003"] == "win"
    assert texts["all-000004"] == "you number4 today"
    dropped = {name: entry["rows"] for name, entry in report["dropped"].items() if entry["rows"]}
    both = {"empty_input": 2} if form == "csv" else {"missing_input": 1, "empty_input": 1}
    assert dropped == both


@pytest.mark.parametrize("missing", ["forward", "mask"])
def test_missing_values_are_filled_and_counted(tmp_path: Path, missing: str) -> None:
    rows = [
        {"series": row, "label": state} for row, state in zip(gaps(SIGNALS), STATES, strict=True)
    ]
    store, report = prepared(tmp_path, rows, SERIES, encoding__missing=missing)
    lost = [sum(value is None for value in row) for row in gaps(SIGNALS)]
    counts = report["missing_values"].values()
    assert sum(count["values"] for count in counts) == sum(lost)
    assert sum(count["rows"] for count in counts) == np.count_nonzero(lost)
    assert store.meta.features == (2 if missing == "mask" else 1)
    train = store.split("train")
    assert np.isfinite(train.sequences.values).all()
    indicators = train.sequences.values[:, 1:]
    known = [~np.isnan(np.asarray(row)) for row in train.rows]
    if missing == "mask":
        np.testing.assert_array_equal(indicators, ~np.concatenate(known))
        assert not train.sequences.values[indicators[:, 0] == 1, 0].any()  # the mean is 0


@pytest.mark.parametrize("layout", ["steps_first", "channels_first"])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_step_that_is_null_lacks_all_its_values(tmp_path: Path, form: str, layout: str) -> None:
    rows = machines()
    if layout == "channels_first":
        rows = [{**row, "series": np.transpose(row["series"]).tolist()} for row in rows]
    lost = len(rows[3]["series"][1])
    rows[3]["series"][1] = None
    if form == "csv":
        write_csv(
            tmp_path / "a.csv", [{**row, "series": json.dumps(row["series"])} for row in rows]
        )
    else:
        (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    changes: dict[str, Any] = {
        "source__format": form, "source__files": {"all": f"a.{form}"}, "columns__layout": layout,
    }  # fmt: skip
    store, report = prepared(tmp_path, None, SERIES, encoding__missing="mask", **changes)
    counts = report["missing_values"].values()
    assert [sum(count[key] for count in counts) for key in ("rows", "values")] == [1, lost]
    assert np.isfinite(store.split("train").sequences.values).all()
    _, report = prepared(tmp_path, None, SERIES, **changes)
    assert report["dropped"]["missing_values"]["rows"] == 1


def test_a_column_without_a_name_may_hold_the_ids(tmp_path: Path) -> None:
    rows = [{"": f"m{i}", **row} for i, row in enumerate(mails())]
    store, _ = prepared(tmp_path, rows, TEXT, columns__id="")
    assert set.union(*ids(store).values()) == {row[""] for row in rows}


def test_a_row_without_a_group_is_a_group_of_its_own(tmp_path: Path) -> None:
    rows = [{**row, "who": None if i < 20 else f"g{i // 10}"} for i, row in enumerate(mails())]
    last: Any = {"by": "order", "share": 0.25}
    store, _ = prepared(tmp_path, rows, TEXT, split__test=last, split__group="who")
    assert sum(len(store.split(name).ids) for name in ("train", "validation")) == 30
    assert any(row < "all-000020" for row in store.split("validation").ids)
    assert any(row < "all-000020" for row in store.split("train").ids)


def test_a_wide_table_may_have_decimal_commas(tmp_path: Path, expected: dict[bool, str]) -> None:
    width = max(map(len, SIGNALS))
    lines = [";".join(["label", *[f"t{i}" for i in range(width)]])]
    for row, state in zip(SIGNALS, STATES, strict=True):
        cells = [str(value).replace(".", ",") for value in row]
        lines.append(";".join([state, *cells, *[""] * (width - len(row))]))
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    store, _ = prepared(
        tmp_path, None, SERIES, **WIDE, source__format="csv", source__decimal=",",
        source__files={"all": "rows.csv"}, encoding__missing="forward",
    )  # fmt: skip
    assert store.meta.digest == expected[False]
