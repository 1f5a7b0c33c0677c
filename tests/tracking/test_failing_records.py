"""A server that answers, but fails at one record: no other run waits for it, nor for ever."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tracked import curve, runs_of
from unsteady import UnsteadyClient, make_unsteady

from conveyor.paths import Paths
from conveyor.tracking import leftovers, records, sender
from conveyor.tracking.journal import RunJournal
from conveyor.tracking.leftovers import STARTS, list_journals
from conveyor.tracking.open_run import OpenRun
from conveyor.tracking.store import connect

Start = Callable[..., list[str]]


@pytest.fixture
def paths(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
        monkeypatch.delenv(name, raising=False)
    shutil.copy(empty_store, tmp_path)
    return Paths(tmp_path)


@pytest.fixture
def start(paths: Paths) -> Start:
    """Settles three journals of a dead process, as each start of a command does.

    The runs `first` and its child have to be created, `other` exists.
    """
    tracking, client = make_unsteady(connect("toys", paths))
    runs, experiment = paths.scratch / "runs", tracking.experiment_id
    other = client.create_run(experiment, tags={}, run_name="other").info.run_id
    first = ""
    for name, run_id in (("first", None), ("child", None), ("other", other)):
        parent = first if name == "child" else None
        journal = RunJournal.create(
            runs, records.opening(experiment, tracking.store, name, {"a": "1"}, parent), run_id
        )
        first = first or journal.folder.name
        for record in (
            records.values(metrics={"loss": 2.0}, step=7),
            *[records.text_file("why", "why.txt")] * (name == "first"),
            records.end("FINISHED"),
        ):
            journal.add(record)
        journal._lock.release()

    def settle(*broken: str, is_down: bool = False, error: str = "INTERNAL_ERROR") -> list[str]:
        client.breaks, client.is_down, client.error = set(broken), is_down, error
        return leftovers.settle(client, runs, tracking.store)  # type: ignore[arg-type]

    return settle


def statuses(paths: Paths) -> dict[str, str]:
    return {run.info.run_name or "": run.info.status for run in runs_of(paths)}


def waiting(paths: Paths) -> list[Path]:
    return list_journals(paths.scratch / "runs")


def test_a_failing_record_alone_is_given_up(paths: Paths, start: Start) -> None:
    for _ in range(STARTS - 1):
        line = start("log_text")[0]
        assert line.startswith("MLflow does not take a record of the run 'first', which waits in ")
        assert "failed with error code 500" in line
        assert statuses(paths) == {"first": "RUNNING", "child": "FINISHED", "other": "FINISHED"}
    (line,) = start("log_text")
    assert f"has failed in {STARTS} starts at a record of the run 'first', which is given" in line
    assert statuses(paths)["first"] == "FINISHED"
    (run,) = runs_of(paths, "tags.`mlflow.runName` = 'first'")
    assert curve(paths, run.info.run_id, "loss") == [(7, 2.0)]
    (copy,) = (paths.scratch / "given_up").iterdir()
    assert str(copy) in line
    kept = [json.loads(text) for text in (copy / "records.jsonl").read_text().splitlines()]
    assert [record["text"] for record in kept if record["kind"] == "text"] == ["why"]
    assert waiting(paths) == []
    assert start() == []


def test_a_run_that_cannot_be_created_keeps_its_children_waiting_and_no_other_run(
    paths: Paths, start: Start
) -> None:
    for _ in range(STARTS - 1):
        start("create_run")
        assert statuses(paths) == {"other": "FINISHED"}
    lines = start("create_run")
    assert [f"{STARTS} starts" in line for line in lines] == [True, False]
    start()
    assert statuses(paths) == {"child": "FINISHED", "other": "FINISHED"}
    assert len(list((paths.scratch / "given_up").iterdir())) == 1


@pytest.mark.parametrize("error", ["TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED"])
def test_a_record_for_which_the_server_asks_to_wait_is_never_given_up(
    paths: Paths, start: Start, error: str
) -> None:
    for _ in range(STARTS + 2):
        start("log_text", error=error)
    assert statuses(paths)["other"] == "FINISHED"
    assert len(waiting(paths)) == 1
    assert start() == ["sent 3 records of the run 'first' to MLflow"]
    assert set(statuses(paths).values()) == {"FINISHED"}


def test_starts_in_which_the_server_is_down_do_not_count(paths: Paths, start: Start) -> None:
    for _ in range(STARTS - 1):
        start("log_text")
    for _ in range(3):
        (line,) = start(is_down=True)
        assert line.startswith(f"MLflow does not take the records in {paths.scratch / 'runs'}: ")
    assert start() == ["sent 3 records of the run 'first' to MLflow"]
    assert set(statuses(paths).values()) == {"FINISHED"}


def test_records_that_no_file_takes_now_are_not_given_up(paths: Paths, start: Start) -> None:
    """A full disk takes none, and may still be read."""
    client = UnsteadyClient(connect("toys", paths).client)
    client.tracking_uri, client.breaks = "sqlite:///x", {"log_batch", "create_run"}
    runs, store = paths.scratch / "runs", connect("toys", paths).store
    for _ in range(STARTS + 1):
        lines = leftovers.settle(client, runs, store)  # type: ignore[arg-type]
        assert len(lines) == 1
    assert len(waiting(paths)) == 3


def test_a_process_whose_first_run_has_a_failing_record_sends_the_others(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread sends to a file; it must not try the first run again and again."""
    monkeypatch.setattr(sender, "WAITS", (0.02,))
    tracking, client = make_unsteady(connect("toys", paths))
    tracking.sender.place = "sqlite:///x"
    client.breaks = {"log_text"}
    with pytest.raises(RuntimeError), OpenRun.begin(tracking, "first", {}, {}).ending():
        raise RuntimeError("whose text is the record")
    with OpenRun.begin(tracking, "other", {}, {}).ending() as other:
        other.log_metrics({"loss": 2.0}, step=7)
    for _ in range(3):
        tracking.sender.drain()
    assert statuses(paths) == {"first": "RUNNING", "other": "FINISHED"}
    client.breaks = set()
    tracking.sender.drain()
    assert statuses(paths)["first"] == "FAILED"
