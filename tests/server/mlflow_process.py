"""MLflow's own server of a registered champion, as a process."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from server_process import ask, until


@contextmanager
def mlflow_serving(root: Path, name: str, log: Path) -> Iterator[int]:
    """Yield the port of `mlflow models serve`, ready, for the champion of a project.

    Args:
        log: a file of its output.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [Path(sys.executable).with_name("mlflow"), "models", "serve", "-m",
               f"models:/{name}@champion", "--env-manager", "local", "-p", str(port)]  # fmt: skip
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{root}/mlflow.db",
                   "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}  # fmt: skip
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=file,
                                   stderr=file, start_new_session=True)  # fmt: skip

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=30)
            return ask(connection, "/ping")[0] == 200
        except ConnectionError:
            return False

    try:
        until(is_ready, seconds=120)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
