"""Files that are on the disk before they take the place of others, so that a power failure leaves
the old file or the new one, and no empty one."""

import os
from contextlib import suppress
from pathlib import Path


def sync_file(path: Path) -> None:
    """Wait until the disk has a file's content.

    Raises:
        OSError: the disk is full, or fails.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_names(folder: Path) -> None:
    """Wait until the disk has the names of a folder's files, where its file system can do that."""
    with suppress(OSError):
        sync_file(folder)


def sync_tree(folder: Path) -> None:
    """Wait until the disk has all files and folders below a folder.

    Raises:
        OSError: as `sync_file`.
    """
    for parent, _, names in os.walk(folder):
        for name in names:
            sync_file(Path(parent, name))
        sync_names(Path(parent))
