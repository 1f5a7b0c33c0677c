"""The pictures of `prepare`, in a process beside the one that reads and encodes."""

from collections.abc import Mapping
from pathlib import Path

from conveyor.beside import Tell
from conveyor.data.split import SPLITS
from conveyor.data.store import Prepared
from conveyor.plots import data as pictures


def draw(
    tell: Tell,
    prepared: Path,
    classes: Mapping[str, Mapping[str, int]],
    findings: Mapping[str, int],
    read: int,
    folder: Path,
) -> None:
    """Write lengths.png, classes.png and findings.png.

    Args:
        prepared: folder of the prepared data.
        classes: rows of each class, by split.
        findings: rows by what the checks found.
        read: rows that were read.
    """
    found = Prepared(prepared)
    lengths = {name: found.split(name).sequences.lengths for name in SPLITS}
    unit = "tokens" if found.meta.kind == "text" else "steps"
    pictures.lengths(lengths, unit, folder / "lengths.png")
    pictures.classes(classes, folder / "classes.png")
    pictures.findings(findings, read, folder / "findings.png")
