import subprocess
import sys
import time
from pathlib import Path

import pytest
from sweeping import HERE, rows, settings

from conveyor import files
from conveyor.sweep.journal import open_journal
from conveyor.sweep.study import StudyFolder, ask, close_interrupted, counted

TRIALS = 8


def start(folder: Path, sampler: str, pruner: str, workers: int = 1) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    script = [sys.executable, HERE / "sweeping.py", folder]
    return subprocess.Popen([*script, "bowl", str(TRIALS), sampler, pruner, str(workers)])


def written(folder: Path) -> int:
    """Lines of the study's journal: how far the sweep is."""
    journals = list((folder / "scratch" / "sweep").glob("*/journal.log"))
    return sum(journal.read_bytes().count(b"\n") for journal in journals)


def kill_at(folder: Path, lines: int, *how: str, workers: int = 1) -> None:
    """SIGKILL a driver once its journal has so many lines."""
    driver = start(folder, *how, workers=workers)
    while written(folder) < lines:
        assert driver.poll() is None, "the sweep ended before it could be killed"
        time.sleep(0.001)
    driver.kill()
    driver.wait()


@pytest.mark.parametrize("how", [("tpe", "median"), ("qmc", "hyperband")])
def test_a_sweep_killed_again_and_again_equals_one_never_interrupted(
    tmp_path: Path, how: tuple[str, str]
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    uninterrupted = start(whole, *how)
    for lines in (5, 27, 52):
        kill_at(killed, lines, *how)
    assert start(killed, *how).wait() == uninterrupted.wait() == 0

    assert files.digest_tree(killed / "out") == files.digest_tree(whole / "out")


def test_with_two_workers_the_total_is_exact_after_a_kill(tmp_path: Path) -> None:
    kill_at(tmp_path, 30, "tpe", "none", workers=2)
    assert start(tmp_path, "tpe", "none", workers=2).wait() == 0
    assert [row["trial"] for row in rows(tmp_path)] == [str(i) for i in range(TRIALS)]
    assert {row["state"] for row in rows(tmp_path)} == {"complete"}


def test_a_half_written_line_of_the_journal_is_cut(tmp_path: Path) -> None:
    config = settings()
    with StudyFolder(tmp_path, config, "digest") as kept:
        ask(kept.open(config), config)
        journal = kept.folder / "journal.log"
        with journal.open("ab") as file:
            file.write(b'{"op_code": 5, "wor')
        assert [t.number for t in counted(kept.open(config))] == [0]
        ask(kept.open(config), config)
        assert open_journal(journal).get_all_studies()


def test_closing_interrupted_trials_twice_queues_each_once(tmp_path: Path) -> None:
    config = settings()
    with StudyFolder(tmp_path, config, "digest") as kept:
        study = kept.open(config)
        ask(study, config)
        [dead] = study.get_trials()
        study.enqueue_trial({}, user_attrs=dead.user_attrs)  # as if killed between queue and close
        assert close_interrupted(study) == [0]
        assert close_interrupted(study) == []
        assert len(counted(study)) == 1
