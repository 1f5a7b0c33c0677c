"""Temporary folders: removed at the end, and after a kill by whoever comes next."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from conveyor import files, temporary

WRITER = """
import sys, time
from pathlib import Path
from conveyor import files, temporary
with temporary.process_folder(), files.replacing_folder(Path(sys.argv[1])) as folder:
    (folder / "half.txt").write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""
LEFT = ".out.0123abcd.tmp"


def start_writer(output: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(output)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """The paths of pytest are too long for the sockets of multiprocessing."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_a_folder_in_which_no_file_can_be_made_is_an_error_and_no_wait() -> None:
    with pytest.raises(OSError, match=r"/proc/\.page"):  # also for root
        files.write_text(Path("/proc/page"), "text")


def test_only_what_no_living_process_holds_is_removed(tmp_path: Path) -> None:
    living, dying = start_writer(tmp_path / "living"), start_writer(tmp_path / "dying")
    dying.kill()
    dying.wait()
    try:
        removed = temporary.remove_abandoned(tmp_path)
        assert [path.name.split(".")[1] for path in removed] == ["dying"]
        left = {path.name.split(".")[1] for path in tmp_path.iterdir()}
        assert left == {"living"}
        assert temporary.remove_abandoned(tmp_path) == []
    finally:
        living.kill()
        living.wait()


def test_the_next_writer_of_an_output_removes_what_a_killed_one_left_of_it(tmp_path: Path) -> None:
    for name in ("out", "other"):
        writer = start_writer(tmp_path / name)
        writer.kill()
        writer.wait()
    with files.replacing_folder(tmp_path / "out") as folder:
        files.write_text(folder / "a.txt", "whole")
    assert not list(tmp_path.glob(".out.*"))
    assert len(list(tmp_path.glob(".other.*"))) == 2


POOL = """
import multiprocessing, os, sys, tempfile
from pathlib import Path
from conveyor import temporary
with temporary.process_folder():
    private = Path(sys.argv[1]) / f"conveyor-{os.getuid()}"
    (own,) = private.glob("*.tmp")
    assert tempfile.gettempdir() == os.environ["TMPDIR"] == str(own)
    assert temporary.private_folder() == private  # a child's folder lies beside its parent's
    multiprocessing.get_context("forkserver").Manager()
    assert list(own.glob("pymp-*"))
assert os.environ["TMPDIR"] == sys.argv[1]
"""


def test_no_process_leaves_anything_in_the_systems_temporary_folder(
    tmp_path: Path, short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(short_folder))
    writer = start_writer(tmp_path / "out")
    (private,) = short_folder.glob("conveyor-*")
    assert len(list(private.iterdir())) == 2
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    command = [sys.executable, "-c", POOL, str(short_folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(private.iterdir()) == []


def test_an_output_that_was_moved_away_comes_back(tmp_path: Path) -> None:
    """The process was killed between the two renamings of a replacement."""
    files.write_text(tmp_path / LEFT / temporary.PREVIOUS / "a.txt", "old")
    files.write_text(tmp_path / LEFT / "out" / "a.txt", "new")
    (tmp_path / f"{LEFT}.lock").touch()
    assert temporary.remove_abandoned_below(tmp_path) == [tmp_path / LEFT]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "a.txt").read_text() == "old"


def test_folders_of_people_stay(tmp_path: Path) -> None:
    for name in (LEFT, ".cache.tmp", "out.0123abcd.tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / "out.0123abcd.tmp.lock").touch()
    assert temporary.remove_abandoned_below(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 4
    assert temporary.remove_abandoned(tmp_path / "none") == []
