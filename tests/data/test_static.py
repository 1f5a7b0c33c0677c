"""Static columns in `prepare`: what is read, counted, refused and kept."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from making import require_all_counted
from patients import (
    LAYOUTS,
    NO_STATIC,
    STATIC,
    Patient,
    by_step,
    describe,
    patients,
    prepare_patients,
    write_rows,
)

from conveyor.config.dataset import StaticColumns
from conveyor.data.prepare import prepare
from conveyor.data.static import read_static
from conveyor.data.store import SPLITS, Prepared
from conveyor.encoding import RowError, StaticEncoder
from conveyor.encoding.static import read_category
from conveyor.errors import InputError
from conveyor.raw_row import static_of

STRUCTURE = pa.struct({"age": pa.float64(), "ward": pa.string()})


def values(prepared: Prepared) -> list[tuple[str, str]]:
    rows = [row for name in SPLITS for row in prepared.split(name).rows]
    return sorted((str(row["age"]), str(row["ward"])) for row in map(static_of, rows))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_store_keeps_static_values_of_each_layout_and_dialect(
    tmp_path: Path, layout: str
) -> None:
    rows = patients()
    stores = []
    for suffix, changes in ((".jsonl", {}), (".csv", {"source__decimal": ","})):
        folder = tmp_path / suffix
        folder.mkdir()
        store, report = prepare_patients(folder, layout, rows, suffix, **changes)
        require_all_counted(report)
        assert report["dropped"]["not_a_number"] == {"rows": 0, "ids": []}
        counts = [report["static"][name] for name in SPLITS]
        assert sum(count["age"]["missing"] for count in counts) == 1
        assert sum(count["ward"]["missing"] for count in counts) == 1
        stores.append(store)
    expected = sorted((str(row["age"] or float("nan")), str(row["ward"])) for row in rows)
    assert [values(store) for store in stores] == [expected, expected]
    assert stores[0].meta.digest == stores[1].meta.digest


def test_numbers_are_scaled_by_training_rows_and_categories_have_an_input_each(
    tmp_path: Path,
) -> None:
    store, _ = prepare_patients(tmp_path, "series", patients())
    train = store.split("train")
    encoded, raw = np.asarray(train.static_inputs), [static_of(row) for row in train.rows]
    ages = np.array([row["age"] for row in raw])
    known = ages[~np.isnan(ages)]
    scaled = np.where(np.isnan(ages), 0, (ages - known.mean()) / known.std())
    np.testing.assert_allclose(encoded[:, 0], scaled, atol=1e-6)
    wards = [[row["ward"] == ward for ward in ("east", "north", "south")] for row in raw]
    np.testing.assert_array_equal(encoded[:, 1:], wards)
    again = store.encoder.static
    assert again is not None
    assert store.meta.static_width == again.width == 4
    np.testing.assert_array_equal(again.encode_rows(raw), encoded)


def test_a_new_category_and_a_missing_value_add_nothing() -> None:
    rows = pa.array([{"age": 2.0, "ward": "a"}, {"age": 6.0, "ward": "b"}], STRUCTURE)
    encoder = StaticEncoder.fit([rows], StaticColumns(**STATIC))
    checked = encoder.check({"age": " ", "ward": "new", "other": 1})
    assert encoder.encode_rows([checked]).tolist() == [[0, 0, 0]]
    assert encoder.encode_rows([encoder.blank]).tolist() == [[0, 0, 0]]
    known = encoder.check({"age": "6", "ward": "b"})
    assert encoder.encode_rows([known]).tolist() == [[1, 0, 1]]


def test_moments_do_not_depend_on_the_batches() -> None:
    ages = np.random.default_rng(1).normal(1e6, 3, 9000)
    rows = pa.array([{"age": age, "ward": "a"} for age in ages], STRUCTURE)
    batches = [rows[:10], rows[10:7000], rows[7000:]]
    columns = StaticColumns(**STATIC)
    assert StaticEncoder.fit(batches, columns) == StaticEncoder.fit([rows], columns)


@pytest.mark.parametrize("age", [0.1, 0.1 + 0.2, -1e9 / 3, 1e-30, 0.0])
def test_a_number_that_never_changes_is_not_scaled_by_its_rounding(age: float) -> None:
    ages = [age] * 99 + [float(np.nextafter(age, 1)) if age else age]
    rows = pa.array([{"age": each, "ward": "a"} for each in ages], STRUCTURE)
    encoder = StaticEncoder.fit([rows], StaticColumns(**STATIC))
    other = encoder.encode_rows([encoder.check({"age": age + 2.0, "ward": "a"})])
    np.testing.assert_allclose(other[0, 0], 2.0, rtol=1e-6)


@pytest.mark.parametrize("small", [1e-13, 1e-20])
def test_a_small_number_that_changes_is_scaled(small: float) -> None:
    rows = pa.array([{"age": n * small, "ward": "a"} for n in (1.0, 3.0)], STRUCTURE)
    encoder = StaticEncoder.fit([rows], StaticColumns(**STATIC))
    np.testing.assert_allclose(encoder.encode_arrow(rows)[:, 0], [-1, 1])


@pytest.mark.parametrize("cell", [10**400, 1e300, -1e39, float("inf"), "1e300", "1e999"])
def test_a_number_beyond_float32_is_refused_when_served(cell: Any) -> None:
    encoder = StaticEncoder({"age": (0.0, 1.0)}, {})
    with pytest.raises(RowError, match=r"age: expected a finite number, at most 3.4e\+38; got"):
        encoder.check({"age": cell})
    assert np.isfinite(encoder.encode_rows([encoder.check({"age": 3e38})])).all()


GIVEN = {"by": "column", "column": "part"}


@pytest.mark.parametrize(
    ("other", "parts", "found"),
    [
        ({}, ("train", "train"), "duplicate"),
        ({}, ("train", "test"), "leak"),
        ({"state": "low"}, ("train", "train"), "conflict"),
        ({"age": 1.5}, ("train", "train"), None),
        ({"age": None}, ("train", "test"), None),
        ({"ward": "south"}, ("train", "test"), None),
        ({"ward": None, "state": "low"}, ("train", "train"), None),
    ],
)
@pytest.mark.parametrize("layout", ["text", "series"])
def test_rows_of_equal_sequence_and_other_static_values_differ(
    tmp_path: Path, layout: str, other: Patient, parts: tuple[str, str], found: str | None
) -> None:
    rows = [{**row, "part": SPLITS[i % 3]} for i, row in enumerate(patients())]
    high = {**rows[0], "age": 71.5, "ward": "north", "state": "high"}
    rows[0] = {**high, "part": parts[0]}
    rows.append({**high, "patient": "twin", **other, "part": parts[1]})
    lines = [line | {"part": row["part"]} for row in rows for line in LAYOUTS[layout][2](row)]
    write_rows(tmp_path / "rows.jsonl", lines)
    config = describe(
        layout, "rows.jsonl", split__test={**GIVEN, "value": "test"},
        split__validation={**GIVEN, "value": "validation"},
    )  # fmt: skip
    report = prepare(config, tmp_path, tmp_path / "prepared", tmp_path / "cache")
    removed = sum(entry["removed"] for entry in report["removed_between_splits"].values())
    duplicates = sum(report["duplicates_within"].values())
    conflicts = report["conflicting_targets"]["rows"]
    expected = {"duplicate": (0, 1, 0), "leak": (1, 0, 0), "conflict": (0, 1, 2), None: (0, 0, 0)}
    assert (removed, duplicates, conflicts) == expected[found]


def with_cells(**cells: Any) -> list[Patient]:
    rows = patients()
    rows[11] |= cells
    return rows


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("unknown", "not_a_number"),
        ("1e999", "not_finite"),
        ("12 y", "not_a_number"),
        ("-1e39", "not_finite"),
    ],
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_row_whose_number_is_none_is_left_out_and_counted(
    tmp_path: Path, layout: str, cell: str, problem: str
) -> None:
    rows = with_cells(age=cell)
    _, report = prepare_patients(tmp_path, layout, rows, ".csv", columns__id="patient")
    require_all_counted(report)
    assert report["dropped"][problem] == {"rows": 1, "ids": ["p011"]}


def test_a_value_that_the_configuration_names_is_missing(tmp_path: Path) -> None:
    rows = with_cells(age="n/a", ward="n/a")
    store, report = prepare_patients(tmp_path, "text", rows, ".csv", source__missing=["n/a"])
    assert report["dropped"]["not_a_number"]["rows"] == 0
    assert sum(report["static"][name]["ward"]["missing"] for name in SPLITS) == 2
    assert ("nan", "None") in values(store)


REFUSED: dict[str, tuple[str, list[Patient], dict[str, Any], str]] = {
    "many categories": (
        "text", patients(400), {"columns__static": {"numbers": [], "categories": ["patient"]}},
        "expected at most 100 categories of 'patient' in the training rows",
    ),
    "no value": (
        "series", [{**row, "age": None} for row in patients()], {},
        "expected values of 'age' in the training rows; got none",
    ),
    "no column": (
        "text", patients(), {"columns__static": {"numbers": ["weight"], "categories": []}},
        "expected a column 'weight'",
    ),
    "the target": (
        "text", patients(), {"columns__static": {"numbers": [], "categories": ["state"]}},
        "expected columns beside the sequence and the target; got 'state'",
    ),
    "the sequence": (
        "text", [{**row, "note": row["text"]} for row in patients()],
        {"columns__text": ["note"], "columns__static": {"numbers": [], "categories": ["note"]}},
        "got 'note', which is one of these",
    ),
    "a step of a wide table": (
        "wide", patients(), {"columns__static": {"numbers": ["t3"], "categories": []}},
        "got 't3', which is one of these",
    ),
    "a channel": (
        "long", patients(), {"columns__static": {"numbers": ["heat"], "categories": []}},
        "got 'heat', which is one of these",
    ),
    "the id": (
        "text", patients(),
        {"columns__static": {"numbers": [], "categories": ["patient"]}, "columns__id": "patient"},
        "got 'patient', which is dataset.columns.id",
    ),
    "the group": (
        "series", patients(), {"split__group": "ward"},
        "got 'ward', which is dataset.split.group",
    ),
    "the split": (
        "text", patients(), {"split__test": {"by": "column", "column": "ward", "value": "east"}},
        "got 'ward', which is dataset.split.test.column",
    ),
    "lists": (
        "text", [{**row, "ward": [row["ward"]]} for row in patients()], {},
        "column 'ward': expected one number or category a row",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_columns_that_cannot_be_static_are_refused(tmp_path: Path, case: str) -> None:
    layout, rows, changes, message = REFUSED[case]
    with pytest.raises(InputError, match=message):
        prepare_patients(tmp_path, layout, rows, **changes)
    assert not (tmp_path / "prepared").exists()


def test_a_long_series_has_one_value_in_all_its_rows(tmp_path: Path) -> None:
    lines = [line for patient in patients() for line in by_step(patient)]
    lines[1]["age"] = 99.0
    write_rows(tmp_path / "rows.jsonl", lines)
    config = describe("long", "rows.jsonl")
    with pytest.raises(InputError, match="column 'age': expected the same value in each row"):
        prepare(config, tmp_path, tmp_path / "prepared", tmp_path / "cache")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["ward", "age"], "expected each column once; got 'age' twice"),
        (["ward", "series"], "expected names other than text, series, lengths.*; got 'series'"),
    ],
)
def test_names_that_would_mean_two_things_are_refused(names: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StaticColumns(numbers=["age"], categories=names)


@pytest.mark.parametrize(
    ("cell", "name"),
    [("north", "north"), (3, "3"), (3.0, "3"), (2.5, "2.5"), ("3", "3"), ("3.0", "3"),
     ("-2.00", "-2"), ("2.5", "2.5"), ("007", "007"), ("007.0", "007.0"), (-0.0, "0"),
     ("1.0.0", "1.0.0"), (True, "true"), ("True", "true"), ("FALSE", "false"), (False, "false"),
     ("", None), (" ", None), (None, None), (float("nan"), None)],
)  # fmt: skip
def test_a_category_has_one_name_in_files_and_requests(cell: Any, name: str | None) -> None:
    assert read_category(cell) == name
    batch = pa.record_batch({"ward": pa.array([cell])})
    static, _ = read_static(batch, StaticColumns(numbers=[], categories=["ward"]))
    assert static.to_pylist() == [{"ward": name}]


@pytest.mark.parametrize("cell", [["north"], {"ward": "north"}, np.zeros(2)])
def test_a_list_is_no_category(cell: Any) -> None:
    with pytest.raises(TypeError):
        read_category(cell)


def test_data_without_static_columns_say_nothing_of_them(tmp_path: Path) -> None:
    store, report = prepare_patients(tmp_path, "text", patients(), columns__static=NO_STATIC)
    assert "static" not in report
    assert "not_a_number" not in report["dropped"]
    assert not [path for path in tmp_path.rglob("*") if path.name == "static.npy"]
    files = [store.folder / name for name in ("meta.json", "encoder.json")]
    assert not any("static" in file.read_text() for file in files)
    assert isinstance(store.split("test").rows[0], str)
