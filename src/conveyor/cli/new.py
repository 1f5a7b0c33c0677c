"""Makes a project, and lets it use another version of the package."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from conveyor import files
from conveyor.cli.package import Package, read_installed, read_record, write_record
from conveyor.cli.template import OWN, VERSION_FILE, project_files
from conveyor.errors import InputError, quote_names
from conveyor.git import find_repository, git
from conveyor.temporary import temporary_beside

MARK = "dvc.yaml"  # moved last into a folder that exists: without it, a folder is no project


def make_project(folder: Path) -> None:
    """Write a project into a folder that is new or empty; in no git repository, make one too.

    Raises:
        InputError: the folder is a file, or it is not empty.
    """
    folder = folder.resolve()
    if folder.exists():
        _require_empty(folder)
    contents = _read_contents()
    with temporary_beside(folder) as temporary:
        for name, (content, mode) in contents.items():
            files.write_bytes(temporary / name, content)
            (temporary / name).chmod(mode)
        write_record(temporary, read_installed(_digests(contents)))
        if find_repository(folder.parent) is None:
            git(temporary, "init", "--quiet")
        if folder.exists():
            for entry in sorted(temporary.iterdir(), key=lambda entry: entry.name == MARK):
                entry.rename(folder / entry.name)
        else:
            temporary.rename(folder)


def _require_empty(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"{folder}: expected a new or empty folder; got a file. Name another one")
    names = sorted(path.name for path in folder.iterdir())
    if names:
        raise InputError(
            f"{folder}: expected a new or empty folder; got one with {quote_names(names)}. Name "
            "another one"
        )


def upgrade_project(root: Path) -> list[str]:
    """Let a project use the installed package: update its files and its record.

    A file that was edited here, and is another one in the package now, stays; the package's stands
    beside it as NAME.new. The record is written last, so that a killed upgrade can be run again.

    Returns:
        One line for each change; none where the project uses the installed package already.

    Raises:
        InputError: the project has no conveyor.version.
    """
    recorded = read_record(root)
    if recorded is None:
        raise InputError(
            f"{root / VERSION_FILE}: expected the file that `conveyor new` writes; got none. Only "
            "a project which it made can be upgraded"
        )
    contents = _read_contents()
    installed = read_installed(_digests(contents))
    if installed == recorded:
        return []
    lines = [] if installed.is_same_as(recorded) else [f"{recorded.title} -> {installed.title}"]
    for name in sorted(recorded.files.keys() | installed.files.keys()):
        lines += _upgrade_file(root / name, name, recorded, installed, contents)
    write_record(root, installed)
    return lines


def _upgrade_file(
    path: Path, name: str, recorded: Package, installed: Package,
    contents: Mapping[str, tuple[bytes, int]],
) -> list[str]:  # fmt: skip
    """Update one file, if nobody has edited it. Returns what changed, in at most one line."""
    old, new = recorded.files.get(name), installed.files.get(name)
    here = files.digest_file(path) if path.is_file() else None
    if new in (old, here):
        return []
    if new is None:
        if here == old:
            path.unlink()
            return [f"removed {name}"]
        return [f"kept {name}, which the package no longer has"] if here else []
    if here != old and here is not None:
        files.write_bytes(path.with_name(f"{path.name}.new"), contents[name][0])
        return [f"kept {name}, which was edited here; the package's is {name}.new"]
    if here is None and old is not None:
        return [f"left out {name}, which was removed here"]
    files.write_bytes(path, contents[name][0])
    path.chmod(contents[name][1])
    return [f"{'updated' if old else 'added'} {name}"]


def _read_contents() -> dict[str, tuple[bytes, int]]:
    """Content and mode of each file of a new project, by name."""
    contents = {}
    for name, source in project_files().items():
        is_program = isinstance(source, Path) and source.stat().st_mode & 0o100
        content = source.read_bytes() if isinstance(source, Path) else source
        contents[name] = content, 0o755 if is_program else 0o644
    return contents


def _digests(contents: Mapping[str, tuple[bytes, int]]) -> dict[str, str]:
    """Digests of the files that an upgrade may replace."""
    return {name: hashlib.sha256(content).hexdigest() for name, (content, _) in contents.items()
            if not name.startswith(OWN)}  # fmt: skip
