"""Every row of a file has its answer, in its place, in flat memory; or nothing is written."""

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
from pyarrow import csv

from conveyor import files
from conveyor.batch.predict import WINDOW, predict_file
from conveyor.errors import InputError
from conveyor.serving import LoadedModel

KINDS = (".csv", ".jsonl", ".parquet")


@pytest.fixture(scope="module")
def series(toy_product: Path) -> LoadedModel:
    return LoadedModel.load(toy_product)


def rows(count: int) -> list[list[list[float]]]:
    draw = np.random.default_rng(1)
    return [draw.normal(size=(draw.integers(1, 9), 2)).tolist() for _ in range(count)]


def write(path: Path, values: list[Any], column: str = "series") -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.table({"id": list(range(len(values))), column: values}), path)
    else:
        path.write_text("".join(json.dumps({"id": 1, column: v}) + "\n" for v in values))
    return path


def read(path: Path) -> dict[str, list[Any]]:
    """Columns, with `probabilities` flat."""
    if path.suffix == ".csv":
        return csv.read_csv(path).to_pydict()
    if path.suffix == ".parquet":
        return pq.read_table(path).flatten().to_pydict()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return pa.Table.from_pylist(lines).flatten().to_pydict()


@pytest.mark.parametrize("out", KINDS)
@pytest.mark.parametrize("kind", [".jsonl", ".parquet"])
def test_each_row_has_the_answer_that_it_gets_alone_in_its_place(
    series: LoadedModel, tmp_path: Path, kind: str, out: str
) -> None:
    values = rows(WINDOW + 50)  # more than one window
    source, target = write(tmp_path / f"in{kind}", values), tmp_path / f"out{out}"
    counts = predict_file(series, source, target, column=None, skip_bad=False)
    assert (counts.rows, counts.bad) == (len(values), 0)
    answers = read(target)
    assert answers["row"] == list(range(len(values)))
    checked = [0, 7, WINDOW - 1, WINDOW, WINDOW + 49]
    alone = [series.predict([values[row]]).records()[0] for row in checked]
    assert [answers["label"][row] for row in checked] == [record["label"] for record in alone]
    for column, key in (("probabilities.up", "up"), ("probabilities.down", "down")):
        expected = [record["probabilities"][key] for record in alone]
        np.testing.assert_allclose([answers[column][row] for row in checked], expected, atol=1e-6)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("kind", [".jsonl", ".parquet"])
def test_a_bad_row_is_named_by_its_place_in_the_file_and_nothing_is_written(
    series: LoadedModel, tmp_path: Path, kind: str
) -> None:
    values = rows(WINDOW + 5)
    values[WINDOW + 2] = [[1.0, 2.0, 3.0]]
    source, target = write(tmp_path / f"in{kind}", values), tmp_path / "out.csv"
    target.write_text("before")
    with pytest.raises(InputError, match=rf"row {WINDOW + 3}: .*got an array of shape \(1, 3\)"):
        predict_file(series, source, target, column=None, skip_bad=False)
    assert target.read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("out", KINDS)
def test_bad_rows_are_null_and_counted_when_they_may_be(
    series: LoadedModel, tmp_path: Path, out: str
) -> None:
    good = rows(3)
    source = tmp_path / "in.jsonl"
    lines = [{"series": good[0]}, {"series": "x"}, {"series": good[1]}, {"other": 1}]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    source.write_text(text + "{broken\n" + json.dumps({"series": good[2]}) + "\n")
    target = tmp_path / f"out{out}"
    counts = predict_file(series, source, target, column=None, skip_bad=True)
    assert (counts.rows, counts.bad) == (6, 3)
    labels = [record["label"] for record in series.predict(good).records()]
    answers = read(target)
    assert [label or None for label in answers["label"]] == [
        labels[0], None, labels[1], None, None, labels[2]
    ]  # fmt: skip
    assert [value is None for value in answers["probabilities.up"]] == [
        False, True, False, True, True, False
    ]  # fmt: skip


@pytest.fixture
def texts(word_product: Path) -> LoadedModel:
    return LoadedModel.load(word_product)


def test_csv_keeps_line_breaks_and_fills_short_rows_and_names_blank_texts(
    texts: LoadedModel, tmp_path: Path
) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.jsonl"
    source.write_text('\ufeffmessage,id\n"bad\nmorning, ""good""",1\n,2\nshort\nevening,3\n')
    with pytest.raises(InputError, match=r"row 2: expected a text; got '', which is blank"):
        predict_file(texts, source, target, column="message", skip_bad=False)
    counts = predict_file(texts, source, target, column="message", skip_bad=True)
    assert (counts.rows, counts.bad) == (4, 1)
    answered = ['bad\nmorning, "good"', "short", "evening"]
    expected = texts.predict(answered).outputs.max(axis=1).tolist()
    best = [json.loads(line)["probability"] for line in target.read_text().splitlines()]
    assert best[1] is None
    np.testing.assert_allclose([best[0], *best[2:]], expected, atol=1e-6)


@pytest.mark.parametrize("cell", [{"body": "good"}, ["good"], b"good"])
def test_what_is_no_text_is_no_row(texts: LoadedModel, tmp_path: Path, cell: Any) -> None:
    source, target = tmp_path / "in.parquet", tmp_path / "out.jsonl"
    pq.write_table(pa.table({"message": [cell]}), source)
    kind = type(cell).__name__
    with pytest.raises(InputError, match=rf"row 1: expected a text; got a value of type {kind}"):
        predict_file(texts, source, target, column="message", skip_bad=False)


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("in.jsonl", "out.txt", r"out.txt: expected .* .csv, .jsonl or .parquet; got .txt"),
        ("in.txt", "out.csv", "in.txt: expected .*; got .txt"),
        ("no.csv", "out.csv", "no.csv: file not found"),
        ("in.jsonl", "in.jsonl", "expected another file than the input"),
        ("other.jsonl", "out.csv", "columns: expected 'series'; got id, sensor. Name"),
        ("other.parquet", "out.csv", "columns: expected 'series'; got id, sensor. Name"),
        ("broken.parquet", "out.csv", "expected parquet; got ArrowInvalid: "),
    ],
)
def test_an_unusable_file_is_refused_with_what_is_needed(
    series: LoadedModel, tmp_path: Path, source: str, target: str, message: str
) -> None:
    write(tmp_path / "in.jsonl", rows(2))
    for kind in (".jsonl", ".parquet"):
        write(tmp_path / f"other{kind}", rows(2), "sensor")
    (tmp_path / "broken.parquet").write_text("no")
    with pytest.raises(InputError, match=message):
        predict_file(series, tmp_path / source, tmp_path / target, column=None, skip_bad=False)
    assert not (tmp_path / "out.csv").exists()


def peak_mib(model: Path, source: Path, target: Path) -> float:
    """Peak memory of the command in a process of its own."""
    code = """
import resource, sys
from pathlib import Path
from conveyor.batch.predict import predict_file
from conveyor.serving import LoadedModel
model, source, target = map(Path, sys.argv[1:])
predict_file(LoadedModel.load(model), source, target, column=None, skip_bad=False)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
    command = [sys.executable, "-c", code, str(model), str(source), str(target)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.parametrize("kind", [".jsonl", ".parquet"])
def test_memory_stays_flat_when_the_file_grows(
    toy_product: Path, tmp_path: Path, kind: str
) -> None:
    few = rows(2 * WINDOW)
    small = write(tmp_path / f"small{kind}", few)
    large = write(tmp_path / f"large{kind}", few * 10)
    peaks = [peak_mib(toy_product, source, tmp_path / f"out{kind}") for source in (small, large)]
    assert peaks[1] <= 1.3 * peaks[0], peaks


def test_the_command_says_what_it_did(toy_product: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [*rows(3), "x"])
    command = [sys.executable, "-m", "pipeline.predict", str(source), str(tmp_path / "out.csv"),
               "--model", str(toy_product)]  # fmt: skip
    refused = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"predict: {source}, row 4: expected a list of steps")
    done = subprocess.run(
        [*command, "--skip-bad"], capture_output=True, text=True, env=os.environ, check=True
    )
    assert ": 4 rows written" in done.stdout
    assert "1 rows could not be read" in done.stdout
    assert files.read_json(toy_product / "card.json")["kind"] == "series"
