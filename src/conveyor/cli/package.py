"""The installed package, and the record of it that a project keeps in conveyor.version."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import yaml

from conveyor import files
from conveyor.cli.template import CLI, PACKED, VERSION_FILE, is_source
from conveyor.errors import InputError

COMMENT = """\
# The Conveyor with which this project works; every stage depends on this file. `conveyor upgrade`
# rewrites it. `files` are digests of what came from the package, so that an upgrade replaces only
# what nobody has edited.
"""


@dataclass(frozen=True)
class Package:
    """An installation of Conveyor.

    Attributes:
        digest: SHA-256 over the names and bytes of its files, in hex.
        files: SHA-256 of each file that a project has from it, in hex, by name.
    """

    version: str
    digest: str
    files: Mapping[str, str]

    @property
    def title(self) -> str:
        return f"version {self.version} (digest {self.digest[:12]})"

    def is_same_as(self, other: "Package") -> bool:
        return (self.version, self.digest) == (other.version, other.digest)


def read_installed(copied: Mapping[str, str]) -> Package:
    """Describe the installed package.

    Args:
        copied: digests of the files that a project has from it.
    """
    root, template = CLI.parent, CLI / PACKED
    names = {path.relative_to(root).as_posix(): path for path in root.rglob("*")
             if is_source(path) and template not in path.parents}  # fmt: skip
    lines = [f"{name} {files.digest_file(names[name])}\n" for name in sorted(names)]
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    return Package(version("conveyor"), digest, copied)


def write_record(root: Path, package: Package) -> None:
    """Write conveyor.version."""
    content = {"version": package.version, "digest": package.digest, "files": dict(package.files)}
    files.write_text(root / VERSION_FILE, COMMENT + yaml.safe_dump(content, sort_keys=False))


def read_record(root: Path) -> Package | None:
    """Read conveyor.version; None in a project that has none, as Conveyor's own repository.

    Raises:
        InputError: it is damaged.
    """
    path = root / VERSION_FILE
    if not path.is_file():
        return None
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
        return Package(str(content["version"]), str(content["digest"]), dict(content["files"]))
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        raise InputError(
            f"{path}: expected version, digest and files, as `conveyor new` writes them; got "
            "another content. Restore it from git"
        ) from None


def require_same_package(root: Path) -> None:
    """Check that the installed package is the one that the project's stages depend on.

    Raises:
        InputError: it is another one.
    """
    recorded = read_record(root)
    if recorded is None:
        return
    installed = read_installed({})
    if not installed.is_same_as(recorded):
        raise InputError(
            f"{VERSION_FILE}: expected {recorded.title} of Conveyor; got {installed.title}. Run "
            "`conveyor upgrade`, or install that version"
        )
