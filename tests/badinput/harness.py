"""Runs one command on one bad input in this process, as `run_script` runs it."""

import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from conveyor.config import PrepareConfig
from conveyor.paths import Paths
from pipeline import compose, prepare, run_script
from tests.data.making import described


@dataclass(frozen=True)
class FileCase:
    """A file that is odd or bad, and what `pipeline.prepare` makes of it.

    Attributes:
        what: is odd.
        file: its name; the format is that of the name unless `changes` say another.
        expected: pattern of the message, or of the log where it is read.
        changes: of the configuration, as those of `making.described`.
        code: exit code; 2 is a refusal, 0 is read, and what was left out is said.
    """

    what: str
    file: str
    content: bytes | str
    expected: str
    base: Mapping[str, Any]
    code: int = 2
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ConfigCase:
    """A params.yaml, or arguments of `pipeline.compose --print`, and the message."""

    what: str
    params: bytes | str
    expected: str
    arguments: tuple[str, ...] = ()
    code: int = 2


class Runner:
    """Runs commands in a project folder, and gives exit code and what a person reads."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        self.folder, self._patch, self._capsys, self._caplog = folder, monkeypatch, capsys, caplog
        monkeypatch.chdir(folder)
        monkeypatch.setattr(signal, "signal", lambda number, handler: None)
        for name in ("plot_lengths", "plot_findings"):  # a second each; tests/data covers them
            monkeypatch.setattr(prepare.plots, name, lambda *args: None)
        monkeypatch.setattr("conveyor.tasks.Task.plot_targets", lambda *args: None)

    def prepare(self, case: FileCase) -> tuple[int, str]:
        content = case.content.encode() if isinstance(case.content, str) else case.content
        Path(case.file).write_bytes(content)
        ending = {"xlsx": "excel", "ipc": "arrow"}.get(suffix := case.file.split(".")[1], suffix)
        source = {"source__format": ending, "source__files": {"all": case.file}}
        config = PrepareConfig(dataset=described(case.base, **{**source, **case.changes}))
        return self._run("prepare", lambda args: prepare.prepare(config, Paths()))

    def compose(self, case: ConfigCase) -> tuple[int, str]:
        params = case.params.encode() if isinstance(case.params, str) else case.params
        Path("params.yaml").write_bytes(params)
        return self._run("compose", compose.main, compose.add_options, *case.arguments)

    def _run(
        self, name: str, main: Callable[..., Any], add_options: Any = lambda parser: None,
        *arguments: str,
    ) -> tuple[int, str]:  # fmt: skip
        self._patch.setattr(sys, "argv", [name, *arguments])
        with pytest.raises(SystemExit) as ended:
            run_script(main, None, add_options)
        return int(ended.value.code or 0), self._capsys.readouterr().err + self._caplog.text
