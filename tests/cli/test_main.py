"""`conveyor NAME` runs the scripts of the project it stands in."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from conveyor.cli.commands import GROUPS, SHORT
from conveyor.cli.main import help_text, main
from conveyor.cli.project import describe_script, find_scripts

ROOT = Path(__file__).parents[2]
HEAVY = ("tensorflow", "mlflow", "pandas", "numpy", "pydantic", "dvc", "yaml")
# A script that shows what it got, and ends with the code that it is told.
SCRIPT = '''
"""Show the arguments: all of them. Nothing else."""
import json, sys
from pathlib import Path
from pipeline import run_script, typed_path

def add_options(parser):
    parser.add_argument("--file", type=typed_path)
    parser.add_argument("--code", type=int, default=0)

def main(args):
    print(json.dumps({"file": str(args.file), "exists": args.file.is_file(),
                      "folder": str(Path.cwd())}))
    return args.code

if __name__ == "__main__":
    run_script(main, __doc__, add_options)
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one script, and a folder below it."""
    root = tmp_path / "mine"
    (root / "pipeline").mkdir(parents=True)
    (root / "dvc.yaml").write_text("stages: {}\n")
    (root / "pipeline/__init__.py").write_text((ROOT / "pipeline/__init__.py").read_text())
    (root / "pipeline/show.py").write_text(SCRIPT)
    (root / "below").mkdir()
    (root / "below/rows.csv").write_text("a,b\n")
    return root


def conveyor(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "conveyor.cli", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def error_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str]:
    """Exit code and message of a command that is refused."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    return end.value.code, capsys.readouterr().err


def test_a_script_runs_in_its_project_and_finds_files_where_they_were_typed(project: Path) -> None:
    done = conveyor(project / "below", "show", "--file", "rows.csv", "--code", "11")
    assert (done.returncode, done.stderr) == (11, "")
    expected = {"file": "below/rows.csv", "exists": True, "folder": str(project)}
    assert eval(done.stdout, {"true": True}) == expected
    usage = conveyor(project, "show", "--help").stdout
    assert usage.startswith("usage: conveyor show ")


def test_help_names_each_command_once_and_loads_no_library() -> None:
    code = textwrap.dedent(f"""
        import sys
        from conveyor.cli.main import run
        run(["--help"])
        sys.exit(str({HEAVY!r} and [name for name in {HEAVY!r} if name in sys.modules]))
    """)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == "[]"
    names = re.findall(r"^  (\w+)  ", done.stdout, re.MULTILINE)
    assert sorted(names) == sorted({*find_scripts(ROOT), *SHORT, "new", "upgrade", "completion"})
    assert "Others" not in done.stdout, "a script is in no group of cli/commands.py"
    titles = re.findall(r"^(\S.*):$", done.stdout, re.MULTILINE)
    assert titles == [title for title in GROUPS if title in titles]


def test_help_describes_a_script_of_the_projects_own(project: Path) -> None:
    text = help_text(project)
    assert "Others:\n" in text
    assert re.search(r"^  show +Show the arguments: all of them$", text, re.MULTILINE)


def test_each_script_has_a_short_description() -> None:
    for path in find_scripts(ROOT).values():
        assert 10 < len(describe_script(path)) < 100, path


def test_outside_of_a_project_help_still_works_and_a_command_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "conveyor new FOLDER" in help_text(None)
    code, message = error_of(capsys, "train")
    assert code == 2
    assert message.startswith(f"conveyor: {tmp_path}: expected a project here or above")
    assert message.count("\n") == 1


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("trian", "Did you mean train? "),
        ("rolback", "Did you mean rollback? "),
        ("xyzzy", ""),
        ("__init__", ""),
    ],
)
def test_an_unknown_command_names_the_nearest_one(
    typed: str, expected: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT / "docs")
    message = f"conveyor: expected a command; got {typed!r}. {expected}See conveyor --help\n"
    assert error_of(capsys, typed) == (2, message)


def test_a_short_form_is_the_command_that_it_stands_for(project: Path) -> None:
    script = "import sys\nprint(sys.argv[1:])\n"
    (project / "pipeline/promote.py").write_text(script)
    done = conveyor(project, "rollback", "--reason", "slow")
    assert done.stdout == "['rollback', '--reason', 'slow']\n"


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert re.fullmatch(r"conveyor \d+\.\d+\.\d+\n", capsys.readouterr().out)
