"""Whatever MLflow does not take now waits on disk, and arrives later, once."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
from tracked import PROCESS, artifact, curve, runs_of
from unsteady import UnsteadyClient, make_unsteady

from conveyor import files
from conveyor.errors import ExitCode
from conveyor.paths import Paths
from conveyor.recovery.recover import recover
from conveyor.tracking import provenance, sender
from conveyor.tracking.leftovers import list_journals
from conveyor.tracking.open_run import OpenRun
from conveyor.tracking.runs import close_dead_runs
from conveyor.tracking.store import StoreUnavailable, Tracking, connect


@pytest.fixture
def paths(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sender, "WAITS", (0.02,))
    shutil.copy(empty_store, tmp_path)
    return Paths(tmp_path)


@pytest.fixture
def unsteady(paths: Paths) -> tuple[Tracking, UnsteadyClient]:
    return make_unsteady(connect("toys", paths))


def journals(paths: Paths) -> list[Path]:
    return list_journals(paths.scratch / "runs")


def test_what_a_store_that_is_down_missed_arrives_once_and_whole(
    paths: Paths, unsteady: tuple[Tracking, UnsteadyClient], caplog: pytest.LogCaptureFixture
) -> None:
    tracking, client = unsteady
    with OpenRun.begin(tracking, "train", {"stage": "train"}, {"a": 1}).ending() as run:
        run.log_metrics({"loss": 3.0}, step=1)
        tracking.sender.drain()
        client.is_down = True
        for step in range(2, 300):
            run.log_metrics({"loss": 1.0 / step, "rate": float(step)}, step=step)
        files.write_text(paths.root / "model" / "deep" / "a.txt", "first")
        run.log_folder(paths.root / "model", "model")
        files.write_text(paths.root / "model" / "deep" / "a.txt", "of a later training")
        tracking.sender.drain()
        assert [step for step, _ in curve(paths, run.id, "loss")] == [1]
        client.is_down = False
        client.loses |= {"log_batch", "set_terminated"}
    for _ in range(2):  # one for each lost answer
        tracking.sender.drain()
    (stored,) = runs_of(paths)
    assert stored.info.status == "FINISHED"
    assert [step for step, _ in curve(paths, run.id, "loss")] == list(range(1, 300))
    assert (artifact(paths, run.id, "model") / "deep" / "a.txt").read_text() == "first"
    assert journals(paths) == []
    assert len([r for r in caplog.records if "takes no records now" in r.message]) <= 5
    assert "hunter2" not in caplog.text
    assert "me:***@store" in caplog.text


def test_a_run_whose_creation_lost_its_answer_is_not_created_again(
    paths: Paths, unsteady: tuple[Tracking, UnsteadyClient]
) -> None:
    tracking, client = unsteady
    client.loses.add("create_run")
    with OpenRun.begin(tracking, "sweep", {}, {}).ending() as parent:
        with OpenRun.begin(tracking, "trial", {}, {}, parent).ending():
            pass
    tracking.sender.drain()
    trial, sweep = sorted(runs_of(paths), key=lambda run: run.info.run_name, reverse=True)
    assert client.calls["create_run"] == 2
    assert trial.data.tags["mlflow.parentRunId"] == sweep.info.run_id == parent.id
    assert {run.info.status for run in (trial, sweep)} == {"FINISHED"}


def test_a_refused_record_does_not_hold_up_the_others(
    paths: Paths, unsteady: tuple[Tracking, UnsteadyClient], caplog: pytest.LogCaptureFixture
) -> None:
    tracking, client = unsteady
    client.refuses.add("log_text")
    with pytest.raises(RuntimeError), OpenRun.begin(tracking, "train", {}, {}).ending():
        raise RuntimeError("no luck")
    (run,) = runs_of(paths)
    assert (run.info.status, run.data.tags["error"]) == ("FAILED", "RuntimeError: no luck")
    assert "refuses a record of a run: MlflowException: not allowed" in caplog.text
    client.refuses.add("create_run")
    refused = OpenRun.begin(tracking, "train", {}, {})
    with pytest.raises(StoreUnavailable), refused.ending():
        assert refused.id
    assert len(runs_of(paths)) == 1
    assert journals(paths) == []


def test_a_disk_that_takes_no_mark_of_what_was_sent_holds_up_nothing(
    paths: Paths, unsteady: tuple[Tracking, UnsteadyClient]
) -> None:
    tracking, client = unsteady
    client.refuses.add("log_text")
    run = OpenRun.begin(tracking, "train", {}, {})
    run.wait_until_created()
    (journal,) = journals(paths)
    (journal / "sent").unlink(missing_ok=True)
    (journal / "sent").mkdir()  # no file can be written there
    run.log_error(RuntimeError("no luck"))
    run.end("FAILED")
    waiting = Thread(target=tracking.sender.drain, daemon=True)
    waiting.start()
    waiting.join(30)
    assert not waiting.is_alive()
    assert [entity.info.status for entity in runs_of(paths)] == ["FAILED"]
    assert journals(paths) == []


OFFLINE = """
import os, signal, sys
from pathlib import Path
from unsteady import make_unsteady
from conveyor.paths import Paths
from conveyor.tracking.open_run import OpenRun
from conveyor.tracking.store import connect
tracking, client = make_unsteady(connect("toys", Paths(Path(sys.argv[1]))))
client.is_down = True
parent = OpenRun.begin(tracking, "sweep", {"stage": "sweep"}, {})
with OpenRun.begin(tracking, "trial", {"stage": "trial"}, {}, parent).ending() as run:
    run.log_metrics({"loss": 2.0}, step=7)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_could_not_send_the_next_command_sends(paths: Paths) -> None:
    connect("toys", paths)
    path = f"{Path(__file__).parent}:{os.environ['PYTHONPATH']}"
    command = [sys.executable, "-c", OFFLINE, str(paths.root)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=False,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == -9, done.stderr
    assert "Traceback" not in done.stderr
    assert runs_of(paths) == []
    with (journals(paths)[0] / "records.jsonl").open("a") as file:
        file.write('{"kind": "val')  # the process was killed while it wrote
    lines = recover(paths)
    assert sorted(lines) == [
        "ended the run 'sweep', which a killed process has left open, as FAILED",
        "sent 4 records of the run 'trial' to MLflow",
    ]
    sweep, trial = sorted(runs_of(paths), key=lambda run: run.info.run_name)
    assert (sweep.info.status, trial.info.status) == ("FAILED", "FINISHED")
    assert trial.data.tags["mlflow.parentRunId"] == sweep.info.run_id
    assert curve(paths, trial.info.run_id, "loss") == [(7, 2.0)]
    assert recover(paths) == []


def test_the_runs_of_a_living_process_and_of_another_store_are_left_alone(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracking = connect("toys", paths)
    living = OpenRun.begin(tracking, "retrain", {}, {})
    living.wait_until_created()
    subprocess.run([sys.executable, str(PROCESS), str(paths.root), "dying"], check=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{paths.root}/other.db")
    connect("toys", paths)
    assert recover(paths) == []
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    (line,) = recover(paths)
    name = r"retrain \d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    assert re.search(f"ended the run '{name}', which a killed process has left open", line)
    assert sorted(run.info.status for run in runs_of(paths)) == ["FAILED", "RUNNING"]
    living.end("FINISHED")
    tracking.sender.drain()


@pytest.mark.parametrize("is_gone", [False, True], ids=["in the trash", "for good"])
def test_an_open_run_that_a_person_deleted_stops_no_command(paths: Paths, is_gone: bool) -> None:
    subprocess.run([sys.executable, str(PROCESS), str(paths.root), "dying"], check=False)
    (run,), client = runs_of(paths), connect("toys", paths).client
    client.delete_run(run.info.run_id)
    if is_gone:  # as `mlflow gc` does
        client._tracking_client.store._hard_delete_run(run.info.run_id)
    assert recover(paths) == []
    assert journals(paths) == []


def test_of_a_journal_that_a_power_failure_damaged_the_whole_records_count(paths: Paths) -> None:
    subprocess.run([sys.executable, str(PROCESS), str(paths.root), "dying"], check=False)
    (journal,) = journals(paths)
    lines = (journal / "records.jsonl").read_bytes().splitlines(keepends=True)
    (journal / "records.jsonl").write_bytes(lines[0] + bytes(9) + b"\n" + lines[-1])
    (journal / "sent").write_text("7")
    (journal / "run_id").write_bytes(b"")
    (line,) = recover(paths)
    assert "ended the run" in line
    assert [run.info.status for run in runs_of(paths)] == ["FAILED"]
    assert journals(paths) == []


@pytest.mark.parametrize("tag", ["process.host", "process.boot"])
def test_a_run_of_another_machine_or_container_is_not_taken_for_dead(
    paths: Paths, tag: str
) -> None:
    """Its process id means nothing here, even if the machine has the same name."""
    tracking = connect("toys", paths)
    for name, other in (("here", {}), ("there", {tag: "another"})):
        tags = {**provenance.process_tags(), "process.began": "1.00", **other}
        tracking.client.create_run(tracking.experiment_id, run_name=name, tags=tags)
    close_dead_runs(tracking)
    statuses = {run.info.run_name: run.info.status for run in runs_of(paths)}
    assert statuses == {"here": "FAILED", "there": "RUNNING"}


@pytest.mark.parametrize(
    "address", ["http://me:hunter2@127.0.0.1:9", "postgresql://me:hunter2@127.0.0.1:9/x"]
)
def test_a_server_that_is_down_at_the_start_costs_no_retries(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with pytest.raises(StoreUnavailable, match=r"me:\*\*\*@127.0.0.1:9.* does not answer") as error:
        connect("toys", paths)
    assert error.value.exit_code == ExitCode.FAILED
    assert "hunter2" not in str(error.value)
