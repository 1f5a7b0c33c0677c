"""A full, read-only or forbidden disk: one line that names it, and the earlier outputs whole."""

import os
import shutil
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.forkserver import ensure_running
from pathlib import Path

import pytest
from registered_project import copy_project
from toys import write_toys
from tracked import runs_of

from conveyor import config, files
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.recovery.recover import recover
from conveyor.sweep.executors import TRIAL
from conveyor.sweep.executors.processes import make_context
from conveyor.sweep.report.outputs import write_nothing
from pipeline import compose, evaluate, prepare, register, run_script, sweep
from pipeline import train as training

NOBODY = 65534
ROOT = Path(__file__).parents[2]


def search() -> None:
    """The stage `sweep` with a search; no trial begins on such a disk."""
    paths, meta = Paths(), Prepared(Paths().prepared).meta
    settings = {"sweep.enabled": True, "sweep.trials": 2}
    sweep.sweep(config.overlay(config.load(config.SweepConfig), settings), paths, meta)


STAGES: dict[str, Callable[[], None]] = {
    "compose": lambda: compose.main(Namespace(print=False, override=[])),
    "prepare": lambda: prepare.prepare(config.load(config.PrepareConfig), Paths()),
    "sweep": search,
    "sweep without a search": lambda: sweep.main(Namespace(status=False, storage=False)),
    "train": lambda: training.train(config.load(config.TrainConfig), Paths()),
    "evaluate": lambda: evaluate.evaluate(config.load(config.EvaluateConfig), Paths()),
    "register": lambda: register.register(config.load(config.RegisterConfig), Paths()),
}


@contextmanager
def full(root: Path) -> Iterator[None]:
    filler = root / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    yield
    filler.unlink()


@contextmanager
def read_only(root: Path) -> Iterator[None]:
    subprocess.run(["mount", "-o", "remount,ro", str(root)], check=True)
    yield
    subprocess.run(["mount", "-o", "remount,rw", str(root)], check=True)


@contextmanager
def forbidden(root: Path) -> Iterator[None]:
    """The project belongs to another user, and nobody else may write."""
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)


Problem = Callable[[Path], AbstractContextManager[None]]
REASONS: dict[Problem, str] = {full: "No space left on device", read_only: "Read-only file system",
           forbidden: "Permission denied"}  # fmt: skip


@pytest.fixture
def disk(tmp_path: Path, two_versions: Paths, monkeypatch: pytest.MonkeyPatch) -> Iterator[Paths]:
    """A project on a file system of its own, which is small."""
    # The server of trial processes outlives this disk, so the stage `sweep` must not start it here.
    make_context(TRIAL)
    ensure_running()
    for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
        monkeypatch.delenv(name, raising=False)
    mounted = tmp_path / "disk"
    mounted.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(mounted)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    for folder in [mounted, *mounted.parents][:4]:  # those of pytest
        folder.chmod(0o755)
    try:
        project = copy_project(two_versions, mounted / "project")
        write_toys(project.root)
        project.conf.symlink_to(ROOT / "conf")
        project.params.write_text("choose: {}\n")
        write_nothing(project.sweep, project.sweep_pages, "the sweep is off")
        monkeypatch.chdir(project.root)
        yield project
    finally:
        os.chdir("/")
        subprocess.run(["umount", "--lazy", str(mounted)], check=True)


@pytest.fixture
def check(
    disk: Paths, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[[str, Problem], None]:
    """Runs a stage beside a problem of the disk, and checks what it says and leaves."""

    def run_stage(stage: str, problem: Problem) -> None:
        outputs = [*disk.outputs, disk.data]
        before = [files.digest_tree(folder) for folder in outputs]
        monkeypatch.setattr(sys, "argv", [stage])
        with problem(disk.root.parent), pytest.raises(SystemExit) as end:
            run_script(lambda args: STAGES[stage](), "Stage.")
        error = capfd.readouterr().err
        (line,) = [line for line in error.splitlines() if line.startswith(f"{stage}: ")]
        assert end.value.code == 1
        assert REASONS[problem] in line
        assert "Traceback" not in error
        assert [files.digest_tree(folder) for folder in outputs] == before
        assert not list(disk.root.rglob("*.tmp*"))

    return run_stage


@pytest.mark.parametrize("problem", REASONS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_says_in_one_line_why_it_cannot_write_and_leaves_what_was_there(
    stage: str, problem: Problem, check: Callable[[str, Problem], None]
) -> None:
    check(stage, problem)


@pytest.mark.parametrize("stage", STAGES)
def test_so_it_does_with_an_mlflow_that_can_write(
    stage: str,
    disk: Paths,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    check: Callable[[str, Problem], None],
) -> None:
    """The stage comes as far as its outputs."""
    shutil.copy(disk.root / "mlflow.db", tmp_path / "elsewhere.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/elsewhere.db")
    check(stage, full)
    assert recover(Paths()) == []
    assert {run.info.status for run in runs_of(disk)} <= {"FINISHED", "FAILED"}
