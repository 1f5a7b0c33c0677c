"""What is written, and that it is the same in every process."""

import json
import signal
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making import (
    SERIES,
    TEXT,
    machines,
    mails,
    prepared,
    python,
    write,
)

from conveyor.data.encode import percentile
from conveyor.data.store import Prepared, StoreError
from conveyor.stored import FormatError


def test_the_store_gives_back_raw_and_encoded_rows(tmp_path: Path) -> None:
    store, _ = prepared(tmp_path, machines(), SERIES)
    test = store.split("test")
    for i, name in enumerate(test.ids):
        source = np.float32(machines()[int(name[-6:])]["series"])
        np.testing.assert_array_equal(test.rows[i], source)
        assert len(test.sequences[i]) == len(source)
        assert store.meta.target.classes[test.targets[i]] == machines()[int(name[-6:])]["label"]
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


def test_threads_and_memory_change_nothing(tmp_path: Path) -> None:
    """One in three texts is in the data twice or more, and some with two classes."""
    draw = np.random.default_rng(0)
    rows = [
        {"text": f"{'win' if i % 2 else 'see'} {draw.integers(0, 60_000)}", "label": "ab"[i % 2]}
        for i in range(60_000)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet", 5000)
    results = []
    for threads, memory in ((1, "1GB"), (4, "1GB"), (1, "32MB"), (4, "32MB")):
        store, report = prepared(
            tmp_path, None, TEXT, source__format="parquet", source__files={"all": "rows.parquet"},
            engine={"threads": threads, "memory": memory},
        )  # fmt: skip
        assert report["removed_between_splits"]["train_in_test"]["removed"] > 1000
        assert report["conflicting_targets"]["rows"] == 0
        results.append((store.meta.digest, report))
    assert results == results[:1] * len(results)


KILLED = """
import os, signal, sys
from pathlib import Path
from making import TEXT, prepared
from conveyor.data import prepare as stage

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(stage, sys.argv[2], kill)
prepared(Path(sys.argv[1]), None, TEXT)
"""


@pytest.mark.parametrize("step", ["assign", "describe_rows", "write_rows"])
def test_a_killed_run_leaves_no_rows_behind(tmp_path: Path, step: str) -> None:
    write(tmp_path, mails())
    with pytest.raises(subprocess.CalledProcessError) as error:
        python(KILLED, str(tmp_path), step)
    assert error.value.returncode == -signal.SIGKILL
    left = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert [path for path in left if path.stat().st_size] == []
    prepared(tmp_path, None, TEXT)
    assert not any(path.exists() for path in left), "the next run removes its lock"


def test_a_store_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="dvc repro prepare"):
        Prepared(tmp_path)
    store, _ = prepared(tmp_path, mails(), TEXT)
    with pytest.raises(StoreError, match="expected a split 'dev'"):
        store.split("dev")


def test_the_committed_data_are_the_published_split() -> None:
    root = Path(__file__).parents[2]
    report = json.loads((root / "reports" / "data.json").read_text())
    rows = report["rows"]
    assert (rows["train"] + rows["validation"], rows["test"]) == (270, 370)


def test_the_report_has_percentiles_of_the_encoded_lengths(tmp_path: Path) -> None:
    store, report = prepared(tmp_path, machines(), SERIES)
    for split, lengths in report["lengths"].items():
        percentiles = np.percentile(store.split(split).sequences.lengths, [0, 50, 95, 100])
        assert list(lengths.values()) == percentiles.tolist()


def test_a_batch_in_the_store_is_written_as_if_it_were_alone(tmp_path: Path) -> None:
    """500 rows each, and no byte of the others, whatever batches the source comes in."""
    for groups in (37, 5000):
        folder = tmp_path / str(groups)
        folder.mkdir()
        pq.write_table(pa.Table.from_pylist(mails(3000)), folder / "rows.parquet", groups)
        store, _ = prepared(folder, None, TEXT, source__format="parquet",
                            source__files={"all": "rows.parquet"})  # fmt: skip
        split, names = store.split("train"), store.meta.target.classes
        rows = [
            {"id": split.ids[i], "row": split.rows[i], "label": names[split.targets[i]]}
            for i in range(len(split.ids))
        ]
        written = store.folder / "train" / "rows.arrow"
        with pa.ipc.open_file(str(written)) as file:
            schema = file.schema
        with pa.ipc.new_file(str(tmp_path / "alone.arrow"), schema) as alone:
            for start in range(0, len(rows), 500):
                some = rows[start : start + 500]
                alone.write_batch(pa.RecordBatch.from_pylist(some, schema=schema))
        assert written.read_bytes() == (tmp_path / "alone.arrow").read_bytes()


@pytest.mark.parametrize("q", [0, 50, 95, 100])
def test_percentiles_from_counts_are_numpys_to_the_last_bit(q: int) -> None:
    draw = np.random.default_rng(q)
    for rows in (1, 2, 3, 20, 1001):
        lengths = draw.integers(0, 40, rows)
        assert percentile(np.bincount(lengths), q) == np.percentile(lengths, q)
