"""Every format gives the same rows; what cannot be read is told with a way out."""

import csv
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pytest
from making import SERIES, TEXT, content, machines, mails, prepared, write

from conveyor.config import ConfigError
from conveyor.errors import DataError

Rows = list[dict[str, Any]]


def as_delimited(delimiter: str) -> Callable[[Rows, Path], None]:
    def to(rows: Rows, path: Path) -> None:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)

    return to


def as_arrow(rows: Rows, path: Path) -> None:
    folder = path.with_suffix("")
    datasets.Dataset.from_list(rows).save_to_disk(str(folder))
    next(folder.glob("*.arrow")).rename(path)


WRITERS: dict[str, Callable[[Rows, Path], Any]] = {
    "csv": as_delimited(","),
    "tsv": as_delimited("\t"),
    "jsonl": lambda rows, path: write(path.parent, rows, path.name),
    "parquet": lambda rows, path: pd.DataFrame(rows).to_parquet(path),
    "arrow": as_arrow,
}


def tricky_mails() -> Rows:
    """Texts that careless readers change: quotes, separators, missing-value words, numbers."""
    rows = mails()
    for row, text in zip(rows, ["NA", "null", "007", "1.50", 'say "hi", now', "a\tb", "naïve Ω"],
                         strict=False):  # fmt: skip
        row["text"] = text
    return rows


@pytest.mark.parametrize("part", ["test", "validation"])
def test_a_part_without_a_target_is_refused(tmp_path: Path, part: str) -> None:
    write(tmp_path, mails(), "train.jsonl")
    write(tmp_path, [{"text": row["text"], "id": 1} for row in mails()], "other.jsonl")
    changes: dict[str, Any] = {
        "source__files": {part: "other.jsonl", "train": "train.jsonl"},
        f"split__{part}": {"by": "given"},
    }
    message = rf"other.jsonl: expected the target, 'label', .* set dataset.split.{part} to {{by: sh"
    with pytest.raises(DataError, match=message):
        prepared(tmp_path, None, TEXT, **changes)
    prepared(tmp_path, None, TEXT, source__files={"train": "train.jsonl"})  # as the message says


@pytest.mark.parametrize("form", WRITERS)
def test_texts_are_the_same_from_every_format(tmp_path: Path, form: str) -> None:
    rows = tricky_mails()
    WRITERS[form](rows, tmp_path / f"data.{form}")
    found, _ = prepared(
        tmp_path, None, TEXT, source__format=form, source__files={"all": f"data.{form}"}
    )
    texts = sorted(text for part in content(found).values() for _, text, _ in part)
    assert texts == sorted(row["text"] for row in rows)
    (tmp_path / "other").mkdir()
    expected, _ = prepared(tmp_path / "other", rows, TEXT)
    assert found.meta.digest == expected.meta.digest


def test_a_text_that_looks_like_a_time_stays_text(tmp_path: Path) -> None:
    rows = [{"text": f"2024-01-{1 + i % 28:02d}", "label": f"2024-0{1 + i % 2}-01"}
            for i in range(20)]  # fmt: skip
    store, _ = prepared(tmp_path, rows, TEXT)
    assert store.meta.target.classes == ["2024-01-01", "2024-02-01"]
    texts = {text for part in content(store).values() for _, text, _ in part}
    assert texts == {row["text"] for row in rows}


@pytest.mark.parametrize("line_end", [" ", "\n"])
def test_a_long_row_of_a_csv_file_takes_no_row_with_it(tmp_path: Path, line_end: str) -> None:
    rows = [{**row, "text": row["text"] + " again" * 100} for row in mails(2000)]
    rows[1500]["text"] = f"word{line_end}" * 300_000  # 1.5 MB, of which a block is a third
    as_delimited(",")(rows, tmp_path / "data.csv")
    found, report = prepared(
        tmp_path, None, TEXT, source__format="csv", source__files={"all": "data.csv"}
    )
    assert report["rows"]["read"] == 2000
    (tmp_path / "other").mkdir()
    expected, _ = prepared(tmp_path / "other", rows, TEXT)
    assert found.meta.digest == expected.meta.digest


@pytest.mark.parametrize("form", ["jsonl", "parquet", "arrow"])
def test_nested_series_are_the_same_from_every_format(tmp_path: Path, form: str) -> None:
    WRITERS[form](machines(), tmp_path / f"data.{form}")
    found, _ = prepared(
        tmp_path, None, SERIES, source__format=form, source__files={"all": f"data.{form}"}
    )
    (tmp_path / "other").mkdir()
    expected, _ = prepared(tmp_path / "other", machines(), SERIES)
    assert found.meta.digest == expected.meta.digest


def test_channels_first_is_turned(tmp_path: Path) -> None:
    turned = [{**row, "series": np.array(row["series"]).T.tolist()} for row in machines()]
    found, _ = prepared(tmp_path, turned, SERIES, columns__layout="channels_first")
    (tmp_path / "other").mkdir()
    expected, _ = prepared(tmp_path / "other", machines(), SERIES)
    assert found.meta.digest == expected.meta.digest


def test_long_format_gathers_the_steps_of_each_id_in_order(tmp_path: Path) -> None:
    steps = [
        {"machine": f"m{i:02d}", "time": t, "x": x, "y": y, "label": row["label"]}
        for i, row in enumerate(machines()) for t, (x, y) in enumerate(row["series"])
    ]  # fmt: skip
    shuffled = [steps[i] for i in np.random.default_rng(1).permutation(len(steps))]
    as_delimited(",")(shuffled, tmp_path / "steps.csv")
    found, _ = prepared(
        tmp_path, None, SERIES, source__format="csv", source__files={"all": "steps.csv"},
        columns={"series": None, "layout": "steps_first", "wide": None, "id": "machine",
                 "long": {"id": "machine", "order": "time", "channels": ["x", "y"]}},
    )  # fmt: skip
    series = {
        name: row.tolist()
        for part in (found.split(s) for s in ("train", "validation", "test"))
        for name, row in zip(part.ids, part.rows, strict=True)
    }
    assert len(series) == 40
    for i, row in enumerate(machines()):
        np.testing.assert_array_equal(series[f"m{i:02d}"], np.float32(row["series"]))


def test_a_label_that_changes_within_a_long_series_is_refused(tmp_path: Path) -> None:
    rows = [{"who": "a", "t": t, "x": 1.0, "label": str(t)} for t in range(2)]
    long = {"id": "who", "order": "t", "channels": ["x"]}
    columns = {"series": None, "layout": "steps_first", "wide": None, "id": None, "long": long}
    with pytest.raises(
        DataError,
        match="series 'a': column 'label': expected the same value in each row; got 2 values",
    ):
        prepared(tmp_path, rows, SERIES, columns=columns)


def test_a_channel_of_words_is_refused(tmp_path: Path) -> None:
    rows = [{"who": "a", "t": t, "x": "warm", "label": "b"} for t in range(2)]
    long = {"id": "who", "order": "t", "channels": ["x"]}
    columns = {"series": None, "layout": "steps_first", "wide": None, "id": None, "long": long}
    with pytest.raises(DataError, match=r"rows.jsonl, row 1: column 'x': .* got 'warm'"):
        prepared(tmp_path, rows, SERIES, columns=columns)


def test_a_format_without_a_reader_is_refused_with_the_formats(tmp_path: Path) -> None:
    message = r"dataset.source.format: expected one of csv, .*, hub; got 'xml'"
    with pytest.raises(ConfigError, match=message):
        prepared(tmp_path, mails(), TEXT, source__format="xml")


def test_a_missing_file_is_told_with_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "mail.jsonl").touch()
    with pytest.raises(DataError, match=r"rows.jsonl: expected a file; got mail.jsonl in "):
        prepared(tmp_path, None, TEXT)


def test_a_missing_column_is_reported_with_the_nearest(tmp_path: Path) -> None:
    message = r"rows.jsonl: expected a column 'texts'; got columns .*Did you mean 'text'"
    with pytest.raises(DataError, match=message):
        prepared(tmp_path, mails(), TEXT, columns__text="texts")


@pytest.mark.parametrize(
    ("form", "content"),
    [("jsonl", b"{'text': 1"), ("parquet", b"PAR?"), ("arrow", b"no"), ("csv", b"")],
)
def test_nonsense_in_a_file_is_refused_by_name(tmp_path: Path, form: str, content: bytes) -> None:
    (tmp_path / f"bad.{form}").write_bytes(content)
    with pytest.raises(DataError, match=f"bad.{form}"):
        prepared(tmp_path, None, TEXT, source__format=form, source__files={"all": f"bad.{form}"})
    assert not (tmp_path / "prepared").exists()


def test_a_hub_without_a_network_names_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)  # the hub's own library tries for 23 s
    with pytest.raises(DataError, match=r"nobody/nothing.*name local files"):
        prepared(tmp_path, None, TEXT, source__format="hub", source__hub="nobody/nothing",
                 source__revision="0" * 40, source__files={"train": "train"})  # fmt: skip


def test_an_edited_file_is_read_anew_even_with_its_old_time(tmp_path: Path) -> None:
    import os

    before, _ = prepared(tmp_path, mails(), TEXT)
    digest, path = before.meta.digest, tmp_path / "rows.jsonl"
    stamp = path.stat().st_mtime_ns
    path.write_text(path.read_text().replace("money", "honey"))
    os.utime(path, ns=(stamp, stamp))
    after, _ = prepared(tmp_path, None, TEXT)
    assert after.meta.digest != digest
