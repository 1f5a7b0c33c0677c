"""The champion over HTTP: MLflow's answers, V2's, and clear refusals."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from mlflow.pyfunc import scoring_server
from server_process import JSON, Server, ask, serving, until

from conveyor import files
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.serving import LoadedModel

LIMIT = "0.1"  # MiB


@pytest.fixture(scope="module")
def toy_server(project: Paths, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("log") / "stderr"
    with serving(project, log, "--name", "toys", "--body-limit", LIMIT) as server:
        yield server


@pytest.fixture(scope="module")
def word_server(project: Paths, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("log") / "stderr"
    with serving(project, log, "--name", "words") as server:
        yield server


@pytest.fixture(scope="module")
def rows(project: Paths) -> list[Any]:
    return [row.tolist() for row in Prepared(project.prepared).split("test").rows[:6]]


def bodies(column: str, rows: list[Any]) -> list[dict[str, Any]]:
    """The same rows in each of MLflow's formats."""
    records = [{column: row} for row in rows]
    return [
        {"dataframe_records": records},
        {"dataframe_split": {"columns": [column], "data": [[row] for row in rows]}},
        {"instances": records},
        {"inputs": {column: rows}},
    ]


def of_mlflow(paths: Paths, name: str, body: Any) -> Any:
    """What MLflow's own server answers: the function behind its /invocations."""
    mlflow.set_tracking_uri(f"sqlite:///{paths.root}/mlflow.db")
    mlflow.set_registry_uri(mlflow.get_tracking_uri())  # another test may have set another
    model = mlflow.pyfunc.load_model(f"models:/{name}@champion")
    schema = model.metadata.get_input_schema()
    answer = scoring_server.invocations(json.dumps(body), "application/json", model, schema)
    return json.loads(answer.response)["predictions"]


@pytest.mark.parametrize("form", range(4))
def test_series_are_answered_as_by_mlflow_with_the_version(
    project: Paths, toy_server: Server, rows: list[Any], form: int
) -> None:
    body = bodies("series", rows)[form]
    status, answer, headers = toy_server.ask("/invocations", body)
    assert (status, answer["model_version"], headers["x-model-version"]) == (200, "1", "1")
    assert answer["predictions"] == of_mlflow(project, "toys", bodies("series", rows)[0])


@pytest.mark.parametrize("form", range(4))
def test_texts_are_answered_as_by_mlflow(project: Paths, word_server: Server, form: int) -> None:
    body = bodies("text", ["good morning", "\u0301", "nobody knows these"])[form]
    status, answer, _ = word_server.ask("/invocations", body)
    assert (status, answer["predictions"]) == (200, of_mlflow(project, "words", body))


@pytest.mark.parametrize("text", ["", "   ", "\u200b"])
def test_a_blank_text_is_refused(word_server: Server, text: str) -> None:
    status, answer, _ = word_server.ask("/invocations", {"inputs": ["good", text]})
    assert (status, answer["message"]) == (
        400, f"row 1: expected a text; got {text!r}, which is blank"
    )  # fmt: skip
    tensor = {"name": "text", "datatype": "BYTES", "shape": [1], "data": [text]}
    status, answer, _ = word_server.ask("/v2/models/words/infer", {"inputs": [tensor]})
    assert (status, answer["error"]) == (
        400, f"row 0: expected a text; got {text!r}, which is blank"
    )  # fmt: skip


def test_v2_answers_texts_in_bytes(word_server: Server) -> None:
    texts = ["good morning", "bad"]
    tensor = {"name": "text", "datatype": "BYTES", "shape": [2], "data": texts}
    status, answer, _ = word_server.ask("/v2/models/words/infer", {"id": "7", "inputs": [tensor]})
    plain = word_server.ask("/invocations", {"inputs": texts})[1]["predictions"]
    assert (status, answer["id"], answer["model_version"]) == (200, "7", "1")
    outputs = {output["name"]: output for output in answer["outputs"]}
    assert outputs["label"]["data"] == [record["label"] for record in plain]
    assert outputs["probabilities"]["shape"] == [2, 2]
    assert outputs["probabilities"]["data"] == [
        record["probabilities"][name] for record in plain for name in ("no", "yes")
    ]


def test_v2_answers_padded_series_by_their_lengths(toy_server: Server, rows: list[Any]) -> None:
    lengths = [len(row) for row in rows]
    padded = np.full((len(rows), max(lengths), 2), 99.0)
    for number, row in enumerate(rows):
        padded[number, : len(row)] = row
    tensors = [
        {"name": "series", "datatype": "FP64", "shape": list(padded.shape),
         "data": padded.ravel().tolist()},
        {"name": "lengths", "datatype": "INT32", "shape": [len(rows)], "data": lengths},
    ]  # fmt: skip
    body = {"inputs": tensors, "outputs": [{"name": "label"}]}
    status, answer, _ = toy_server.ask("/v2/models/toys/infer", body)
    plain = toy_server.ask("/invocations", {"inputs": rows})[1]["predictions"]
    assert status == 200
    assert [output["name"] for output in answer["outputs"]] == ["label"]
    assert answer["outputs"][0]["data"] == [record["label"] for record in plain]


def test_health_and_metadata(toy_server: Server, word_server: Server) -> None:
    for path in ("/ping", "/health", "/v2", "/v2/health/live", "/v2/health/ready",
                 "/v2/models/toys/ready"):  # fmt: skip
        assert toy_server.ask(path)[0] == 200, path
    assert toy_server.ask("/version")[1] == mlflow.__version__
    metadata = toy_server.ask("/v2/models/toys")[1]
    assert (metadata["name"], metadata["versions"]) == ("toys", ["1"])
    assert metadata["inputs"][0]["shape"] == [-1, -1, 2]
    assert metadata["parameters"]["optional_inputs"] == ["lengths"]
    assert "optional_inputs" not in word_server.ask("/v2/models/words")[1]["parameters"]


GOOD = [[1.0, 2.0]]
TENSOR = {"name": "series", "datatype": "FP32", "shape": [1, 1, 2], "data": [1, 2]}
LENGTHS = {"name": "lengths", "datatype": "INT32", "shape": [1]}


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/invocations", b"{", 400, "request body is not valid JSON"),
        ("/invocations", [1], 400,
         "request body: expected an object with exactly one of dataframe_split"),
        ("/invocations", {"rows": []}, 400, "got an object with rows"),
        ("/invocations", {"inputs": [GOOD], "instances": [GOOD]}, 400,
         "got an object with inputs, instances"),
        ("/invocations", {"inputs": []}, 400, "expected at least one row; got none"),
        ("/invocations", {"inputs": {"text": ["a"]}}, 400,
         "inputs: expected 'series'; got text"),
        ("/invocations", {"inputs": [GOOD, [[1.0]]]}, 400,
         "row 1: expected a list of steps of 2 numbers each; got an array of shape (1, 1)"),
        ("/invocations", {"inputs": [GOOD, "words"]}, 400, "got the text 'words'"),
        ("/invocations", {"inputs": [GOOD, []]}, 400,
         "row 1: expected a list of steps of 2 numbers each; got no step"),
        ("/invocations", {"inputs": {"series": [[[]]]}}, 400, "row 0: expected a list of steps"),
        ("/invocations", {"inputs": [[[1.0, None]]]}, 400, "row 0: expected a list of steps of 2 "
         "numbers each; got a missing value (null or NaN)"),
        ("/invocations", {"dataframe_records": [{"series": GOOD}, {"x": 1}]}, 400,
         "row 1: expected an object with 'series'; got an object with x"),
        ("/invocations", {"dataframe_split": {"columns": ["series"], "data": [[GOOD], []]}}, 400,
         "row 1: expected 1 values; got 0 values"),
        ("/v2/models/toys/infer", {"inputs": [{**TENSOR, "shape": [1, 2, 2]}]}, 400,
         "series: expected `data` of datatype FP32 and shape [1, 2, 2]"),
        ("/v2/models/toys/infer", {"inputs": [{**TENSOR, "shape": [1, 2, 1]}]}, 400,
         "row 0: expected a list of steps of 2 numbers each; got an array of shape (2, 1)"),
        ("/v2/models/toys/infer", {"inputs": [TENSOR, {**LENGTHS, "data": [2]}]}, 400,
         "lengths: expected 1 to 1 steps; got [2]"),
        ("/v2/models/toys/infer", {"inputs": [TENSOR, {**LENGTHS, "data": [0]}]}, 400,
         "lengths: expected 1 to 1 steps; got [0]"),
        ("/v2/models/other/infer", {"inputs": [TENSOR]}, 404,
         "model 'other' not found; this is 'toys'"),
        ("/nowhere", None, 404, "path /nowhere not found"),
        ("/invocations", None, 405, "method GET is not allowed"),
        ("/invocations", b'"' + b"x" * 200_000 + b'"', 413, "expected at most 104857 bytes"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_came_and_what_is_needed(
    toy_server: Server, path: str, body: Any, status: int, message: str
) -> None:
    actual, answer, _ = toy_server.ask(path, body)
    assert actual == status
    assert message in answer["error" if path.startswith("/v2") else "message"]


def test_a_body_of_unknown_length_is_refused_as_soon_as_it_is_too_much(
    toy_server: Server,
) -> None:
    connection = toy_server.connect()
    parts = iter([b"[", *[b"1," * 10_000] * 20])
    connection.request("POST", "/invocations", parts, JSON, encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == 413
    assert b"expected at most 104857 bytes" in answer.read()
    connection.close()


def test_a_body_that_is_announced_as_too_much_is_refused_unread(toy_server: Server) -> None:
    connection = toy_server.connect()
    connection.putrequest("POST", "/invocations")
    for name, value in {**JSON, "content-length": "200000"}.items():
        connection.putheader(name, value)
    connection.endheaders()  # and nothing behind them
    assert connection.getresponse().status == 413
    connection.close()


def test_a_request_under_way_is_answered_when_the_server_is_told_to_stop(
    project: Paths, rows: list[Any], tmp_path: Path
) -> None:
    body = json.dumps({"inputs": rows}).encode()
    with serving(project, tmp_path / "log", "--name", "toys") as server:
        connection = server.connect()
        connection.putrequest("POST", "/invocations")
        for name, value in {**JSON, "content-length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders(body[:10])
        time.sleep(0.3)
        server.process.terminate()
        time.sleep(0.5)
        connection.send(body[10:])
        answer = connection.getresponse()
        assert answer.status == 200
        assert len(json.loads(answer.read())["predictions"]) == len(rows)
        assert server.process.wait(30) == 0


def test_other_content_types_are_refused(toy_server: Server) -> None:
    status, answer, _ = toy_server.ask("/invocations", b"a", **{"content-type": "text/csv"})
    assert (status, answer["message"]) == (
        415, "content type: expected application/json; got text/csv"
    )  # fmt: skip


def test_it_listens_on_this_machine_only_and_stops_cleanly(project: Paths, tmp_path: Path) -> None:
    with serving(project, tmp_path / "log", "--name", "toys") as server:
        assert "on http://127.0.0.1:" in server.output
        assert server.stop() == 0
    assert server.output.endswith("stopped\n")
    assert "Traceback" not in server.output


def test_an_answer_does_not_wait_for_the_clients_acknowledgement(
    toy_server: Server, rows: list[Any]
) -> None:
    connection, times = toy_server.connect(), []
    for _ in range(30):
        start = time.monotonic()
        ask(connection, "/invocations", {"inputs": rows[:1]})
        times.append(time.monotonic() - start)
        time.sleep(0.02)  # an idle connection acknowledges late, by 40 ms
    assert sorted(times)[15] < 0.03


def test_a_model_that_is_not_there_ends_the_server_with_what_to_do(
    project: Paths, tmp_path: Path
) -> None:
    server = Server(project, tmp_path / "log", "--name", "toys", "--alias", "best")
    assert server.process.wait(60) == 2
    assert (
        "no alias 'best' of a model 'toys' (aliases: challenger, champion, previous)"
        in server.output
    )


def test_a_folder_is_served_without_mlflow(project: Paths, tmp_path: Path) -> None:
    folder = project.root / "model-1"
    code = """
import runpy, sys, threading, time, urllib.request
def check(port):
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ping").close()
            break
        except OSError:
            time.sleep(0.05)
    heavy = {"mlflow", "pandas", "tensorflow", "keras", "onnx"} & set(sys.modules)
    print("loaded:", sorted(heavy), file=sys.stderr)
threading.Thread(target=check, args=(sys.argv[2],), daemon=True).start()
sys.argv = ["serve", "--model", sys.argv[1], "--port", sys.argv[2]]
runpy.run_module("pipeline.serve", run_name="__main__")
"""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    log = tmp_path / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(folder), port], env=os.environ, stderr=file
        )
    until(lambda: "loaded:" in log.read_text())
    connection = HTTPConnection("127.0.0.1", int(port), timeout=30)
    row = [[1.0, 2.0]]
    status, answer, headers = ask(connection, "/invocations", {"inputs": [row]})
    connection.close()
    process.terminate()
    assert process.wait(30) == 0
    assert "loaded: []" in log.read_text()
    assert (status, answer["predictions"]) == (
        200,
        LoadedModel.load(folder).predict([row]).records(),
    )
    assert headers["x-model-version"] == files.digest_tree(folder)[:12]


def test_a_folder_cannot_be_reloaded(project: Paths, tmp_path: Path) -> None:
    folder = str(project.root / "model-1")
    server = Server(project, tmp_path / "log", "--model", folder, "--reload")
    assert server.process.wait(60) == 2
    assert "--reload: not allowed with argument --model" in server.output


def test_records_hold_what_the_predictor_answers(project: Paths, rows: list[Any]) -> None:
    answers = LoadedModel.load(project.root / "model-1").predict(rows)
    record = answers.records()[0]
    assert record["label"] == answers.records()[0]["label"]
    assert record["probability"] == max(record["probabilities"].values())
    assert list(record["probabilities"]) == answers.task.spec.classes


def test_the_example_is_a_command_that_the_server_answers(
    project: Paths, toy_server: Server, tmp_path: Path
) -> None:
    token_file = tmp_path / "the token"
    token_file.write_text("0123456789abcdef")
    options = ("--model", project.root / "model-1", "--port", str(toy_server.connect().port),
               "--token-file", token_file)  # fmt: skip
    command = [sys.executable, "-m", "pipeline.serve", "--example", *options]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert len(printed.splitlines()) == 3  # a person can read and paste it
    typed = subprocess.run(["sh", "-c", printed], capture_output=True, text=True, check=True)
    assert json.loads(typed.stdout)["predictions"][0]["label"] in ("up", "down")
    assert "cat: " not in typed.stderr
    [row] = json.loads(printed.splitlines()[1])["inputs"]["series"]
    training = Prepared(project.prepared).split("train").rows
    assert any(np.array_equal(np.float32(row), stored) for stored in training)
