"""Refuses files that are no text: those of other formats, images, archives and the like."""

import re
from pathlib import Path

from conveyor.data.compression import open_bytes
from conveyor.errors import DataError

# First bytes of other formats.
BINARY = {b"PAR1": "parquet", b"ARROW1": "arrow", b"PK\x03\x04": "excel", b"\xd0\xcf\x11": "excel"}
CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
MAX_CONTROLS = 0.05  # share of the first bytes of a text


def refuse_binary(path: Path, compression: str) -> None:
    """Raise a DataError if the first bytes are those of a format that is no text."""
    with open_bytes(path, compression) as stream:
        start = stream.read(max(map(len, BINARY)))
    for magic, name in BINARY.items():
        if start.startswith(magic):
            raise DataError(
                f"{path}: expected text; got a file of format {name}. Set dataset.source.format."
            )


def refuse_controls(path: Path, start: bytes) -> None:
    """Raise a DataError if too many of the first bytes are control characters."""
    share = len(CONTROLS.findall(start)) / max(1, len(start))
    if share > MAX_CONTROLS:
        raise DataError(
            f"{path}: expected text; got bytes of which {share:.0%} are control characters, as in "
            "a binary file. Change the file, or set dataset.source.format or "
            "dataset.source.encoding."
        )
