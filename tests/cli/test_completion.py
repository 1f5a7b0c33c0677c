"""The tab key completes commands and options, in real shells."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from debian import program

from conveyor.cli.completion import SHELLS, candidates, completion_script

ROOT = Path(__file__).parents[2]
# Typed words, and some of what completes the last one.
CASES = {
    ("pre",): {"predict", "prepare"},
    ("--v",): {"--version"},
    ("sweep", "--st"): {"--status", "--storage"},
    ("rollback", "--re"): {"--reason"},
    ("predict", "--skip"): {"--skip-bad"},
    ("completion", ""): {"bash", "zsh", "fish"},
    ("promote", "r"): {"rebuild", "rollback"},
    ("promote", "rollback", "h"): set(),
    ("rollback", "h"): set(),
    ("schedule", ""): {"cron", "systemd", "kubernetes", "github"},
    ("predict", "READ"): set(),  # files are the shell's
    ("unknown", "--h"): {"--help"},
}
# Lines that complete the words of `$@` and print the candidates, after the completion's own.
ASK = {
    "bash": 'COMP_WORDS=(conveyor "$@"); COMP_CWORD=$#; _conveyor; '
    'printf "%s\\n" "${COMPREPLY[@]}"',
    "zsh": 'words=(conveyor "$@"); CURRENT=$#words; _conveyor',
    "fish": 'complete --do-complete "conveyor $argv"',
}
# zsh's own functions, which only a line editor has, as ones that print.
BEFORE = {
    "zsh": "compdef() {}; _files() {}; "
    "_describe() { for each in $described; do print -r -- ${each%%:*}; done }"
}


@pytest.mark.parametrize("words", CASES, ids=" ".join)
def test_the_last_word_is_completed(words: tuple[str, ...]) -> None:
    assert set(candidates(words, ROOT)) == CASES[words]


def test_the_first_word_may_be_any_command() -> None:
    found = candidates([""], ROOT / "docs")
    assert {"train", "rollback", "completion"} <= set(found)
    assert all(found.values()), "a command has no description"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_what_is_typed(shell: str, tmp_path: Path) -> None:
    path = program(shell, f"usr/bin/{shell}")
    (tmp_path / "conveyor").write_text(f'#!/bin/sh\nexec {sys.executable} -m conveyor.cli "$@"\n')
    (tmp_path / "conveyor").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    lines = [BEFORE.get(shell, ""), completion_script(shell), ASK[shell]]
    for words in (("pre",), ("sweep", "--st"), ("completion", "b"), ("promote", "r")):
        arguments = words if shell == "fish" else ("shell", *words)
        done = subprocess.run(
            [path, "-c", "\n".join(lines), *arguments], cwd=ROOT, env=environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stderr == ""
        completed = {line.partition("\t")[0] for line in done.stdout.split("\n") if line}
        assert completed == set(candidates(words, ROOT))
