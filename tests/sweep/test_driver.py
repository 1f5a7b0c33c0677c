import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import sweeping
from sweeping import HERE, Listener, rows, search, settings

from conveyor import files
from conveyor.sweep import events
from conveyor.sweep.best import read_best
from conveyor.sweep.protocol import TrialId
from conveyor.sweep.report.outputs import write_nothing
from conveyor.sweep.storage import SweepError

FAST = {"name": "random"}


def states(folder: Path) -> list[str]:
    return [row["state"] for row in rows(folder)]


def test_every_kind_of_failure_costs_one_trial_and_is_told_apart(tmp_path: Path) -> None:
    config = settings(trials=6, max_failed_share=0.9, trial_time_limit=5.0, sampler=FAST)
    _, listener = search(tmp_path, config, "moody")

    assert states(tmp_path) == ["complete", *["failed"] * 5, *["complete"] * 5]
    reasons = [listener.outcomes[TrialId(number, 1)].reason for number in range(1, 6)]
    assert "Traceback" in reasons[0]
    assert "does not like its parameters" in reasons[0]
    assert "SIGKILL" in reasons[1]
    assert "val_loss is nan" in reasons[2]
    assert "trial_time_limit" in reasons[3]
    assert "exit code 7" in reasons[4]


def test_the_next_trial_starts_before_a_good_one_is_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed one it waits, since that may have been one too many."""
    begun: list[int] = []

    class Watching(Listener):
        def observe(self, event: events.Event) -> None:
            if isinstance(event, events.TrialFinished):
                begun.append(len(self.started))
            super().observe(event)

    monkeypatch.setattr(sweeping, "Listener", Watching)
    search(tmp_path / "good", settings(trials=3, sampler=FAST), "bowl")
    assert begun == [2, 3, 3]
    begun.clear()
    search(tmp_path / "bad", settings(trials=2, max_failed_share=0.9, sampler=FAST), "crashing")
    assert begun == [2, 2, 3]


def test_a_segmentation_fault_is_told_by_its_signal(tmp_path: Path) -> None:
    _, listener = search(tmp_path, settings(trials=2, sampler=FAST), "crashing")
    assert states(tmp_path) == ["complete", "failed", "complete"]
    assert "SIGSEGV" in listener.outcomes[TrialId(1, 1)].reason


def test_too_many_failures_end_the_sweep_and_the_next_start_is_a_new_one(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match="nothing works today"):
        search(tmp_path, settings(), "broken")
    assert not (tmp_path / "out").exists()

    _, listener = search(tmp_path, settings(), "bowl")
    assert not listener.ended_before
    assert states(tmp_path) == ["complete"] * 6


def test_the_pruner_stops_bad_trials_and_the_total_counts_them(tmp_path: Path) -> None:
    pruner = {"name": "median", "startup_trials": 1, "warmup_validations": 2}
    _, listener = search(tmp_path, settings(pruner=pruner), "rising")
    assert states(tmp_path) == ["complete", "pruned"] * 3
    validations = [validation for trial, _, validation in listener.validations if trial.number == 1]
    assert max(validations) == 2  # the warm-up


def test_best_is_the_best_complete_trial_and_train_reads_its_parameters(tmp_path: Path) -> None:
    best, listener = search(tmp_path, settings(), "bowl")
    lowest = min(rows(tmp_path), key=lambda row: float(row["objective"]))
    assert best["trial"] == int(lowest["trial"])
    assert read_best(tmp_path / "out") == best["params"] == dict(listener.started[best["trial"]])
    assert listener.end == (best, None)


def test_accuracy_is_sought_at_its_highest(tmp_path: Path) -> None:
    best, _ = search(tmp_path, settings(objectives=["val_accuracy"]), "bowl")
    highest = max(float(row["val_accuracy"]) for row in rows(tmp_path))
    assert best["objectives"]["val_accuracy"] == highest


def test_two_workers_run_two_trials_at_once_and_share_the_threads(tmp_path: Path) -> None:
    best, _ = search(tmp_path, settings(trials=2, workers=2), "overlapping")
    assert best["objectives"]["val_loss"] == 0.0
    assert best["metrics"]["threads"] == max(1, (os.cpu_count() or 1) // 2)


def test_no_trial_starts_after_the_time_limit(tmp_path: Path) -> None:
    search(tmp_path, settings(trials=1000, time_limit=1.0), "bowl")
    assert 1 <= len(rows(tmp_path)) < 100


def test_a_finished_sweep_started_again_searches_anew_to_the_same_bytes(tmp_path: Path) -> None:
    search(tmp_path, settings(), "bowl")
    first = files.digest_tree(tmp_path / "out")
    _, listener = search(tmp_path, settings(), "bowl")
    assert len(listener.started) == 6
    assert files.digest_tree(tmp_path / "out") == first


def test_a_sweep_that_is_switched_off_leaves_the_configuration_as_it_is(tmp_path: Path) -> None:
    write_nothing(tmp_path / "out", tmp_path / "pages", "nothing is searched")
    assert read_best(tmp_path / "out") == {}
    assert rows(tmp_path) == []


def running_sweep(folder: Path) -> tuple[subprocess.Popen[bytes], psutil.Process]:
    """A driver in a process of its own, and its one endless trial."""
    command = [sys.executable, HERE / "sweeping.py", folder, "slow", "lead", "{trials: 3}"]
    driver = subprocess.Popen(
        command, stderr=subprocess.PIPE,
        # A job in the background ignores SIGINT, and so do its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    while not (marks := list(folder.glob("pid-*"))):
        assert driver.poll() is None
        time.sleep(0.02)
    return driver, psutil.Process(int(marks[0].name.removeprefix("pid-")))


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_trials_end_with_their_driver(tmp_path: Path, stop: signal.Signals) -> None:
    driver, trial = running_sweep(tmp_path)
    driver.send_signal(stop)
    driver.communicate(timeout=60)
    gone, _ = psutil.wait_procs([trial], timeout=30)
    assert gone


def test_a_second_driver_is_refused_and_told_who_runs(tmp_path: Path) -> None:
    driver, _ = running_sweep(tmp_path)
    try:
        with pytest.raises(SweepError, match=f"process {driver.pid}"):
            search(tmp_path, settings(trials=3), "slow")
    finally:
        driver.kill()
        driver.communicate()
