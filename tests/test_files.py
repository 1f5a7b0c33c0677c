"""Files are written whole or not at all, and equal content has equal digests."""

import os
from pathlib import Path
from typing import Any

import pytest

from conveyor import files


def test_a_failing_body_leaves_the_old_folder_and_no_litter(tmp_path: Path) -> None:
    with files.replacing_folder(tmp_path / "out") as folder:
        files.write_text(folder / "a.txt", "old")
    with pytest.raises(RuntimeError), files.replacing_folder(tmp_path / "out") as folder:
        files.write_text(folder / "a.txt", "new")
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "a.txt").read_text() == "old"


def test_a_folder_is_replaced_not_merged(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        with files.replacing_folder(tmp_path / "out") as folder:
            files.write_text(folder / name, name)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.txt"]


def test_a_value_that_json_cannot_say_leaves_the_old_file(tmp_path: Path) -> None:
    files.write_json(tmp_path / "a.json", {"b": 1, "a": 2})
    assert (tmp_path / "a.json").read_text() == '{\n  "a": 2,\n  "b": 1\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "a.json", {"a": float("nan")})
    assert files.read_json(tmp_path / "a.json") == {"a": 2, "b": 1}
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError):
        files.write_bytes(tmp_path / "taken", b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "taken"]


def test_digests_see_names_and_bytes_and_nothing_else(tmp_path: Path) -> None:
    for name in ("one", "two"):
        files.write_text(tmp_path / name / "sub" / "a.txt", "text")
    one, two = tmp_path / "one", tmp_path / "two"
    assert files.digest_tree(one) == files.digest_tree(two)
    (two / "sub" / "a.txt").rename(two / "sub" / "b.txt")
    assert files.digest_tree(one) != files.digest_tree(two)
    assert files.digest_value({"b": 1, "a": [2]}) == files.digest_value({"a": [2], "b": 1})
    assert files.digest_value({"a": 1}) != files.digest_value({"a": 2})


def test_a_csv_file_quotes_what_would_tear_its_lines(tmp_path: Path) -> None:
    rows = [("a,b", 'c"d', "e\nf"), (1, None, 2.5)]
    files.write_csv(tmp_path / "t.csv", ["x", "y", "z"], rows)
    written = (tmp_path / "t.csv").read_bytes()
    assert written == b'x,y,z\n"a,b","c""d","e\nf"\n1,,2.5\n'


def record_disk(monkeypatch: pytest.MonkeyPatch, calls: list[tuple[str, str]]) -> None:
    """Record what is synced and what is renamed, by name, in their order."""
    sync, replace, rename = os.fsync, os.replace, Path.rename

    def fsync(descriptor: int) -> None:
        calls.append(("sync", Path(os.readlink(f"/proc/self/fd/{descriptor}")).name))
        sync(descriptor)

    def renamed(move: Any) -> Any:
        return lambda old, new: (calls.append(("rename", Path(new).name)), move(old, new))[1]

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", renamed(replace))
    monkeypatch.setattr(Path, "rename", renamed(rename))


def test_the_disk_has_a_file_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, str]] = []
    record_disk(monkeypatch, calls)
    files.write_text(tmp_path / "a.txt", "text")
    assert calls == [("sync", "a.txt"), ("rename", "a.txt"), ("sync", tmp_path.name)]


def test_the_disk_has_all_files_of_a_folder_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, str]] = []
    with files.replacing_folder(tmp_path / "out") as folder:
        (folder / "below").mkdir()
        (folder / "a.bin").write_bytes(b"a")
        (folder / "below" / "b.bin").write_bytes(b"b")
        record_disk(monkeypatch, calls)
        files.write_text(folder / "c.txt", "synced once, with the others")
    assert calls.pop(0) == ("rename", "c.txt")
    assert calls[-2:] == [("rename", "out"), ("sync", tmp_path.name)]
    assert sorted(calls[:-2]) == [
        ("sync", name) for name in ("a.bin", "b.bin", "below", "c.txt", "out")
    ]
