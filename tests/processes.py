"""Looking at processes."""

import psutil


def trials_below(process: psutil.Process) -> list[psutil.Process]:
    """The processes that run trials for this one: children of its fork servers."""
    below = process.children(recursive=True)
    servers = [p for p in below if any("forkserver" in word for word in p.cmdline())]
    return [child for server in servers for child in server.children()]
