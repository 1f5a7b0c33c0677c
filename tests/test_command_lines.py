"""Every script of pipeline/ explains itself, and refuses arguments that it does not know."""

import os
import re
import runpy
import sys
from pathlib import Path

import pytest

from pipeline import output_file

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted(path.stem for path in ROOT.glob("pipeline/[a-z]*.py"))
# Arguments that a script needs before one too many can be refused.
NEEDED = {"compare": ["1", "2"], "predict": ["in.csv", "out.csv"], "promote": ["why", "1"]}
# Scripts whose last argument may be repeated, and their own refusal of a wrong one.
REPEATED = {"compose": "expected --print with it; got surplus alone", "schedule": "invalid choice"}


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def exit_code(monkeypatch: pytest.MonkeyPatch, script: str, *arguments: str) -> object:
    """Run a script in this process, which loads the libraries once for all of them."""
    monkeypatch.delitem(sys.modules, f"pipeline.{script}", raising=False)  # as in a fresh process
    monkeypatch.setattr(sys, "argv", [script, *arguments])
    with pytest.raises(SystemExit) as end:
        runpy.run_module(f"pipeline.{script}", run_name="__main__", alter_sys=True)
    return end.value.code


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_names_the_script_and_says_what_it_does(
    script: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(monkeypatch, script, "--help") == 0
    usage, _, text = capsys.readouterr().out.partition("\n\n")
    assert usage.startswith(f"usage: python -m pipeline.{script} ")
    assert text.partition("\n\n")[0].rstrip().endswith((".", ":"))


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("surplus", ["--surplus", "--hel", "surplus"])
def test_an_argument_that_a_script_does_not_know_is_refused_before_anything_runs(
    script: str,
    surplus: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    needed = NEEDED.get(script, [])
    flag = surplus.startswith("--")
    if script == "schedule" and flag:
        needed = ["cron"]
    assert exit_code(monkeypatch, script, *needed, surplus) == 2
    error = capsys.readouterr().err
    refusal = None if flag else REPEATED.get(script)
    assert (refusal or f"unrecognized arguments: {surplus}") in error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


# What each option of a script needs beside it, or excludes; None: it always has an effect.
OPTIONS: dict[str, dict[str, str | None]] = {
    "compose": {"--print": None},
    "describe": {"--swept": None, "--suggest": None, "--name": "--suggest with it",
                 "--target": "--suggest with it", "--input": "--suggest with it",
                 "--sheet": "--suggest with it", "--force": "--suggest with it"},
    "doctor": {"--json": None},
    "drift": {"--requests": None, "--json": None},
    "explain": {"--text": "no --worst with it", "--file": "no --worst with it",
                "--row": "--file with it", "--output": "no --worst with it",
                "--step": "no --worst with it", "--worst": None, "--model": None,
                "--out": "no --json with it", "--json": None, "--open": "no --json with it"},
    "fetch": {},
    "inspect": {"--text": None, "--file": None, "--row": "--file with it", "--model": None,
                "--out": "no --json with it", "--json": None, "--open": "no --json with it"},
    "predict": {"--model": None, "--version": None, "--alias": None, "--column": None,
                "--skip-bad": None, "--name": "--version or --alias with it"},
    "promote": {"--to": "--force or --reason", "--force": "--to or --reason",
                "--reason": "no argument"},
    "report": {"--since": None, "--failed": None, "--open": None},
    "retrain": {"--wait": None},
    "schedule": {"--into": None},
    "serve": {"--name": None, "--host": None, "--port": None, "--model": None, "--reload": None,
              "--body-limit": None, "--threads": None, "--log-share": None, "--token-file": None,
              "--no-token": None, "--allowed-host": None, "--drain": None, "--log-format": None,
              "--example": None, "--shadow": "no --model with it",
              "--sessions": None, "--session-idle": None,
              "--alias": "no --model with it", "--poll": "--reload with it",
              "--log-rows": "--log-share with it", "--log-folder": "--log-share with it",
              "--log-rows-per-file": "--log-share with it", "--log-files": "--log-share with it"},
    "compare": {"--json": None, "--html": None},
    "ui": {"--port": None},
    "states": {"--split": None, "--points": None, "--method": None, "--model": None, "--out": None,
               "--open": None},
    "sweep": {"--join": None, "--status": None, "--storage": None},
    "train": {"--find-learning-rate": None},
}  # fmt: skip
# Arguments with which an option has no effect.
WITHOUT_EFFECT = {
    ("describe", "--name"): ["--name", "mine"],
    ("describe", "--target"): ["--swept", "--target=team"],
    ("describe", "--input"): ["--input", "text"],
    ("describe", "--sheet"): ["--sheet=data"],
    ("describe", "--force"): ["--force"],
    ("explain", "--text"): ["--worst", "2", "--text", "good"],
    ("explain", "--file"): ["--worst", "2", "--file", "rows.csv"],
    ("explain", "--row"): ["--row", "2"],
    ("explain", "--output"): ["--worst", "2", "--output", "up"],
    ("explain", "--step"): ["--worst", "2", "--step", "1"],
    ("explain", "--out"): ["--json", "--out", "page.html"],
    ("explain", "--open"): ["--json", "--open"],
    ("inspect", "--row"): ["--row", "2"],
    ("inspect", "--out"): ["--json", "--out", "page.html"],
    ("inspect", "--open"): ["--json", "--open"],
    ("predict", "--name"): ["in.csv", "out.csv", "--name=a"],
    ("promote", "--to"): ["2", "--to", "1"],
    ("promote", "--force"): ["rollback", "--force"],
    ("promote", "--reason"): ["history", "--reason", "late"],
    ("serve", "--alias"): ["--model", "model", "--alias", "champion"],
    ("serve", "--shadow"): ["--model", "model", "--shadow", "2"],
    ("serve", "--poll"): ["--poll", "5"],
    ("serve", "--log-rows"): ["--log-rows"],
    ("serve", "--log-folder"): ["--log-folder", "log"],
    ("serve", "--log-rows-per-file"): ["--log-share", "0", "--log-rows-per-file=10000"],
    ("serve", "--log-files"): ["--log-files", "100"],
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_table_of_options_is_complete(
    script: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(monkeypatch, script, "--help") == 0
    options = re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE)
    assert sorted(options) == sorted(OPTIONS.get(script, {}))
    needs = {(script, option) for option, need in OPTIONS.get(script, {}).items() if need}
    assert needs == {case for case in WITHOUT_EFFECT if case[0] == script}


@pytest.mark.parametrize(("script", "option"), WITHOUT_EFFECT)
def test_an_option_that_would_have_no_effect_is_refused(
    script: str,
    option: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "config.yaml").write_text(HOOKS)
    arguments = WITHOUT_EFFECT[script, option]
    assert exit_code(monkeypatch, script, *arguments) == 2
    error = capsys.readouterr().err
    assert f": expected {OPTIONS[script][option]}; got " in error
    assert option.removeprefix("--") in error


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (["rollback", "2"], "rollback: expected --to or --reason; got VERSION"),
        (["history", "--force"], "history: expected no argument; got --force"),
        (["why"], "why: expected VERSION; got none"),
        (["2", "--to", "1"], "2: expected --force or --reason; got --to"),
    ],
)
def test_promote_refuses_an_argument_that_its_action_does_not_take(
    arguments: list[str],
    refusal: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "config.yaml").write_text(HOOKS)
    assert exit_code(monkeypatch, "promote", *arguments) == 2
    assert refusal in capsys.readouterr().err


HOOKS = "{name: toys, hooks: {calls: [], retries: 0, wait: 0.0, timeout: 1.0}}"


@pytest.mark.parametrize(
    ("script", "option", "value", "limits"),
    [
        ("retrain", "--wait", "-1", "a number of at least 0"),
        ("serve", "--port", "70000", "a whole number from 0 to 65535"),
        ("serve", "--port", "http", "a whole number from 0 to 65535"),
        ("serve", "--threads", "0", "a whole number of at least 1"),
        ("serve", "--poll", "nan", "a number of at least 0.01"),
        ("serve", "--body-limit", "-1", "a number of at least 0.001"),
        ("serve", "--log-share", "2", "a number from 0 to 1"),
        ("serve", "--log-files", "0", "a whole number of at least 1"),
        ("serve", "--log-rows-per-file", "1.5", "a whole number of at least 1"),
    ],
)
def test_a_number_outside_its_limits_is_refused(
    script: str,
    option: str,
    value: str,
    limits: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(monkeypatch, script, option, value) == 2
    error = capsys.readouterr().err
    assert f"argument {option}: expected {limits}; got {value!r}" in error


# Arguments before the file that a script writes.
WRITERS = {"compare": ["1", "2", "--html"], "explain": ["--out"], "inspect": ["--out"],
           "predict": ["in.csv"], "states": ["--out"]}  # fmt: skip


@pytest.mark.parametrize("script", WRITERS)
def test_a_file_that_cannot_be_written_is_refused_before_anything_runs(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "folder")
    for target, reason in {
        "folder": "got a folder. Name a file in it",
        "file/page.html": f"got one in {tmp_path / 'file'}, which is no folder. Name another one",
        "folder/new/page.html": f"got one in {tmp_path / 'folder'}, which is not writable",
    }.items():
        assert exit_code(monkeypatch, script, *WRITERS[script], target) == 2
        error = capsys.readouterr().err
        assert f"{target}: expected a file that can be written; {reason}" in error
    assert {path.name for path in tmp_path.rglob("*")} == {"file", "folder"}


def test_a_name_that_the_system_refuses_is_no_error_of_the_command_line() -> None:
    """It is one of the disk, in one line, when the page is written."""
    assert output_file("x" * 300) == Path("x" * 300)


@pytest.mark.parametrize("script", ["explain", "inspect"])
def test_a_page_never_replaces_the_file_of_the_rows(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.csv").touch()
    assert exit_code(monkeypatch, script, "--file", "rows.csv", "--out", "./rows.csv") == 2
    assert "--out: expected another file than the rows; got rows.csv" in capsys.readouterr().err
