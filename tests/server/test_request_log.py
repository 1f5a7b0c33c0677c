"""A sample of the answers: bounded, without raw rows unless asked for."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from server_process import serving

from conveyor.paths import Paths
from conveyor.server.live_model import LiveModel
from conveyor.server.request_log import RequestLog
from conveyor.server.shadow import AnsweredRequest
from conveyor.serving import LoadedModel

TEXTS = ["good morning", "nobody knows"]


def read_log(folder: Path) -> pa.Table:
    """All records of a folder, oldest file first."""
    paths = sorted(folder.glob("*.parquet"))
    return pa.concat_tables(pq.read_table(path) for path in paths)


def test_what_was_answered_is_read_back_after_the_server_stopped(
    project: Paths, tmp_path: Path
) -> None:
    options = ("--name", "words", "--log-share", "1", "--log-folder", str(tmp_path / "notes"))
    with serving(project, tmp_path / "log", *options) as server:
        records = server.ask("/invocations", {"inputs": TEXTS})[1]["predictions"]
    table = read_log(tmp_path / "notes")
    columns = table.to_pydict()
    assert columns["label"] == [record["label"] for record in records]
    assert columns["probability"] == [record["probability"] for record in records]
    assert (columns["length"], columns["unknown"]) == ([2, 2], [0, 2])
    assert (columns["version"], columns["text"]) == (["1", "1"], [None, None])
    assert all("good" not in str(path.read_bytes()) for path in (tmp_path / "notes").iterdir())


@pytest.fixture
def served(project: Paths) -> LiveModel:
    return LiveModel("toys", "2", LoadedModel.load(project.root / "model-2"))


def test_files_are_small_few_and_the_newest(served: LiveModel, tmp_path: Path) -> None:
    notes = RequestLog(tmp_path, 1.0, rows_per_file=2, max_files=3, raw_rows=True)
    rows = [[[float(i), 0.0]] for i in range(11)]
    for row in rows:
        notes.add(AnsweredRequest(served, [row], served.model.predict([row]), 0.1))
    notes.flush()
    assert len(list(tmp_path.iterdir())) == 3
    assert read_log(tmp_path)["series"].to_pylist() == rows[6:]


def test_the_share_of_requests_is_what_was_asked_for(served: LiveModel, tmp_path: Path) -> None:
    notes = RequestLog(tmp_path, 0.25)
    answers = served.model.predict([[[1.0, 2.0]]])
    for _ in range(400):
        notes.add(AnsweredRequest(served, [[[1.0, 2.0]]], answers, 0.1))
    notes.flush()
    assert 60 <= len(read_log(tmp_path)) <= 140
