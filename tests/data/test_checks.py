"""Every row is accounted for, and what makes training meaningless stops."""

from pathlib import Path
from typing import Any

import pytest
from making import (
    SERIES,
    TEXT,
    given_parts,
    machines,
    mails,
    prepared,
    require_all_counted,
)

from conveyor.data.report import count_findings
from conveyor.data.store import SPLITS
from conveyor.errors import DataError


def test_every_unusable_row_is_counted_by_reason(tmp_path: Path) -> None:
    rows = mails()
    rows[0]["text"] = None
    rows[1]["label"] = None
    rows[2]["label"] = "eggs"
    rows[3]["text"], rows[4]["text"] = "", " \t "
    _, report = prepared(tmp_path, rows, TEXT, target__classes=["ham", "spam"])
    dropped = {reason: one["rows"] for reason, one in report["dropped"].items()}
    assert dropped == {
        "missing_input": 1,
        "empty_input": 2,
        "missing_values": 0,
        "not_finite": 0,
        "missing_target": 1,
        "unknown_target": 1,
        "rare_target": 0,
    }
    assert report["dropped"]["missing_input"]["ids"] == ["all-000000"]
    require_all_counted(report)
    shown = count_findings(report)
    assert shown["dropped: unknown target"] == 1
    assert sum(n for name, n in shown.items() if name.startswith("dropped")) == 5


@pytest.mark.parametrize(
    ("bad", "problem"),
    [(float("nan"), "missing_values"), (None, "missing_values"), (float("inf"), "not_finite")],
)
def test_steps_that_are_not_finite_drop_the_row(
    tmp_path: Path, bad: float | None, problem: str
) -> None:
    rows = machines()
    rows[3]["series"][1][0] = bad
    _, report = prepared(tmp_path, rows, SERIES)
    assert report["dropped"][problem] == {"rows": 1, "ids": ["all-000003"]}
    require_all_counted(report)


def test_a_class_that_no_training_row_has_is_dropped_and_counted(tmp_path: Path) -> None:
    rows = [*mails(), {"text": "an odd one", "label": "new"}]
    last: Any = {"by": "order", "share": 0.25}
    store, report = prepared(tmp_path, rows, TEXT, split__test=last)
    assert store.meta.target.classes == ["ham", "spam"]
    assert report["dropped"]["unknown_target"]["rows"] == 1
    require_all_counted(report)


@pytest.mark.parametrize(
    ("cell", "missing"),
    [(" ", []), ("\t\u00a0", []), (" n/a", ["n/a"]), ("n/a ", ["n/a"]), ("n/a", [" n/a "])],
)
def test_a_blank_target_is_missing(tmp_path: Path, cell: str, missing: list[str]) -> None:
    rows = [{**row, "label": cell if i < 8 else row["label"]} for i, row in enumerate(mails())]
    store, report = prepared(tmp_path, rows, TEXT, source__missing=missing)
    assert store.meta.target.classes == ["ham", "spam"]
    assert report["dropped"]["missing_target"]["rows"] == 8
    require_all_counted(report)


@pytest.mark.parametrize("classes", [None, [" ham", "spam\t"]])
def test_names_of_classes_have_no_space_around_them(
    tmp_path: Path, classes: list[str] | None
) -> None:
    rows = [{**row, "label": f" {row['label']}  " if i % 5 else row["label"]}
            for i, row in enumerate(mails())]  # fmt: skip
    store, report = prepared(tmp_path, rows, TEXT, target__classes=classes)
    assert store.meta.target.classes == ["ham", "spam"]
    assert report["rows"]["read"] == sum(report["rows"][name] for name in SPLITS) == 40


def test_classes_that_differ_by_case_are_named(tmp_path: Path) -> None:
    names = ["Spam", "spam", "a", "A", "b", "B", "c", "C", "d", "D", "other"]
    rows = [{"text": f"word{i}", "label": names[i % 11]} for i in range(220)]
    _, report = prepared(tmp_path, rows, TEXT)
    assert [line for line in report["warnings"] if "differ" in line] == [
        "classes 'A' and 'a' differ by case only",
        "classes 'B' and 'b' differ by case only",
        "classes 'C' and 'c' differ by case only",
        "2 more groups of classes differ as little",
    ]
    few = [*mails(), {"text": "one more", "label": "Spam"}, {"text": "and more", "label": "Spam"}]
    with pytest.raises(DataError, match=r"Note: classes 'Spam' and 'spam' differ by case only\."):
        prepared(tmp_path, few, TEXT, checks__min_rows=3)


def test_rare_classes_are_refused_or_dropped_and_counted(tmp_path: Path) -> None:
    rows = [*mails(), *({"text": f"an {name} one", "label": name} for name in ("new", "odd"))]
    with pytest.raises(DataError, match=r"1 of class 'new', 1 of class 'odd'.*target.rare=drop"):
        prepared(tmp_path, rows, TEXT, checks__min_rows=2)
    store, report = prepared(tmp_path, rows, TEXT, checks__min_rows=2, target__rare="drop",
                             checks__max_dropped_share=0.5)  # fmt: skip
    assert store.meta.target.classes == ["ham", "spam"]
    assert report["dropped"]["rare_target"]["rows"] == 2
    rare = "classes of fewer than 2 training rows are left out: 'new', 'odd'"
    assert rare in report["warnings"]
    named = {"rare": "drop", "classes": ["ham", "spam", "hma"]}
    (tmp_path / "named").mkdir()
    _, report = prepared(tmp_path / "named", mails(), TEXT,
                         **{f"target__{key}": value for key, value in named.items()})  # fmt: skip
    assert report["warnings"][0].endswith("are left out: 'hma'")
    require_all_counted(report)


@pytest.mark.parametrize("empty", [[], [[]]])
def test_a_series_without_steps_drops_the_row(tmp_path: Path, empty: list[Any]) -> None:
    rows = machines()
    rows[4]["series"] = empty
    _, report = prepared(tmp_path, rows, SERIES)
    assert report["dropped"]["empty_input"] == {"rows": 1, "ids": ["all-000004"]}
    require_all_counted(report)


def test_texts_that_show_nothing_are_dropped_and_counted_even_ten_equal_ones(
    tmp_path: Path,
) -> None:
    blanks = ["", "  ", "\u200b", "\u00a0\ufeff", "&nbsp; &#8203;", "\x00", "\u2028\u00ad"]
    rows = [*mails(), *({"text": text, "label": "ham"} for text in [*blanks, *["\u200b"] * 10])]
    store, report = prepared(tmp_path, rows, TEXT, encoding__unescape_html=True)
    assert report["dropped"]["empty_input"]["rows"] == len(blanks) + 10
    assert sum(store.meta.counts.values()) == 40
    assert report["duplicates_within"] == {"train": 0, "validation": 0, "test": 0}
    require_all_counted(report)
    (tmp_path / "kept").mkdir()
    _, report = prepared(tmp_path / "kept", rows, TEXT)  # &nbsp; is text where it stays
    assert report["dropped"]["empty_input"]["rows"] == len(blanks) + 9


def test_a_text_that_loses_its_words_is_kept(tmp_path: Path) -> None:
    rows = mails()
    rows[0]["text"] = "\u0301"  # an accent alone
    store, report = prepared(tmp_path, rows, TEXT, encoding__strip_accents=True)
    assert sum(report["rows"][name] for name in SPLITS) == 40
    assert min(int(n) for s in SPLITS for n in store.split(s).sequences.lengths) == 1


def test_missing_values_above_the_limit_name_the_option(tmp_path: Path) -> None:
    rows = machines()
    for row in rows[:4]:
        row["series"][0][1] = None
    with pytest.raises(DataError, match=r"\(4 missing_values\). Set dataset.encoding.missing to"):
        prepared(tmp_path, rows, SERIES, checks__max_dropped_share=0.05)


def test_truncation_is_counted(tmp_path: Path) -> None:
    rows = mails()
    rows[0]["text"] = "word " * 51
    rows[1]["text"] = "word " * 50
    store, report = prepared(tmp_path, rows, TEXT)
    assert sum(report["truncated"].values()) == 1
    assert max(int(store.split(s).sequences.lengths.max()) for s in SPLITS) == 50
    (tmp_path / "series").mkdir()
    longer = sum(len(row["series"]) > 3 for row in machines())
    _, report = prepared(tmp_path / "series", machines(), SERIES, encoding__max_length=3)
    assert sum(report["truncated"].values()) == longer > 0


def test_rows_that_stand_in_a_later_split_too_leave_the_earlier_one(tmp_path: Path) -> None:
    parts = {"train": mails()[:20], "validation": mails()[20:30], "test": mails()[30:]}
    parts["train"] = [*parts["train"], parts["test"][0], parts["validation"][0]]
    parts["validation"] = [*parts["validation"], parts["test"][1]]
    store, report = given_parts(tmp_path, parts)
    removed = {pair: one["removed"] for pair, one in report["removed_between_splits"].items()}
    assert removed == {"train_in_test": 1, "train_in_validation": 1, "validation_in_test": 1}
    assert report["rows"] == {"read": 43, "train": 20, "validation": 10, "test": 10}
    texts = {name: set(store.split(name).rows) for name in SPLITS}
    assert not texts["train"] & (texts["validation"] | texts["test"])
    require_all_counted(report)


def test_duplicates_and_conflicts_are_kept_and_counted(tmp_path: Path) -> None:
    rows = mails()
    rows[32] = {"text": rows[0]["text"], "label": "spam"}  # as row 0, and labelled otherwise
    rows[34] = dict(rows[2])
    order: Any = {"by": "column", "column": "part", "value": "test"}
    validation: Any = {"by": "column", "column": "part", "value": "validation"}
    for i, row in enumerate(rows):
        row["part"] = "test" if i in (7, 8) else "validation" if i in (9, 10) else "train"
    _, report = prepared(tmp_path, rows, TEXT, split__test=order, split__validation=validation)
    assert report["duplicates_within"] == {"train": 2, "validation": 0, "test": 0}
    assert report["conflicting_targets"]["rows"] == 2
    assert report["conflicting_targets"]["ids"] == ["all-000000", "all-000032"]
    require_all_counted(report)


@pytest.mark.parametrize(
    ("spoil", "changes", "message"),
    [
        (lambda row, i: {**row, "label": "ham"}, {}, "at least two classes; got"),
        (lambda row, i: {**row, "text": None if i % 4 == 0 else row["text"]},
         {"checks__max_dropped_share": 0.1}, r"got 10 of 40 rows \(10 missing_input\)"),
        (lambda row, i: {**row, "label": "rare" if i in (0, 1) else row["label"]},
         {"checks__min_rows": 3}, "3 training rows of each class; got 2 of class 'rare'. Add rows"),
        (lambda row, i: {**row, "label": None}, {"checks__max_dropped_share": 1.0},
         "two classes; got"),
        (lambda row, i: row, {"target__thresholds": [0.0], "target__classes": ["a", "b"]},
         "expected numbers, since dataset.target.thresholds is set; got 'ham'"),
    ],
)  # fmt: skip
def test_what_makes_training_meaningless_stops_and_leaves_nothing(
    tmp_path: Path, spoil: Any, changes: dict[str, Any], message: str
) -> None:
    rows = [spoil(row, i) for i, row in enumerate(mails())]
    with pytest.raises(DataError, match=message):
        prepared(tmp_path, rows, TEXT, **changes)
    assert not (tmp_path / "prepared").exists()


def test_thresholds_cut_numbers_into_classes(tmp_path: Path) -> None:
    rows = [{"text": f"word{i}", "label": i - 20} for i in range(40)]
    store, report = prepared(
        tmp_path, rows, TEXT, target__thresholds=[0.0], target__classes=["below", "above"]
    )
    assert store.meta.target.classes == ["below", "above"]
    total = {c: sum(report["classes"][s][c] for s in SPLITS) for c in store.meta.target.classes}
    assert total == {"below": 20, "above": 20}  # 0 itself is above


def test_numeric_labels_keep_their_order(tmp_path: Path) -> None:
    rows = [{"text": f"word{i}", "label": [2, 10, 1][i % 3]} for i in range(60)]
    store, _ = prepared(tmp_path, rows, TEXT)
    assert store.meta.target.classes == ["1", "2", "10"]


@pytest.mark.parametrize("cell", [[10**400], f"[1, {10**400}]"])
def test_a_number_beyond_floating_point_is_named(tmp_path: Path, cell: Any) -> None:
    rows = [{"series": [[1.0]], "label": "a"}, {"series": cell, "label": "b"}] * 2
    with pytest.raises(DataError, match=r"row all-000001: .*; got a number that is too large\. "):
        prepared(tmp_path, rows, SERIES)


def test_series_of_changing_width_are_refused(tmp_path: Path) -> None:
    rows = machines()
    rows[5]["series"] = [[1.0, 2.0, 3.0]]
    with pytest.raises(
        DataError, match="row all-000005: expected 2 channels, as in the rows before; got 3"
    ):
        prepared(tmp_path, rows, SERIES)


@pytest.mark.parametrize("cell", ["one two", [[1.0], 2.0], {"x": 1.0}, [[[1.0]]], "[1, 2"])
def test_a_cell_that_is_no_series_is_refused(tmp_path: Path, cell: Any) -> None:
    rows = [{"series": [[1.0]], "label": "a"}, {"series": cell, "label": "b"}] * 2
    with pytest.raises(DataError, match=r"row all-000001: .*expected a list of steps"):
        prepared(tmp_path, rows, SERIES)
