"""A real MLflow server that is killed while a sweep or a training runs, and started again."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mlflow_server import MlflowServer
from tracked import PROCESS, curve, family, runs_of, start_sweep, table

from conveyor.paths import Paths
from conveyor.tracking.leftovers import list_journals


@pytest.fixture
def paths(tmp_path: Path, empty_store: Path) -> Paths:
    shutil.copy(empty_store, tmp_path)
    return Paths(tmp_path)


@pytest.fixture
def server(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> Iterator[MlflowServer]:
    """A server of the project's own file, at which the test looks directly."""
    started = MlflowServer(paths.root)
    started.start()
    yield started
    started.kill()


def wait_until(condition: Callable[[], object], process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, "it ended too early"
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.05)


def test_a_sweep_goes_on_without_its_server_and_nothing_is_lost_or_twice(
    paths: Paths, server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials, runs = 12, paths.scratch / "runs"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
    driver = start_sweep(paths, "gated", trials)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    (paths.root / "go-0").touch()
    ended = "tags.stage = 'trial' and attributes.status = 'FINISHED'"
    wait_until(lambda: len(runs_of(paths, ended)) == 4, driver)
    server.kill()
    (paths.root / "go-1").touch()
    wait_until(lambda: any("trial-008" in text for text in texts(runs)), driver)
    assert len(runs_of(paths, ended)) == 4
    server.start()
    (paths.root / "go-2").touch()
    assert driver.wait() == 0
    parent, children = family(paths)
    assert [parent.info.status, *{run.info.status for run in children}] == ["FINISHED"] * 2
    assert [int(run.data.tags["trial"]) for run in children] == list(range(trials))
    for run, row in zip(children, table(paths.sweep / "trials.csv"), strict=True):
        assert run.data.metrics["objective"] == pytest.approx(float(row["objective"]))
        steps = [step for step, _ in curve(paths, run.info.run_id, "val_loss")]
        assert steps == sorted(set(steps)) == list(range(1, len(steps) + 1))
        assert steps
    assert list_journals(runs) == []


def texts(runs: Path) -> list[str]:
    """The records that wait."""
    return [path.read_text() for path in runs.glob("*/records.jsonl")]


@pytest.mark.slow
def test_a_training_goes_on_without_its_server_and_the_next_command_sends_the_rest(
    paths: Paths, server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 60
    environment = {**os.environ, "MLFLOW_TRACKING_URI": server.address}
    command = [sys.executable, str(PROCESS), str(paths.root), "train", str(steps)]
    training = subprocess.Popen(command, env=environment)
    wait_until(lambda: any(run.data.metrics for run in runs_of(paths)), training)
    server.kill()
    assert training.wait() == 0
    (run,) = runs_of(paths)
    assert run.info.status == "RUNNING"
    assert len(curve(paths, run.info.run_id, "loss")) < steps
    server.start()
    command = [sys.executable, "-m", "pipeline.recover"]
    done = subprocess.run(command, cwd=paths.root, env=environment, capture_output=True, text=True,
                          check=True)  # fmt: skip
    assert "records of the run 'train' to MLflow" in done.stderr
    (run,) = runs_of(paths)
    assert run.info.status == "FINISHED"
    assert [step for step, _ in curve(paths, run.info.run_id, "loss")] == list(range(steps))
    assert list_journals(paths.scratch / "runs") == []
