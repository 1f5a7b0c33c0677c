"""Looking at processes."""

from contextlib import suppress

import psutil


def trials_below(process: psutil.Process) -> list[psutil.Process]:
    """The processes that run trials for this one: children of its fork servers."""
    found: list[psutil.Process] = []
    for below in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has ended since
            if any("forkserver" in word for word in below.cmdline()):
                found += below.children()
    return found
