"""Splits, checks and the store: every row is accounted for, and nothing leaks."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making import SERIES, TEXT, machines, mails, prepared, write

from conveyor import files
from conveyor.data.errors import DataError
from conveyor.data.prepare import findings
from conveyor.data.split import SPLITS
from conveyor.data.store import Prepared, StoreError


def ids(store: Prepared) -> dict[str, set[str]]:
    return {name: set(store.split(name).ids) for name in SPLITS}


def require_all_counted(report: dict[str, Any]) -> None:
    rows = report["rows"]
    kept = sum(rows[name] for name in SPLITS)
    gone = sum(one["rows"] for one in report["dropped"].values())
    gone += sum(one["removed"] for one in report["removed_between_splits"].values())
    assert rows["read"] == kept + gone


def python(code: str, *arguments: str, **environment: str) -> str:
    """The last word that code prints in a fresh process."""
    path = f"{Path(__file__).parent}:{os.environ['PYTHONPATH']}"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": path, **environment},
    )  # fmt: skip
    return done.stdout.split()[-1]


def test_shares_are_stratified_and_every_row_is_in_one_split(tmp_path: Path) -> None:
    store, report = prepared(tmp_path, mails(80), TEXT)
    assert report["rows"] == {"read": 80, "train": 44, "validation": 16, "test": 20}
    assert report["classes"]["test"] == {"ham": 10, "spam": 10}
    assert len(set.union(*ids(store).values())) == 80
    require_all_counted(report)


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
    for name, rows in parts.items():
        write(tmp_path, rows, f"{name}.jsonl")
    given: Any = {"by": "given"}
    store, report = prepared(
        tmp_path, None, TEXT, source__files={name: f"{name}.jsonl" for name in parts},
        split__test=given, split__validation=given,
    )  # fmt: skip
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
    with pytest.raises(DataError, match=r"1 groups .such as 'everyone'. have rows in both"):
        prepared(tmp_path, rows, TEXT, split__group="who", split__test=last,
                 split__validation=last)  # fmt: skip
    with pytest.raises(DataError, match=r"1 groups cannot give a share of 0.25"):
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


def test_the_store_gives_back_raw_and_encoded_rows(tmp_path: Path) -> None:
    store, _ = prepared(tmp_path, machines(), SERIES)
    test = store.split("test")
    for i, name in enumerate(test.ids):
        source = np.float32(machines()[int(name[-6:])]["series"])
        np.testing.assert_array_equal(test.rows[i], source)
        assert len(test.sequences[i]) == len(source)
        assert store.meta.classes[test.labels[i]] == machines()[int(name[-6:])]["label"]
    assert isinstance(test.sequences.values, np.memmap)


def test_the_store_has_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from making import TEXT, mails, prepared
from conveyor import files
store, _ = prepared(Path(sys.argv[1]), mails(), TEXT, encoding__tokenizer="bpe")
print(files.digest_tree(store.folder))
"""
    digests = set()
    for seed in ("1", "2"):
        (tmp_path / seed).mkdir()
        digests.add(python(code, str(tmp_path / seed), PYTHONHASHSEED=seed))
    assert len(digests) == 1


def test_every_unusable_row_is_counted_by_reason(tmp_path: Path) -> None:
    rows = mails()
    rows[0]["text"] = None
    rows[1]["label"] = None
    rows[2]["label"] = "eggs"
    _, report = prepared(tmp_path, rows, TEXT, labels__classes=["ham", "spam"])
    dropped = {reason: one["rows"] for reason, one in report["dropped"].items()}
    assert dropped == {"missing_input": 1, "missing_label": 1, "not_finite": 0, "unknown_label": 1}
    assert report["dropped"]["missing_input"]["ids"] == ["all-000000"]
    require_all_counted(report)
    shown = findings(report)
    assert shown["dropped: unknown label"] == 1
    assert sum(n for name, n in shown.items() if name.startswith("dropped")) == 3


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), None])
def test_steps_that_are_not_finite_drop_the_row(tmp_path: Path, bad: float | None) -> None:
    rows = machines()
    rows[3]["series"][1][0] = bad
    _, report = prepared(tmp_path, rows, SERIES)
    assert report["dropped"]["not_finite"] == {"rows": 1, "ids": ["all-000003"]}
    require_all_counted(report)


def test_a_class_that_no_training_row_has_is_dropped_and_counted(tmp_path: Path) -> None:
    rows = [*mails(), {"text": "an odd one", "label": "new"}]
    last: Any = {"by": "order", "share": 0.25}
    store, report = prepared(tmp_path, rows, TEXT, split__test=last)
    assert store.meta.classes == ["ham", "spam"]
    assert report["dropped"]["unknown_label"]["rows"] == 1
    require_all_counted(report)


def test_rows_of_no_length_are_replaced_and_counted(tmp_path: Path) -> None:
    rows = mails()
    rows[0]["text"], rows[1]["text"] = "", "   "
    store, report = prepared(tmp_path, rows, TEXT)
    assert report["replaced_empty"] == 2
    lengths = [int(n) for s in SPLITS for n in store.split(s).sequences.lengths]
    assert min(lengths) == 1
    (tmp_path / "series").mkdir()
    rows = machines()
    rows[4]["series"] = []
    store, report = prepared(tmp_path / "series", rows, SERIES)
    assert report["replaced_empty"] == 1
    assert min(int(n) for s in SPLITS for n in store.split(s).sequences.lengths) == 1


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
    for name, rows in parts.items():
        write(tmp_path, rows, f"{name}.jsonl")
    given: Any = {"by": "given"}
    store, report = prepared(
        tmp_path, None, TEXT, source__files={name: f"{name}.jsonl" for name in parts},
        split__test=given, split__validation=given,
    )  # fmt: skip
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
    assert report["conflicting_labels"]["rows"] == 2
    assert report["conflicting_labels"]["ids"] == ["all-000000", "all-000032"]
    require_all_counted(report)


@pytest.mark.parametrize(
    ("spoil", "changes", "message"),
    [
        (lambda row, i: {**row, "label": "ham"}, {}, "one class only"),
        (lambda row, i: {**row, "text": None if i % 4 == 0 else row["text"]},
         {"checks__max_dropped_share": 0.1}, r"10 of 40 rows cannot be used \(10 missing_input\)"),
        (lambda row, i: {**row, "label": "rare" if i in (0, 1) else row["label"]},
         {"checks__min_rows_per_class": 3}, r"too few rows: .*of class 'rare'"),
        (lambda row, i: {**row, "label": None}, {"checks__max_dropped_share": 1.0}, "no rows|one"),
        (lambda row, i: row, {"labels": {"thresholds": [0.0], "classes": ["a", "b"]}},
         "'ham'; labels.thresholds needs numbers"),
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
        tmp_path, rows, TEXT, labels={"thresholds": [0.0], "classes": ["below", "above"]}
    )
    assert store.meta.classes == ["below", "above"]
    total = {c: sum(report["classes"][s][c] for s in SPLITS) for c in store.meta.classes}
    assert total == {"below": 20, "above": 20}  # 0 itself is above


def test_numeric_labels_keep_their_order(tmp_path: Path) -> None:
    rows = [{"text": f"word{i}", "label": [2, 10, 1][i % 3]} for i in range(60)]
    store, _ = prepared(tmp_path, rows, TEXT)
    assert store.meta.classes == ["1", "2", "10"]


def test_series_of_changing_width_are_refused(tmp_path: Path) -> None:
    rows = machines()
    rows[5]["series"] = [[1.0, 2.0, 3.0]]
    with pytest.raises(
        DataError, match="row all-000005: 3 channels, but the rows before it have 2"
    ):
        prepared(tmp_path, rows, SERIES)


def test_a_text_column_of_numbers_is_no_series(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must hold a list of steps"):
        prepared(tmp_path, [{"series": [1.0, 2.0], "label": "a"}] * 4, SERIES)


def test_a_store_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="dvc repro prepare"):
        Prepared(tmp_path)
    store, _ = prepared(tmp_path, mails(), TEXT)
    with pytest.raises(StoreError, match="no split 'dev'"):
        store.split("dev")


PEAK_MEMORY = """
import sys, threading
from pathlib import Path
from making import SERIES, prepared

def anonymous():  # mapped files are the kernel's to take back, and don't count
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(status["RssAnon"].split()[0]) / 1024

done, seen = threading.Event(), []
def watch():
    while not done.wait(0.02):
        seen.append(anonymous())
watcher = threading.Thread(target=watch)
watcher.start()
prepared(Path(sys.argv[1]), None, SERIES, source__format="parquet",
         source__files={"all": "rows.parquet"})
done.set()
watcher.join()
print(max(seen))
"""


def test_memory_stays_flat_as_rows_grow(tmp_path: Path) -> None:
    """Five times the rows, of 2 kB each, cost less than half their size in memory."""
    peaks = []
    for count in (10_000, 50_000):
        folder = tmp_path / str(count)
        folder.mkdir()
        values = np.random.default_rng(0).normal(size=count * 64 * 8).astype(np.float32)
        steps = pa.FixedSizeListArray.from_arrays(values, 8).cast(pa.list_(pa.float32()))
        series = pa.ListArray.from_arrays(np.arange(0, count * 64 + 1, 64, np.int32), steps)
        table = pa.table({"series": series, "label": [str(i % 2) for i in range(count)]})
        pq.write_table(table, folder / "rows.parquet", row_group_size=1000)
        peaks.append(float(python(PEAK_MEMORY, str(folder))))
    grown = 40_000 * 64 * 8 * 4 / 2**20
    assert peaks[1] - peaks[0] < grown / 2, f"{peaks} MiB"


def test_the_committed_data_are_the_published_split() -> None:
    root = Path(__file__).parents[2]
    report = json.loads((root / "reports" / "data.json").read_text())
    rows = report["rows"]
    assert (rows["train"] + rows["validation"], rows["test"]) == (270, 370)
