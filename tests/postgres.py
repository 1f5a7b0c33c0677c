"""A PostgreSQL server of the tests' own, from Debian's package."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from debian import program


def as_postgres(command: Sequence[str | Path]) -> None:
    """The server refuses to run as root."""
    who: Any = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
    done = subprocess.run([*map(str, command)], cwd="/", text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **who)  # fmt: skip
    assert done.returncode == 0, done.stdout


@contextmanager
def temporary_server() -> Iterator[str]:
    """A running server with its data in a folder that is removed. Yields the URL, as `server`."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # the server runs as another user
        with server(Path(folder)) as url:
            yield url


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A running server with its data in `folder`. Yields the URL of an empty database."""
    tools = program("postgresql", "usr/lib/postgresql/*/bin/initdb").parent
    data = folder / "data"
    data.mkdir(parents=True)
    if os.getuid() == 0:
        shutil.chown(data, "postgres", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    as_postgres([tools / "initdb", "-D", data, "--auth=trust", "-U", "conveyor", "--no-sync"])
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    control = [tools / "pg_ctl", "-D", data, "-w"]
    as_postgres([*control, "-l", data / "log", "-o", options, "start"])
    try:
        yield f"postgresql://conveyor@127.0.0.1:{port}/postgres"
    finally:
        as_postgres([*control, "-m", "immediate", "stop"])
