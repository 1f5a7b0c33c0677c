"""Both servers, as processes on the loopback interface: ours, and MLflow's with its Keras flavour.

The peer is registered in a store of its own and served by `mlflow models serve`. It does
not encode: its requests have scaled steps and lengths.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np

from conveyor.paths import Paths
from conveyor.serving import LoadedModel

ROOT = Path(__file__).parents[1]
SECONDS, RATE, STARTS = 10, 50, 3
TOLERANCE = 1e-5  # of a probability, as an export is held to
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
               "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
               "MLFLOW_DISABLE_TELEMETRY": "true"}  # fmt: skip
Times = dict[str, float]


def figures(milliseconds: list[float]) -> Times:
    return {"p50_ms": median(milliseconds), "p99_ms": quantiles(milliseconds, n=100)[98]}


class Server:
    """A server process, and the seconds from its start to its first answer."""

    def __init__(self, command: list[str], port: int, body: bytes, environment: Any) -> None:
        self.port, self.body = port, body
        start = time.monotonic()
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while True:
            try:
                self.predict(self.connect())
                break
            except OSError:
                assert self.process.poll() is None, f"{command} ended"
                time.sleep(0.02)
        self.start = time.monotonic() - start

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port)

    def predict(self, connection: http.client.HTTPConnection) -> Any:
        head = {"content-type": "application/json"}
        connection.request("POST", "/invocations", self.body, head)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status == 503:  # ours listens before the model is loaded
            raise ConnectionError
        assert answer.status == 200, content
        return json.loads(content)

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ours(body: bytes) -> Server:
    port = free_port()
    return Server([sys.executable, "-m", "pipeline.serve", "--port", str(port)], port, body,
                  ENVIRONMENT)  # fmt: skip


def theirs(body: bytes, store: str) -> Server:
    port = free_port()
    command = ["mlflow", "models", "serve", "-m", "models:/plain@champion", "--env-manager",
               "local", "-p", str(port)]  # fmt: skip
    return Server(command, port, body, {**ENVIRONMENT, "MLFLOW_TRACKING_URI": store})


@contextmanager
def stopped(server: Server) -> Iterator[Server]:
    try:
        yield server
    finally:
        server.stop()


def alone(server: Server) -> Times:
    """One client, one connection, at most RATE requests a second."""
    connection, times = server.connect(), []
    server.predict(connection)
    for _ in range(SECONDS * RATE):
        start = time.monotonic()
        server.predict(connection)
        times.append((time.monotonic() - start) * 1e3)
        time.sleep(max(0.0, 1 / RATE - times[-1] / 1e3))
    return figures(times)


def offered(server: Server) -> Times:
    """RATE requests a second, answered or not; a latency counts from when its request is due."""
    times: list[float] = []
    start = time.monotonic() + 0.5

    def client(first: int, of: int) -> None:
        connection = server.connect()
        for number in range(first, SECONDS * RATE, of):
            due = start + number / RATE
            time.sleep(max(0.0, due - time.monotonic()))
            server.predict(connection)
            times.append((time.monotonic() - due) * 1e3)

    clients = [threading.Thread(target=client, args=(n, 16)) for n in range(16)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    return figures(times)


LOG = """
import json, sys
import keras, mlflow, numpy as np
from mlflow import MlflowClient
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec
mlflow.set_tracking_uri(sys.argv[1])
model = keras.models.load_model(sys.argv[2])
inputs = Schema([TensorSpec(np.dtype(x.dtype), (-1, *[n or -1 for n in x.shape[1:]]), x.name)
                 for x in model.inputs])
outputs = Schema([TensorSpec(np.dtype("float32"), (-1, model.output_shape[-1]))])
mlflow.keras.log_model(model, name="plain", signature=ModelSignature(inputs, outputs),
                       registered_model_name="plain", pip_requirements=["keras", "tensorflow"])
MlflowClient().set_registered_model_alias("plain", "champion", "1")
"""


def over_http(model: LoadedModel, paths: Paths, row: Any, folder: Path) -> dict[str, Any]:
    """Latencies and starts of both servers, and how far their answers lie apart.

    Raises:
        SystemExit: they answer with other weights: ours serves the champion, MLflow's the folder.
    """
    store = f"sqlite:///{folder}/mlflow.db"
    logging = [sys.executable, "-c", LOG, store, str(paths.model.resolve() / "model.keras")]
    subprocess.run(logging, check=True, cwd=folder, env=ENVIRONMENT, capture_output=True)
    encoded = model.encoder.encode([row])
    feed = {"values": encoded.values[None].tolist(), "lengths": encoded.lengths.tolist()}
    raw = json.dumps({"inputs": {model.encoder.column: [row]}}).encode()
    plain = json.dumps({"inputs": feed}).encode()
    starts: dict[str, list[float]] = {"conveyor": [], "mlflow": []}
    measured: dict[str, Any] = {}
    apart = 0.0
    for turn in range(STARTS):
        with stopped(ours(raw)) as conveyor, stopped(theirs(plain, store)) as peer:
            starts["conveyor"].append(conveyor.start)
            starts["mlflow"].append(peer.start)
            if turn == STARTS - 1:
                answer = conveyor.predict(conveyor.connect())["predictions"][0]
                ours_row = np.array(list(answer["probabilities"].values()))
                peer_row = np.ravel(peer.predict(peer.connect())["predictions"])
                apart = float(np.abs(ours_row - peer_row).max())
                if apart > TOLERANCE:
                    sys.exit(f"the champion's answer is {apart:.1g} from that of {paths.model}, "
                             "which is another model; promote its version, then measure again: "
                             "python -m pipeline.promote VERSION")  # fmt: skip
                measured = {
                    "alone": {"conveyor": alone(conveyor), "mlflow": alone(peer)},
                    "offered": {"conveyor": offered(conveyor), "mlflow": offered(peer)},
                }
    return {**measured, "start_s": {k: median(v) for k, v in starts.items()}, "apart": apart}
