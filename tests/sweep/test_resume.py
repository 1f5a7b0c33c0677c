import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from optuna.trial import TrialState
from sweeping import HERE, rows, settings

from conveyor import files
from conveyor.sweep.attributes import AGAIN, POSITION
from conveyor.sweep.journal import open_journal
from conveyor.sweep.optuna_internals import stored_trial, stored_trials
from conveyor.sweep.protocol import State, TrialOutcome
from conveyor.sweep.study import SweepStudy

TRIALS = 8
TPE_MEDIAN = {"pruner": {"name": "median"}}
REPEATED = {"repeats": {"count": 3}, "pruner": {"name": "wilcoxon", "p_threshold": 0.3}}


def start(folder: Path, mode: str = "lead", **changes: Any) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    told = yaml.safe_dump({"trials": TRIALS, **changes})
    return subprocess.Popen([sys.executable, HERE / "sweeping.py", folder, "bowl", mode, told])


def written(folder: Path) -> int:
    """Lines of the study's journal: how far the sweep is."""
    journals = list((folder / "scratch" / "sweep").glob("*/journal.log"))
    return sum(journal.read_bytes().count(b"\n") for journal in journals)


def kill_at(folder: Path, lines: int, **changes: Any) -> None:
    """SIGKILL a driver once its journal has so many lines."""
    driver = start(folder, **changes)
    while written(folder) < lines:
        assert driver.poll() is None, "the sweep ended before it could be killed"
        time.sleep(0.001)
    driver.kill()
    driver.wait()


@pytest.mark.parametrize(
    "how",
    [
        TPE_MEDIAN,
        {"sampler": {"name": "qmc"}, "pruner": {"name": "hyperband"}},
        pytest.param({"pruner": {"name": "successive_halving"}}, marks=pytest.mark.slow),
        pytest.param(
            {"pruner": {"name": "percentile", "patience": 1}, "retries": 1}, marks=pytest.mark.slow
        ),
        pytest.param({"sampler": {"name": "cmaes"}}, marks=pytest.mark.slow),
        REPEATED,
        {"objectives": ["val_loss", "parameters"], "constraints": ["parameters <= 900"]},
    ],
)
def test_a_sweep_killed_again_and_again_equals_one_never_interrupted(
    tmp_path: Path, how: dict[str, Any]
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    uninterrupted = start(whole, **how)
    for lines in (5, 31, 62):
        kill_at(killed, lines, **how)
    assert start(killed, **how).wait() == uninterrupted.wait() == 0

    assert files.digest_tree(killed / "out") == files.digest_tree(whole / "out")


def exact(folder: Path) -> None:
    """Each position once, all complete."""
    assert [row["trial"] for row in rows(folder)] == [str(i) for i in range(TRIALS)]
    assert {row["state"] for row in rows(folder)} == {"complete"}


def test_with_two_workers_the_total_is_exact_after_a_kill(tmp_path: Path) -> None:
    kill_at(tmp_path, 30, workers=2)
    assert start(tmp_path, workers=2).wait() == 0
    exact(tmp_path)


@pytest.mark.parametrize("storage", ["journal", "sqlite"])
def test_drivers_that_join_and_die_leave_the_total_exact(tmp_path: Path, storage: str) -> None:
    lead = start(tmp_path, storage=storage)
    helpers = [start(tmp_path, "join", storage=storage) for _ in range(2)]
    study = tmp_path / "scratch" / "sweep"
    while not list(study.glob("*/trials")) and lead.poll() is None and helpers[0].poll() is None:
        time.sleep(0.01)
    helpers[0].kill()
    assert lead.wait() == helpers[1].wait() == 0
    exact(tmp_path)


def opened(folder: Path, **changes: Any) -> SweepStudy:
    return SweepStudy(folder, settings(**changes), "digest")


def test_a_half_written_line_of_the_journal_is_cut(tmp_path: Path) -> None:
    with opened(tmp_path) as study:
        study.start_trial()
        journal = study.folder.parent / "journal.log"
        with journal.open("ab") as file:
            file.write(b'{"op_code": 5, "wor')
        study.start_trial()  # whoever writes next mends it
        assert [t.user_attrs[POSITION] for t in study.counted()] == [0, 1]
    assert open_journal(journal).get_all_studies()


def test_trials_of_the_dead_are_queued_once_whenever_the_closing_is_killed(tmp_path: Path) -> None:
    with opened(tmp_path) as study:
        _, first = study.start_trial()
        _, second = study.start_trial()
        assert first is not None
        assert second is not None
        # as if killed between queue and mark, and between mark and close
        study.optuna.enqueue_trial({}, user_attrs={POSITION: 0})
        second.set_user_attr(AGAIN, True)
    with opened(tmp_path) as study:
        lost, again = study.start_trial()
        assert sorted(trial.number for trial in lost) == [0, 1]
        assert again
        assert [t.user_attrs[POSITION] for t in study.counted()] == [0]
        assert study.start_trial()[0] == []
        assert not stored_trials(study.optuna, TrialState.WAITING)


def test_a_driver_that_was_taken_for_dead_records_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as study:
        _, trial = study.start_trial()
        assert trial
        study.requeue(trial)
        assert not study.finish(trial, TrialOutcome(State.COMPLETE, (1.0,), {"val_loss": 1.0}), {})
        assert study.done == 0
        assert len(study.counted(TrialState.WAITING)) == 1


def test_helpers_end_well_with_a_leader_whose_time_is_up(tmp_path: Path) -> None:
    limits = {"trials": 10_000, "time_limit": 2.0}
    lead, helper = start(tmp_path, **limits), start(tmp_path, "join", trials=10_000)
    assert lead.wait() == helper.wait() == 0
    assert 0 < len(rows(tmp_path)) < 10_000


def test_an_interrupted_trial_of_a_partial_warm_start_keeps_all_its_parameters(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as study:
        study.warm_start(lambda: [{"model.dropout": 0.5}])
        _, trial = study.start_trial()
        assert trial is not None
        drawn = trial.params
        assert drawn["model.dropout"] == 0.5
    with opened(tmp_path) as study:
        _, again = study.start_trial()
        assert again is not None
        assert again.params == drawn
        assert stored_trial(study.optuna, again).system_attrs["fixed_params"] == drawn
