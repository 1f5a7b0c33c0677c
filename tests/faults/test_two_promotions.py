"""Two promotions at once, in opposite directions: one waits, and says for whom."""

import os
import subprocess
import sys

import pytest

from conveyor.paths import Paths
from conveyor.registry.registry import Registry


def start_promotion(paths: Paths, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "pipeline.promote", *arguments]
    return subprocess.Popen(command, cwd=paths.root, stderr=subprocess.PIPE, text=True)


def test_opposite_promotions_happen_one_after_the_other(
    project: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry("toys", project)
    assert registry.aliases()["champion"] == "2"
    with registry.lock:
        processes = [start_promotion(project, version) for version in ("1", "2")]
        for process in processes:
            assert process.stderr is not None
            line = process.stderr.readline()
            assert f"waiting for process {os.getpid()} on " in line
            assert "which changes the registry" in line
    assert [process.wait() for process in processes] == [0, 0]
    changes = registry.history.changes()
    assert registry.aliases()["champion"] == changes[-1].after
    assert [change.before for change in changes[1:]] == [change.after for change in changes[:-1]]
    assert registry.aliases()["previous"] == changes[-1].before
