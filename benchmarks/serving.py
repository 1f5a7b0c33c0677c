"""What an answer costs: in process, over HTTP, from the start of a server, and by the file.

    python benchmarks/serving.py            # measures, writes serving.json, prints
    python benchmarks/serving.py --print    # prints serving.json

Needs a belt that is up to date (`make`). The peer is the same network, same weights, as MLflow's
own Keras flavour: registered in a store of its own, served by `mlflow models serve`. It is spared
the encoding: its requests hold scaled steps and lengths.
"""

import argparse
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from conveyor import files
from conveyor.batch.predict import predict_file
from conveyor.config import load
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.serving import Predictor

ROOT, RESULT = Path(__file__).parents[1], Path(__file__).with_suffix(".json")
CALLS, SECONDS, RATE, STARTS, ROUNDS, BATCH_ROWS = 3000, 10, 50, 3, 3, 20_000
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
               "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
               "MLFLOW_DISABLE_TELEMETRY": "true"}  # fmt: skip
Times = dict[str, float]


def figures(seconds: list[float]) -> Times:
    return {"p50_ms": median(seconds) * 1e3, "p99_ms": quantiles(seconds, n=100)[98] * 1e3}


def one_call(predictor: Predictor, rows: list[Any]) -> dict[str, Any]:
    """`Predictor.predict([row])` and the session alone on the encoded row, in turns."""
    encoded = [predictor.encoder.encode([row]) for row in rows]
    feeds = [{"values": e.values[None], "lengths": e.lengths} for e in encoded]
    ours: list[float] = []
    session: list[float] = []
    for call in range(CALLS):
        at = call % len(rows)
        began = time.perf_counter()
        predictor.session.run(["probabilities"], feeds[at])
        between = time.perf_counter()
        predictor.predict([rows[at]])
        session.append(between - began)
        ours.append(time.perf_counter() - between)
    return {"predictor": figures(ours), "session": figures(session)}


class Server:
    """A server process, and the seconds from its start to its first answer."""

    def __init__(self, command: list[str], port: int, body: bytes, environment: Any) -> None:
        self.port, self.body = port, body
        began = time.monotonic()
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while True:
            try:
                self.ask(self.connect())
                break
            except OSError:
                assert self.process.poll() is None, f"{command} ended"
                time.sleep(0.02)
        self.start = time.monotonic() - began

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port)

    def ask(self, connection: http.client.HTTPConnection) -> Any:
        head = {"content-type": "application/json"}
        connection.request("POST", "/invocations", self.body, head)
        answer = connection.getresponse()
        told = answer.read()
        if answer.status == 503:  # ours listens before the model is loaded
            raise ConnectionError
        assert answer.status == 200, told
        return json.loads(told)

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
    server.ask(connection)
    for _ in range(SECONDS * RATE):
        began = time.monotonic()
        server.ask(connection)
        times.append(time.monotonic() - began)
        time.sleep(max(0.0, 1 / RATE - times[-1]))
    return figures(times)


def offered(server: Server) -> Times:
    """RATE requests a second, answered or not; a latency counts from when its request is due."""
    times: list[float] = []
    began = time.monotonic() + 0.5

    def client(first: int, of: int) -> None:
        connection = server.connect()
        for number in range(first, SECONDS * RATE, of):
            due = began + number / RATE
            time.sleep(max(0.0, due - time.monotonic()))
            server.ask(connection)
            times.append(time.monotonic() - due)

    clients = [threading.Thread(target=client, args=(n, 16)) for n in range(16)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
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


def over_http(predictor: Predictor, paths: Paths, row: Any, folder: Path) -> dict[str, Any]:
    """Latencies and starts of both servers, and how far their answers lie apart."""
    store = f"sqlite:///{folder}/mlflow.db"
    logging = [sys.executable, "-c", LOG, store, str(paths.model.resolve() / "model.keras")]
    subprocess.run(logging, check=True, cwd=folder, env=ENVIRONMENT, capture_output=True)
    encoded = predictor.encoder.encode([row])
    feed = {"values": encoded.values[None].tolist(), "lengths": encoded.lengths.tolist()}
    raw = json.dumps({"inputs": {predictor.kind: [row]}}).encode()
    plain = json.dumps({"inputs": feed}).encode()
    starts: dict[str, list[float]] = {"conveyor": [], "mlflow": []}
    for turn in range(STARTS):
        with stopped(ours(raw)) as one, stopped(theirs(plain, store)) as other:
            starts["conveyor"].append(one.start)
            starts["mlflow"].append(other.start)
            if turn == STARTS - 1:
                told = one.ask(one.connect())["predictions"][0]["probabilities"]
                also = np.ravel(other.ask(other.connect())["predictions"])
                apart = float(np.abs(np.array(list(told.values())) - also).max())
                measured = {
                    "alone": {"conveyor": alone(one), "mlflow": alone(other)},
                    "offered": {"conveyor": offered(one), "mlflow": offered(other)},
                }
    return {**measured, "start_s": {k: median(v) for k, v in starts.items()}, "apart": apart}


def by_the_file(predictor: Predictor, paths: Paths, rows: list[Any], folder: Path) -> Times:
    """Rows a second: a Parquet file to a Parquet file, and `keras.Model.predict` in memory."""
    import keras

    many = (rows * (BATCH_ROWS // len(rows) + 1))[:BATCH_ROWS]
    source, target = folder / "in.parquet", folder / "out.parquet"
    pq.write_table(pa.table({predictor.kind: many}), source)
    values, lengths = predictor.encoder.encode(many).padded(range(len(many)))
    model: Any = keras.models.load_model(paths.model / "model.keras")
    feed = {"values": values, "lengths": lengths}

    def file() -> None:
        predict_file(predictor, source, target, column=None, skip_bad=False)

    def network() -> None:
        model.predict(feed, batch_size=256, verbose=0)

    network()  # it traces its graph once
    took = [(seconds(file), seconds(network)) for _ in range(ROUNDS)]
    ours, theirs = (median(column) for column in zip(*took, strict=True))
    return {"conveyor_rows_s": BATCH_ROWS / ours, "keras_rows_s": BATCH_ROWS / theirs}


def seconds(work: Callable[[], None]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def measure() -> dict[str, Any]:
    paths = Paths(ROOT)
    predictor = Predictor.load(paths.model)
    test = Prepared(paths.prepared).split("test").rows
    rows = [row if isinstance(row, str) else np.asarray(row).tolist() for row in test]
    found: dict[str, Any] = {"name": load("name", path=paths.config).name, "cores": os.cpu_count()}
    found["call"] = one_call(predictor, rows[:100])
    with tempfile.TemporaryDirectory() as name:
        found["http"] = over_http(predictor, paths, rows[0], Path(name))
        found["batch"] = by_the_file(predictor, paths, rows, Path(name))
    return found


def line(what: str, ours: float, theirs: float, unit: str, other: str) -> str:
    return (f"| {what} | {ours:.3g} {unit} | {theirs:.3g} {unit} | {other} | "
            f"{ours / theirs:.3g} |")  # fmt: skip


def table(found: dict[str, Any]) -> str:
    call, http_, batch = found["call"], found["http"], found["batch"]
    flavour = "MLflow's Keras flavour"
    lines = [
        f"{found['name']}, {found['cores']} cores; the servers' answers differ by "
        f"{http_['apart']:.0e} at most",
        "",
        "| what | Conveyor | other | the other is | ratio |",
        "| --- | --- | --- | --- | --- |",
    ]
    for p in ("p50_ms", "p99_ms"):
        ours, theirs = call["predictor"][p], call["session"][p]
        lines.append(line(f"one row in process, {p[:3]}", ours, theirs, "ms", "ONNX Runtime alone"))
    for how, title in (("alone", "one client, at most 50 a second"), ("offered", "50 a second")):
        for p in ("p50_ms", "p99_ms"):
            ours, theirs = (http_[how][who][p] for who in ("conveyor", "mlflow"))
            lines.append(line(f"one row over HTTP, {title}, {p[:3]}", ours, theirs, "ms", flavour))
    start = http_["start_s"]
    lines.append(line("start to first answer", start["conveyor"], start["mlflow"], "s", flavour))
    ours, theirs = batch["conveyor_rows_s"], batch["keras_rows_s"]
    lines.append(line("a file of rows", ours, theirs, "rows/s", "keras predict in memory"))
    return re.sub(r"e([+-])0*(\d)", r"e\1\2", "\n".join(lines))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--print", action="store_true", help="what was measured last")
    if not parser.parse_args().print:
        files.write_json(RESULT, measure())
    print(table(files.read_json(RESULT)))
