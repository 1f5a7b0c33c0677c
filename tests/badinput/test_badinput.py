"""Each bad input ends with the right exit code and a clear message, and nothing half-written."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.badinput import (
    binary_files,
    compressed_files,
    series_files,
    settings,
    text_cells,
    text_files,
    yaml_files,
)
from tests.badinput.harness import ConfigCase, FileCase, Runner

ROOT = Path(__file__).parents[2]
FILES = [
    *text_files.CASES, *compressed_files.CASES, *text_cells.CASES, *series_files.CASES,
    *binary_files.CASES,
]  # fmt: skip
CONFIGS = [*yaml_files.CASES, *settings.CASES]
LEAST = 120
Record = Callable[[str, object], None]  # the numbers that benchmarks/reliability.py reads
LONGEST = 1500  # characters of a message
# What a message must not show: a traceback, or the inside of a library.
NO_WORDS = ("Traceback", "pydantic", "object at 0x", "NoneType: None")


@pytest.fixture
def runner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Runner:  # fmt: skip
    caplog.set_level("INFO")
    return Runner(tmp_path, monkeypatch, capsys, caplog)


def require(case: FileCase | ConfigCase, result: tuple[int, str], output: Path) -> None:
    code, message = result
    assert (code, case.expected in message) == (case.code, True), message
    assert not [word for word in NO_WORDS if word in message]
    assert output.exists() is (case.code == 0 and isinstance(case, FileCase))
    if case.code:
        assert len(message) < LONGEST


@pytest.mark.parametrize("case", FILES, ids=lambda case: case.what)
def test_a_bad_file_is_refused_or_what_was_done_is_said(
    runner: Runner, case: FileCase, record_property: Record
) -> None:
    record_property("refused" if case.code else "read", 1)
    require(case, runner.prepare(case), Path("data/prepared"))
    assert Path("reports/data.json").exists() is (case.code == 0)


@pytest.mark.parametrize("case", CONFIGS, ids=lambda case: case.what)
def test_a_bad_configuration_is_refused_by_its_field(
    runner: Runner, case: ConfigCase, record_property: Record
) -> None:
    record_property("refused" if case.code else "read", 1)
    Path("conf").symlink_to(ROOT / "conf")
    code, message = runner.compose(case)
    require(case, (code, message), Path("nothing"))
    assert Path("artifacts").exists() is (code == 0 and not case.arguments)
    assert not Path("owned").exists()


def test_a_bomb_of_aliases_in_conf_is_refused_as_in_params(runner: Runner) -> None:
    shutil.copytree(ROOT / "conf", "conf")
    bomb = next(case for case in yaml_files.CASES if "bomb" in case.what)
    assert isinstance(bomb.params, str)
    Path("conf/train/bomb.yaml").write_text(bomb.params)
    code, message = runner.compose(ConfigCase("", "choose: {train: bomb}\n", ""))
    assert (code, "conf/train/bomb.yaml: expected at most" in message) == (2, True)


@pytest.mark.parametrize(
    ("file", "text", "field"),
    [
        ("train/other.yaml", "epochs: ${oc.env:SEED,1}\n", "epochs"),
        ("train/other.yaml", "defaults: [a, 'b/${oc.env:HOME}']\n", "defaults.1"),
        ("config.yaml", "defaults: [{model: '${oc.env:MODEL}'}]\n", "defaults.0.model"),
        ("config.yaml", "name: ${python_version:}\n", "name"),
    ],
)
def test_what_conf_takes_from_the_environment_is_refused(
    runner: Runner, file: str, text: str, field: str
) -> None:
    shutil.copytree(ROOT / "conf", "conf")
    Path("conf", file).write_text(text)
    code, message = runner.compose(ConfigCase("", "choose: {}\n", ""))
    assert (code, f"conf/{file}: {field}: expected a value, or ${{KEY}}" in message) == (2, True)


def test_there_are_enough_cases_and_each_is_named_once() -> None:
    names = [case.what for case in (*FILES, *CONFIGS)]
    assert len(names) == len(set(names)) >= LEAST
    assert all(case.expected or case.code == 0 for case in (*FILES, *CONFIGS))
