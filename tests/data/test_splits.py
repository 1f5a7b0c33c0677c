"""Which rows end up where: seeds, shares, files, columns, groups; nothing leaks."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import (
    SERIES,
    TEXT,
    given_parts,
    ids,
    machines,
    mails,
    prepared,
    require_all_counted,
    write,
)

from conveyor import files
from conveyor.data.store import SPLITS
from conveyor.errors import DataError


def test_shares_are_stratified_and_every_row_is_in_one_split(tmp_path: Path) -> None:
    store, report = prepared(tmp_path, mails(80), TEXT)
    assert report["rows"] == {"read": 80, "train": 44, "validation": 16, "test": 20}
    assert report["classes"]["test"] == {"ham": 10, "spam": 10}
    assert len(set.union(*ids(store).values())) == 80
    require_all_counted(report)


@pytest.mark.parametrize(
    ("rows", "parts"),
    [
        # Rows of each class, and what train, validation and test get of it.
        ({"a": 10, "b": 10}, {"a": (7, 1, 2), "b": (7, 1, 2)}),
        ({"a": 16, "b": 4}, {"a": (11, 2, 3), "b": (2, 1, 1)}),
        ({"a": 16, "b": 3}, {"a": (11, 2, 3), "b": (2, 0, 1)}),
        ({"a": 16, "b": 2}, {"a": (11, 2, 3), "b": (2, 0, 0)}),
    ],
)
def test_a_class_of_few_rows_goes_first_to_training_then_to_test_then_to_validation(
    tmp_path: Path, rows: dict[str, int], parts: dict[str, tuple[int, int, int]]
) -> None:
    mails = [{"text": f"{name} word{i}", "label": name}
             for name, count in rows.items() for i in range(count)]  # fmt: skip
    _, report = prepared(
        tmp_path, mails, TEXT, checks__min_rows=2, split__test={"by": "share", "share": 0.2},
        split__validation={"by": "share", "share": 0.15},
    )  # fmt: skip
    assert {name: tuple(report["classes"][split][name] for split in SPLITS)
            for name in rows} == parts  # fmt: skip
    counts = ["1 test row" if count == 1 else f"{count or 'no'} test rows"
              for _, _, count in parts.values()]  # fmt: skip
    few = [f"class {name!r} has {count}, so its test metrics say little"
           for name, count in zip(parts, counts, strict=True)]  # fmt: skip
    assert report["warnings"] == few


@pytest.mark.parametrize(
    ("rows", "message"),
    [({"a": 20, "b": 1}, "2 training rows of each class; got 1 of class 'b'. Add rows, change"),
     ({"a": 3, "b": 3}, "the validation split: expected rows; got none. Change dataset.split")],
)  # fmt: skip
def test_too_few_rows_to_split_are_refused(
    tmp_path: Path, rows: dict[str, int], message: str
) -> None:
    mails = [{"text": f"{name} word{i}", "label": name}
             for name, count in rows.items() for i in range(count)]  # fmt: skip
    with pytest.raises(DataError, match=message):
        prepared(tmp_path, mails, TEXT, checks__min_rows=2)


def test_test_rows_do_not_move_when_the_validation_share_does(tmp_path: Path) -> None:
    one, _ = prepared(tmp_path, mails(), TEXT)
    test = ids(one)["test"]
    other, _ = prepared(tmp_path, mails(), TEXT, split__validation={"by": "share", "share": 0.1})
    assert ids(other)["test"] == test


def test_the_split_seed_draws_the_test_rows(tmp_path: Path) -> None:
    one = ids(prepared(tmp_path, mails(), TEXT)[0])
    assert ids(prepared(tmp_path, mails(), TEXT)[0]) == one
    assert ids(prepared(tmp_path, mails(), TEXT, split__seed=2)[0])["test"] != one["test"]


def test_splits_can_be_given_as_files(tmp_path: Path) -> None:
    parts = {"train": mails()[:20], "validation": mails()[20:30], "test": mails()[30:]}
    store, report = given_parts(tmp_path, parts)
    assert report["rows"] == {"read": 40, "train": 20, "validation": 10, "test": 10}
    assert store.split("test").rows[0] == parts["test"][0]["text"]


def test_a_share_is_not_taken_from_a_part_that_is_given_to_another_split(tmp_path: Path) -> None:
    write(tmp_path, mails()[:20], "train.jsonl")
    write(tmp_path, mails()[20:], "validation.jsonl")
    store, report = prepared(
        tmp_path, None, TEXT, split__validation={"by": "given"},
        source__files={"train": "train.jsonl", "validation": "validation.jsonl"},
    )  # fmt: skip
    assert report["rows"]["validation"] == 20
    assert all(name.startswith("train-") for name in store.split("test").ids)


def test_splits_can_come_from_a_column(tmp_path: Path) -> None:
    rows = [{**row, "fold": i % 5} for i, row in enumerate(mails())]
    store, _ = prepared(
        tmp_path, rows, TEXT, split__test={"by": "column", "column": "fold", "value": "0"},
        split__validation={"by": "column", "column": "fold", "value": "1"},
    )  # fmt: skip
    assert ids(store)["test"] == {f"all-{i:06d}" for i in range(0, 40, 5)}
    assert ids(store)["validation"] == {f"all-{i:06d}" for i in range(1, 40, 5)}


def test_splits_by_order_take_the_last_rows(tmp_path: Path) -> None:
    last: Any = {"by": "order", "share": 0.25}
    store, _ = prepared(tmp_path, mails(), TEXT, split__test=last)
    assert ids(store)["test"] == {f"all-{i:06d}" for i in range(30, 40)}


def test_groups_stay_together(tmp_path: Path) -> None:
    rows = [{**row, "who": f"patient{i // 4}"} for i, row in enumerate(mails(80))]
    store, _ = prepared(tmp_path, rows, TEXT, split__group="who", columns__id=None)
    groups = [{int(name[-6:]) // 4 for name in ids(store)[split]} for split in SPLITS]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 20


def test_a_split_that_cuts_a_group_is_refused(tmp_path: Path) -> None:
    rows = [{**row, "who": "everyone"} for row in mails()]
    last: Any = {"by": "order", "share": 0.25}
    with pytest.raises(DataError, match=r"got 1 groups .such as 'everyone'. with rows in both"):
        prepared(tmp_path, rows, TEXT, split__group="who", split__test=last,
                 split__validation=last)  # fmt: skip
    with pytest.raises(DataError, match=r"at least 4 groups for a share of 0.25; got 1"):
        prepared(tmp_path, rows, TEXT, split__group="who")


def test_neither_vocabulary_nor_scale_sees_validation_or_test_rows(tmp_path: Path) -> None:
    store, _ = prepared(tmp_path, mails(), TEXT)
    vocabulary = files.read_json(tmp_path / "prepared" / "encoder.json")["tokenizer"]["model"]
    known = {word for word in vocabulary["vocab"] if word.startswith("number")}
    assert known == {f"number{int(name[-6:])}" for name in ids(store)["train"]}
    (tmp_path / "series").mkdir()
    store, _ = prepared(tmp_path / "series", machines(), SERIES)
    steps = np.concatenate(list(store.split("train").rows)).astype(np.float64)
    encoder = files.read_json(store.folder / "encoder.json")
    assert encoder["shift"] == pytest.approx(steps.mean(axis=0), rel=1e-9)
    assert encoder["scale"] == pytest.approx(steps.std(axis=0), rel=1e-9)
    assert np.asarray(store.split("train").sequences.values).std(axis=0) == pytest.approx(1, 1e-5)
