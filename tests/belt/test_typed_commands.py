"""Each command of README and docs, typed in a fresh shell after `make`, in one session.

A command is typed as it is written, or in the cheaper form that its row of SESSION gives with the
reason. The rows run in this order in one clone.
"""

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

import pytest
from clone import ROOT, Clone
from documented_commands import ACTIVATE, PAGES, PORT, SESSION, Row, commands, is_benchmark

pytestmark = pytest.mark.belt


def test_a_block_says_whether_it_is_typed() -> None:
    for page in PAGES:
        marks = re.findall(r"^ *```(.*)", page.read_text(), re.MULTILINE)
        assert {*marks[::2]} <= {"sh", "yaml", "python", "text"}, page
        assert {*marks[1::2]} <= {""}, page


class Session:
    """A clone after `make`, and fresh shells in it: no variables but HOME and PATH."""

    def __init__(self, clone: Clone, home: Path) -> None:
        self.clone = clone
        self.environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
        (home / ".gitconfig").write_text("[user]\nname = tests\nemail = tests@example.org\n")

    def start(self, command: str, *, activate: bool = True) -> subprocess.Popen[str]:
        typed = f"{ACTIVATE}\n{command}" if activate else command
        return subprocess.Popen(
            ["bash", "-c", typed], cwd=self.clone.root, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip

    def type(self, command: str, *, activate: bool = True) -> tuple[int, str]:
        """Exit code and output of a command."""
        process = self.start(command, activate=activate)
        output, _ = process.communicate()
        return process.returncode, output

    @contextmanager
    def server(self, command: str, url: str) -> Iterator[None]:
        """Run a server until the block ends; it has answered when the block begins."""
        process = self.start(command)
        try:
            until = time.monotonic() + 120
            while not answers(url):
                assert process.poll() is None, process.communicate()[0]
                assert time.monotonic() < until, f"{command} does not answer at {url}"
                time.sleep(0.5)
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status == 200
    except (URLError, ConnectionError, TimeoutError):
        return False


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    clone = Clone.make(tmp_path_factory.mktemp("clone"))
    clone.set_up()
    session = Session(clone, tmp_path_factory.mktemp("home"))
    code, output = session.type("make", activate=False)
    assert code == 0, output
    assert "Running stage 'register'" in output
    clone.commit("first run")
    series = [[0.1 * step] * 12 for step in range(9)]
    (clone.root / "new.jsonl").write_text(json.dumps({"series": series}) + "\n")
    return session


def test_the_session_types_each_command_of_the_pages_and_no_other() -> None:
    written = {command for command in commands() if not is_benchmark(command)}
    assert {row.written for row in SESSION} == written


@pytest.mark.parametrize("command", sorted(filter(is_benchmark, commands())))
def test_a_benchmark_that_a_page_names_reads_its_arguments(command: str) -> None:
    script = ROOT / command.split()[1]
    if "argparse" in script.read_text():
        check = ["python", script, "--help"]
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}/src:{ROOT}"}
        done = subprocess.run(check, env=environment, capture_output=True, text=True, check=True)
        options = [word for word in command.split()[2:] if word.startswith("--")]
        assert all(option in done.stdout for option in options)
    else:
        compile(script.read_text(), str(script), "exec")


def test_dvc_finds_the_environment_where_none_is_active(session: Session) -> None:
    # Before the rows of SESSION: the last of them choose an experiment that no commit holds.
    code, output = session.type(".venv/bin/dvc repro --force prepare", activate=False)
    assert code == 0, output
    temporary = ".venv/bin/dvc exp run --temp --force -S ++train.epochs=2 prepare"
    code, output = session.type(temporary, activate=False)
    assert code == 0, output
    assert "Running stage 'prepare'" in output


@pytest.mark.parametrize("row", [
    pytest.param(row, id=row.written, marks=[pytest.mark.slow] if row.slow else [])
    for row in SESSION
])  # fmt: skip
def test_a_command_works_as_it_is_written(session: Session, row: Row) -> None:
    assert bool(row.typed) == bool(row.why)
    port = free_port()
    command = (row.typed or row.written).replace(PORT, port)
    if row.url:
        with session.server(row.beside.replace(PORT, port) or command, row.url.replace(PORT, port)):
            if not row.beside:
                return
            code, output = session.type(command)
    else:
        code, output = session.type(command)
    assert code == row.code, output
    assert row.expect in output, output


@pytest.mark.parametrize("row", [row for row in SESSION if row.slow], ids=lambda row: row.written)
def test_the_program_of_a_long_command_knows_it(session: Session, row: Row) -> None:
    code, output = session.type(f"{row.written} --help")
    assert code == 0, output
    assert "usage" in output.lower()
