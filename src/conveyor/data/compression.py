"""Opens compressed files."""

import lzma
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa

from conveyor.config.source import Source
from conveyor.errors import DataError

# Compression -> the end of a file's name, and its first bytes.
SUFFIXES = {"gzip": ".gz", "bz2": ".bz2", "xz": ".xz", "zstd": ".zst", "zip": ".zip"}
MAGIC = {
    "gzip": b"\x1f\x8b", "bz2": b"BZh", "xz": b"\xfd7zXZ\x00", "zstd": b"\x28\xb5\x2f\xfd",
    "zip": b"PK\x03\x04",
}  # fmt: skip


def find_compression(source: Source, path: Path) -> str:
    """Return how the file is compressed, or none.

    Raises:
        DataError: its first bytes are not those of `source.compression`, or of its name.
    """
    with path.open("rb") as file:
        start = file.read(max(map(len, MAGIC.values())))
    actual = next((name for name, magic in MAGIC.items() if start.startswith(magic)), "none")
    expected, option = source.compression, "auto"
    if expected == "auto":
        named = (name for name, suffix in SUFFIXES.items() if path.name.endswith(suffix))
        expected, option = next(named, actual), "none"
    if expected not in (actual, "none"):
        raise DataError(
            f"{path}: expected a file that is compressed with {expected}; got first bytes "
            f"{start!r}. Set dataset.source.compression to {option}, or change the file."
        )
    return expected


def open_bytes(path: Path, compression: str) -> Any:
    """Open a file for reading bytes, decompressed.

    Raises:
        DataError: a zip archive holds several files, or none.
    """
    if compression == "none":
        return path.open("rb")
    if compression == "xz":
        return lzma.open(path)
    if compression == "zip":
        return _open_member(path)
    return pa.CompressedInputStream(pa.OSFile(str(path)), compression)


def _open_member(path: Path) -> Any:
    archive = zipfile.ZipFile(path)
    # macOS adds a folder of its own.
    members = [n for n in archive.namelist() if not n.endswith("/") and "__MACOSX/" not in n]
    if "[Content_Types].xml" in members:
        raise DataError(f"{path}: expected text; got an Excel file. Set dataset.source.format.")
    if len(members) != 1:
        listed = ", ".join(members[:5]) or "none"
        raise DataError(
            f"{path}: expected one file in the zip archive; got {len(members)} ({listed}). Unpack "
            "it, and change dataset.source.files."
        )
    return archive.open(members[0])
