"""The list of digests in a model folder, by which a damaged file is found before it answers."""

from pathlib import Path

from conveyor import files
from conveyor.stored import FormatError

DIGESTS = "digests.json"
MISSING, CHANGED = "none", "other ones"  # what came in place of a file


def write_digests(folder: Path) -> None:
    """Write the SHA-256 of every file of a model folder into it, as its last file."""
    files.write_json(folder / DIGESTS, _digest_files(folder))


def find_damage(folder: Path) -> dict[str, str]:
    """What came in place of each file of the list that is not as it was written.

    A folder of an earlier version of the program has no list, and nothing is found.
    """
    path = folder / DIGESTS
    if not path.is_file():
        return {}
    try:
        expected = dict(files.read_json(path))
    except (ValueError, TypeError):  # of JSON, of UTF-8, or of another value than an object
        return {DIGESTS: CHANGED}
    digests = _digest_files(folder)
    return {
        name: CHANGED if name in digests else MISSING
        for name, digest in expected.items()
        if digests.get(name) != digest
    }


def check_digests(folder: Path, remedy: str) -> None:
    """Raises: FormatError: a file of the list is missing, or has other bytes than it had."""
    for name, damage in find_damage(folder).items():
        expected = "a file" if damage == MISSING else "the bytes that the training wrote"
        raise FormatError(folder / name, f"expected {expected}; got {damage}", remedy)


def _digest_files(folder: Path) -> dict[str, str]:
    digests = files.digest_files(folder)
    digests.pop(DIGESTS, None)
    return digests
