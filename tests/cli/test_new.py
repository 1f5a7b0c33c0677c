"""`conveyor new` makes a project, and `conveyor upgrade` lets it use another version."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from conveyor.cli import new, package
from conveyor.cli.new import make_project, upgrade_project
from conveyor.cli.package import read_record, require_same_package, write_record
from conveyor.cli.template import VERSION_FILE, project_files
from conveyor.errors import InputError
from conveyor.files import digest_file

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "mine"
    make_project(root)
    return root


def contents(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_a_project_has_the_repositorys_scripts_settings_and_stages(project: Path) -> None:
    for name in ("pipeline/train.py", "conf/config.yaml", "params.yaml", ".dvc/config"):
        assert (project / name).read_bytes() == (ROOT / name).read_bytes()
    assert os.access(project / "pipeline/python", os.X_OK)
    ours = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    theirs = yaml.safe_load((project / "dvc.yaml").read_text())
    assert theirs["plots"] == ours["plots"]
    for name, stage in ours["stages"].items():
        own = [dep for dep in stage["deps"] if not dep.startswith("src/")]
        copy = theirs["stages"][name]
        assert sorted(copy["deps"]) == sorted([*own, VERSION_FILE])
        assert copy["cmd"] == f"pipeline/python -m pipeline.{name}"
        assert {**copy, "deps": 0, "cmd": 0} == {**stage, "deps": 0, "cmd": 0}
    assert "PYTHONPATH" not in (project / "dvc.yaml").read_text()
    git = ["git", "status", "--short", "--ignored"]
    listing = subprocess.run(git, cwd=project, capture_output=True, text=True, check=True).stdout
    assert "!!" not in listing, "a file of a new project is ignored"


def test_an_empty_folder_becomes_a_project_and_stays_the_same_folder(tmp_path: Path) -> None:
    before = tmp_path.stat().st_ino
    make_project(tmp_path)
    assert tmp_path.stat().st_ino == before
    assert set(project_files()) < contents(tmp_path)


def test_a_project_inside_a_repository_gets_none_of_its_own(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    make_project(tmp_path / "below")
    assert not (tmp_path / "below/.git").exists()


def test_a_folder_with_files_and_a_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"expected a new or empty folder; got one with 'notes"):
        make_project(tmp_path)
    with pytest.raises(InputError, match=r"notes.txt: expected a new or empty folder; got a file"):
        make_project(tmp_path / "notes.txt")
    assert contents(tmp_path) == {"notes.txt"}


def test_a_project_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(new, "write_record", fail)
    with pytest.raises(OSError, match="no space left"):
        make_project(tmp_path / "mine")
    assert contents(tmp_path) == set()


def test_a_project_of_the_installed_version_has_nothing_to_upgrade(project: Path) -> None:
    before = (project / VERSION_FILE).read_bytes()
    require_same_package(project)
    assert upgrade_project(project) == []
    assert (project / VERSION_FILE).read_bytes() == before


def test_a_project_of_another_version_is_refused_until_it_is_upgraded(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package, "version", lambda name: "9.9.9")
    with pytest.raises(InputError, match=r"expected version .*; got version 9.9.9 .*upgrade"):
        require_same_package(project)
    (line,) = upgrade_project(project)
    assert " -> version 9.9.9 " in line
    require_same_package(project)


def test_the_repository_itself_has_no_version_to_upgrade() -> None:
    require_same_package(ROOT)
    with pytest.raises(InputError, match="Only a project which it made can be upgraded"):
        upgrade_project(ROOT)


@pytest.mark.parametrize("text", ["", "version: 1", "- a", "files: [", "version: 1\nfiles: 2"])
def test_a_damaged_record_is_refused(project: Path, text: str) -> None:
    (project / VERSION_FILE).write_text(text)
    with pytest.raises(InputError, match=r"conveyor.version: expected version, digest and files"):
        upgrade_project(project)


NAME, TEXT = "conf/sweep/none.yaml", b"# ours\n"


def be(content: bytes | None) -> Callable[[Path], None]:
    """Give the file this content, or remove it."""

    def change(path: Path) -> None:
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)

    return change


def stay(path: Path) -> None:
    """Leave the file as it is."""


# What the old package had, what a person did to it, what the new package has; what is said, and
# what the project has then. None: no file.
UPGRADES = {
    "unchanged": (b"1", stay, b"1", "", b"1"),
    "new in the package": (b"1", stay, b"2", "updated NAME", b"2"),
    "edited here": (b"1", be(TEXT), b"1", "", TEXT),
    "edited in both": (b"1", be(TEXT), b"2", "kept NAME, which was edited here", TEXT),
    "edited alike": (b"1", be(b"2"), b"2", "", b"2"),
    "removed here": (b"1", be(None), b"1", "", None),
    "removed here, new in the package": (b"1", be(None), b"2", "left out NAME", None),
    "removed from the package": (b"1", stay, None, "removed NAME", None),
    "edited, removed from the package": (b"1", be(TEXT), None, "kept NAME, which the", TEXT),
    "added by the package": (None, stay, b"2", "added NAME", b"2"),
    "added here and by the package": (None, be(TEXT), b"2", "kept NAME, which was edited", TEXT),
}


@pytest.mark.parametrize("case", UPGRADES)
def test_an_upgrade_replaces_what_nobody_edited(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, change, newer, message, expected = UPGRADES[case]

    def packed(content: bytes | None) -> dict[str, tuple[bytes, int]]:
        return {} if content is None else {NAME: (content, 0o644)}

    monkeypatch.setattr(new, "_read_contents", lambda: packed(old))
    monkeypatch.setattr(new, "find_repository", lambda folder: object())
    make_project(tmp_path)
    (tmp_path / NAME).parent.mkdir(parents=True, exist_ok=True)
    change(tmp_path / NAME)
    monkeypatch.setattr(new, "_read_contents", lambda: packed(newer))
    lines = upgrade_project(tmp_path)
    assert len(lines) == bool(message)
    assert "".join(lines).startswith(message.replace("NAME", NAME))
    assert ((tmp_path / NAME).read_bytes() if (tmp_path / NAME).exists() else None) == expected
    beside = tmp_path / f"{NAME}.new"
    assert (beside.read_bytes() if beside.exists() else None) == (
        newer if "edited" in message else None
    )
    assert upgrade_project(tmp_path) == []


def test_a_killed_upgrade_can_be_run_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "pipeline/train.py").write_text("old\n")
    record = read_record(project)
    assert record is not None
    digests = {**record.files, "pipeline/train.py": digest_file(project / "pipeline/train.py")}
    write_record(project, package.Package("0.0.1", "0" * 64, digests))
    monkeypatch.setattr(new, "write_record", lambda root, installed: exit(1))
    with pytest.raises(SystemExit):
        upgrade_project(project)
    monkeypatch.undo()
    assert (project / "pipeline/train.py").read_bytes() == (ROOT / "pipeline/train.py").read_bytes()
    assert upgrade_project(project)[0].startswith("version 0.0.1 (digest 000000000000) -> ")
    require_same_package(project)
