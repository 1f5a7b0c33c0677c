"""How long work still takes: shown on a terminal, and nowhere else."""

import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conveyor.data.row_estimate import estimate_rows

ROOT = Path(__file__).parents[1]
BAR = """
import time
from conveyor.progress import progress_bar
with progress_bar("reading", " rows", 20) as bar:
    for _ in range(20):
        time.sleep(0.1)
        bar.update()
"""
CLOCK = """
import time
from conveyor.progress import show_clock
with show_clock("rebuilding version 7", {expected}) as show_step:
    time.sleep(1)
    show_step("train")
    time.sleep(1.5)
"""
HIDDEN = BAR.replace('" rows", 20', '" rows", 20, show=False')
SHORT = BAR.replace("0.1", "0.001")


def on_terminal(code: str) -> str:
    """What a program writes to a terminal."""
    main, end = pty.openpty()
    termios.tcsetwinsize(end, (24, 100))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=end, stderr=end, env=os.environ)
    os.close(end)
    output = b""
    while True:
        try:
            part = os.read(main, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        output += part
    os.close(main)
    assert process.wait() == 0, output
    return output.decode()


def without_terminal(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def test_a_bar_has_the_time_left() -> None:
    output = on_terminal(BAR)
    assert "reading" in output
    assert re.search(r"1\d/20 \[00:01<00:00", output)


def test_a_clock_counts_to_the_time_of_before_and_names_the_step() -> None:
    output = on_terminal(CLOCK.format(expected=5))
    assert re.search(r"rebuilding version 7, train: +\d+%.*00:02, about 00:0[23] left", output)
    output = on_terminal(CLOCK.format(expected=None))
    assert re.search(r"rebuilding version 7, train: 00:02", output)
    assert "left" not in output


def test_the_stage_that_loads_tensorflow_shows_that_it_does() -> None:
    assert re.search(r"loading TensorFlow: 00:0\d", on_terminal("import pipeline.train"))


@pytest.mark.parametrize("code", [HIDDEN, SHORT], ids=["hidden", "short"])
def test_work_that_needs_no_bar_has_none(code: str) -> None:
    assert "/20" not in on_terminal(code)


@pytest.mark.parametrize("code", [BAR, CLOCK.format(expected=5)], ids=["bar", "clock"])
def test_nothing_is_written_where_there_is_no_terminal(code: str) -> None:
    assert without_terminal(code) == ""


def test_rows_are_estimated_before_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\n" + "one\n" * 9)
    pq.write_table(pa.table({"text": ["one"] * 7}), tmp_path / "b.parquet")
    (tmp_path / "c.csv.gz").write_bytes(b"\x1f\x8b")
    assert estimate_rows([tmp_path / "a.csv", tmp_path / "b.parquet"]) == 17
    assert estimate_rows([tmp_path / "a.csv", tmp_path / "c.csv.gz"]) is None
    assert estimate_rows([tmp_path / "missing.csv"]) is None
    assert estimate_rows([]) is None
