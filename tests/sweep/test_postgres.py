"""Drivers that share a study in a real PostgreSQL."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
import yaml
from optuna.trial import TrialState
from postgres import temporary_server
from sweeping import HERE, join, rows, search, settings

from conveyor.sweep.attributes import AGAIN, DRIVER
from conveyor.sweep.locks import PostgresLocks, StorageLost
from conveyor.sweep.storage import SweepError
from conveyor.sweep.study import SweepStudy

TRIALS = 12


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with temporary_server() as url:
        yield url


def start(folder: Path, mode: str, url: str) -> subprocess.Popen[bytes]:
    """One driver, with a folder of its own as if on another machine."""
    folder.mkdir(exist_ok=True)
    changes = yaml.safe_dump({"trials": TRIALS, "storage": url})
    return subprocess.Popen(
        [sys.executable, HERE / "sweeping.py", folder, "waiting", mode, changes]
    )


def trials_in(url: str) -> list[optuna.trial.FrozenTrial]:
    names = optuna.get_all_study_names(url)
    return optuna.load_study(study_name=names[-1], storage=url).trials if names else []


def test_four_drivers_one_of_them_killed_reach_the_exact_total(tmp_path: Path, url: str) -> None:
    lead = start(tmp_path / "lead", "lead", url)
    helpers = [start(tmp_path / f"helper-{i}", "join", url) for i in range(3)]
    while len({t.user_attrs.get(DRIVER) for t in trials_in(url)} - {None}) < 4:
        assert lead.poll() is None, "the sweep ended before every driver worked"
        time.sleep(0.05)
    helpers[0].kill()
    for folder in tmp_path.iterdir():
        (folder / "go").touch()
    assert [process.wait() for process in (lead, *helpers[1:])] == [0, 0, 0]

    found = rows(tmp_path / "lead")
    assert [row["trial"] for row in found] == [str(i) for i in range(TRIALS)]
    assert {row["state"] for row in found} == {"complete"}
    every = trials_in(url)
    assert not [t for t in every if t.state in (TrialState.RUNNING, TrialState.WAITING)]
    assert sum(t.state == TrialState.COMPLETE for t in every) == TRIALS
    assert all(t.user_attrs[AGAIN] for t in every if t.state == TrialState.FAIL)
    working = {t.user_attrs[DRIVER] for t in every if t.state == TrialState.COMPLETE}
    assert len(working) == 3


def test_a_sweep_started_again_is_a_new_study_and_cannot_be_joined_once_it_ended(
    tmp_path: Path, url: str
) -> None:
    config = settings(trials=3, storage=url)
    search(tmp_path, config, "bowl")
    first = (tmp_path / "out" / "trials.csv").read_bytes()
    with pytest.raises(SweepError, match="no sweep to join"):
        join(tmp_path, config, "bowl")
    _, listener = search(tmp_path, config, "bowl")
    assert len(listener.started) == 3
    assert (tmp_path / "out" / "trials.csv").read_bytes() == first


def test_what_helpers_finished_alone_is_written_by_the_stage(tmp_path: Path, url: str) -> None:
    config = settings(trials=4, storage=url, objectives=["val_accuracy"])
    assert len(join(tmp_path, config, "bowl").started) == 4
    best, listener = search(tmp_path, config, "bowl")
    assert listener.started == []
    assert best["objectives"]
    assert len(rows(tmp_path)) == 4


def test_a_driver_is_alive_until_its_session_ends(tmp_path: Path, url: str) -> None:
    import sqlalchemy

    engine = sqlalchemy.create_engine(url)
    mine, other = PostgresLocks(engine, "s"), PostgresLocks(engine, "s")
    assert mine.hold("driver")
    assert other.is_held("driver")
    assert not other.hold("driver")
    mine._session.invalidate()  # as when its machine goes away
    while other.is_held("driver"):  # until the server has seen it
        time.sleep(0.01)


def test_a_server_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    config = settings(storage="postgresql://me@127.0.0.1:9/nothing")
    with pytest.raises(SweepError, match="PGPASSWORD") as error:
        SweepStudy(tmp_path, config, "digest")
    assert "127.0.0.1" in str(error.value)


def test_a_database_that_goes_away_ends_the_driver_and_not_the_sweep(tmp_path: Path) -> None:
    with temporary_server() as url:
        study = SweepStudy(tmp_path, settings(storage=url), "digest").__enter__()
        assert study.start_trial()[1] is not None
    with pytest.raises(StorageLost, match="went away") as error:
        study.start_trial()
    assert not isinstance(error.value, SweepError)  # which would end the sweep
    study.__exit__()
