"""Which files a data set has, of which format and part, and where they belong."""

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conveyor.data.file_format import FORMATS, suffix_of, without_compression
from conveyor.data.sources import READERS
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.suggest.names import FALLBACK, part_of, slug

NAME = r"[a-z0-9][a-z0-9_]{0,59}"  # of a data set
TEXT_FILES = ("txt", "dat", "data", "")  # their first line says which format they have


@dataclass(frozen=True)
class SourceFiles:
    """The files of a data set.

    Attributes:
        parts: paths by part, as they are now.
        copies: files and folders outside data/raw, and where they must be copied.
    """

    name: str
    format: str
    parts: dict[str, list[Path]]
    copies: dict[Path, Path]

    def patterns(self, paths: Paths | None = None) -> dict[str, str | list[str]]:
        """Return the value of `source.files`: paths before they are copied, or, relative to the
        project folder, after that."""
        patterns: dict[str, str | list[str]] = {}
        for part, files in self.parts.items():
            texts = [glob.escape(str(self._place(file, paths))) for file in files]
            patterns[part] = texts[0] if len(texts) == 1 else texts
        return patterns

    def _place(self, file: Path, paths: Paths | None) -> Path:
        if paths is None:
            return file.absolute()
        return self.copies.get(file, file).absolute().relative_to(paths.root.absolute())


def sort_files(files: Sequence[Path], paths: Paths, name: str | None) -> SourceFiles:
    """Assign files to parts by their names.

    Args:
        name: of the data set; None takes it from the files.

    Raises:
        InputError: the name has other characters than a name may have; a file does not exist, has a
            format without a reader, or another one than the others; or two of them would be copied
            to one place.
    """
    if name is not None and not re.fullmatch(NAME, name):
        raise InputError(
            f"--name: expected lower-case letters, digits and _; got {name!r}. Choose a name such "
            f"as {slug(name)}"
        )
    for file in files:
        if not file.exists():
            raise InputError(f"--suggest: expected a file or a folder; got none at {file}")
    formats = {file: _format_of(file) for file in files}
    if len(set(formats.values())) > 1:
        pairs = ", ".join(f"{file} ({kind})" for file, kind in formats.items())
        raise InputError(f"--suggest: expected files of one format; got {pairs}")
    name = name or _name_of(files)
    parts: dict[str, list[Path]] = {}
    for file in files:
        parts.setdefault(part_of(_stem(file)) or "all", []).append(file)
    if ("all" in parts and len(parts) > 1) or "train" not in parts:
        parts = {"all": list(files)}
    raw = paths.raw.absolute()
    outside = [file for file in files if raw not in file.absolute().parents]
    copies = {file: paths.raw / name / file.name for file in outside}
    if len(set(copies.values())) < len(copies):
        raise InputError(f"--suggest: expected files of different names; got {_list(outside)}")
    return SourceFiles(name, formats[files[0]], parts, copies)


def _format_of(file: Path) -> str:
    if file.is_dir():
        kind = "folder"
    else:
        suffix = suffix_of(file)
        kind = FORMATS.get(suffix, suffix)
        if suffix in TEXT_FILES:
            with file.open("rb") as content:
                kind = "tsv" if b"\t" in content.readline() else "csv"
    if kind not in READERS:
        raise InputError(
            f"{file}: expected a folder, or a file that ends in one of "
            f"{', '.join(suffix for suffix, kind in FORMATS.items() if kind in READERS)}; got "
            f"{file.suffix or 'a folder'}. Change the file's name or format"
        )
    return kind


def _name_of(files: Sequence[Path]) -> str:
    name = slug(_stem(files[0]))
    return slug(files[0].absolute().parent.name) if name == FALLBACK else name


def _stem(file: Path) -> str:
    return file.name if file.is_dir() else without_compression(file).stem


def _list(files: Sequence[Path]) -> str:
    return ", ".join(map(str, files))
