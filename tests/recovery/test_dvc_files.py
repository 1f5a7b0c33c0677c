"""A dvc.lock that a kill cut off is restored, and everything else that DVC wrote stays."""

import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

from conveyor.paths import Paths
from conveyor.recovery.dvc import STAGE_VARIABLE, check_dvc_files, is_whole

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "dvc.lock").read_bytes()
OLDER = LOCK.partition(b"\n  evaluate:")[0] + b"\n"
CUT = LOCK[: LOCK.index(b"- path:", 2000) + len("- path:")]


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.delenv(STAGE_VARIABLE, raising=False)
    (tmp_path / ".dvc" / "tmp").mkdir(parents=True)
    return Paths(tmp_path)


def commit(root: Path, content: bytes) -> None:
    (root / "dvc.lock").write_bytes(content)
    who = ["-c", "user.name=tests", "-c", "user.email=tests@example.org"]
    for command in (["init", "-q"], ["add", "dvc.lock"], [*who, "commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=root, check=True)


def test_a_lock_that_is_cut_off_is_whole_only_if_dvc_can_read_it() -> None:
    """The judge is DVC's own schema, at many lengths of a real dvc.lock."""
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from ruamel.yaml import YAML

    reader = YAML(typ="safe", pure=False)
    ends = {end for end in range(1, len(LOCK) + 1) if LOCK[end - 1 : end] == b"\n"}
    lengths = {0, *range(1, len(LOCK), 997), len(CUT), *sorted(ends)[::50], len(LOCK)}
    for length in sorted(lengths):
        try:
            COMPILED_LOCKFILE_SCHEMA(reader.load(LOCK[:length].decode(errors="replace")))
            is_readable = True
        except Exception:
            is_readable = False
        expected = is_readable and length in ends
        assert is_whole(LOCK[:length]) == expected, LOCK[max(0, length - 80) : length]


@pytest.mark.parametrize(
    ("copied", "committed", "restored", "message"),
    [
        (LOCK, OLDER, LOCK, "restored the copy of the last whole one"),
        (None, OLDER, OLDER, "restored the last commit's"),
        (None, None, None, "there is no copy; removed it"),
    ],
)
@pytest.mark.parametrize("damage", [CUT, b"", b"\xff\xfe"])
def test_a_half_written_lock_is_restored_once_with_one_line(
    paths: Paths,
    copied: bytes | None,
    committed: bytes | None,
    restored: bytes | None,
    message: str,
    damage: bytes,
) -> None:
    if committed is not None:
        commit(paths.root, committed)
    if copied is not None:
        paths.dvc_lock.write_bytes(copied)
        assert check_dvc_files(paths) == []
    paths.scratch.mkdir(exist_ok=True)
    paths.dvc_lock.write_bytes(damage)
    (line,) = check_dvc_files(paths)
    assert "dvc.lock was half-written" in line
    assert message in line
    assert (paths.dvc_lock.read_bytes() if paths.dvc_lock.exists() else None) == restored
    assert (paths.scratch / "dvc.lock.damaged").read_bytes() == damage
    assert check_dvc_files(paths) == []


def test_a_stage_copies_the_lock_and_never_restores_it(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STAGE_VARIABLE, "train")
    paths.dvc_lock.write_bytes(LOCK)
    assert check_dvc_files(paths) == []
    paths.dvc_lock.write_bytes(CUT)
    assert check_dvc_files(paths) == []
    assert paths.dvc_lock.read_bytes() == CUT
    assert paths.dvc_lock_copy.read_bytes() == LOCK


def test_what_a_running_command_of_dvc_or_a_person_writes_stays(paths: Paths) -> None:
    paths.dvc_lock.write_bytes(CUT)
    with FileLock(paths.root / ".dvc" / "tmp" / "lock"):
        assert check_dvc_files(paths) == []
    assert paths.dvc_lock.read_bytes() == CUT
    conflict = OLDER + b"<<<<<<< HEAD\n" + LOCK
    paths.dvc_lock.write_bytes(conflict)
    assert check_dvc_files(paths) == []
    assert paths.dvc_lock.read_bytes() == conflict


@pytest.mark.parametrize("content", ["", '{"read": {"dvc.yaml": [{"pid'])
def test_a_half_written_rwlock_is_removed(paths: Paths, content: str) -> None:
    rwlock = paths.root / ".dvc" / "tmp" / "rwlock"
    rwlock.write_text(content)
    (line,) = check_dvc_files(paths)
    assert "rwlock was half-written; removed it" in line
    assert not rwlock.exists()
    rwlock.write_text('{"read": {}, "write": {}}')
    assert check_dvc_files(paths) == []
    assert rwlock.exists()


def test_a_folder_without_dvc_is_left_alone(tmp_path: Path) -> None:
    assert check_dvc_files(Paths(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []
