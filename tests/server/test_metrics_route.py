"""What a monitoring system reads: counts, times, the model, and how far the inputs moved."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from server_process import Server, until

from conveyor.server.live_model import LiveModel
from conveyor.serving import LoadedModel
from tests.server.in_process import InProcess, Request

Figures = dict[str, dict[tuple[str, ...], float]]


def read(text: str) -> Figures:
    """Figures by name and by the values of their labels, in the order of the labels' names."""
    figures: Figures = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = tuple(sample.labels[name] for name in sorted(sample.labels))
            figures.setdefault(sample.name, {})[key] = sample.value
    return figures


def figures_of(server: Server) -> Figures:
    status, text, headers = server.ask("/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain")
    return read(text)


def test_requests_rows_and_answers_are_counted(servers: dict[str, Server]) -> None:
    server = servers["words"]
    before = figures_of(server)
    texts = ["good morning", "bad evening", "nobody"]
    answers = server.ask("/invocations", {"inputs": texts})[1]["predictions"]
    server.ask("/invocations", {"inputs": [""]})
    server.ask("/v2/models/words")
    server.ask("/made/up/by/a/client")
    after = figures_of(server)

    def added(name: str, *labels: str) -> float:
        return after[name][labels] - before.get(name, {}).get(labels, 0.0)

    assert added("conveyor_requests_total", "200", "/invocations") == 1
    assert added("conveyor_requests_total", "400", "/invocations") == 1
    assert added("conveyor_requests_total", "200", "/v2/models/{name}") == 1
    assert added("conveyor_requests_total", "404", "other") == 1
    assert added("conveyor_request_seconds_count", "/invocations") == 2
    assert added("conveyor_request_rows_count") == 1
    assert added("conveyor_request_rows_sum") == 3
    for label in {answer["label"] for answer in answers}:
        count = sum(answer["label"] == label for answer in answers)
        assert added("conveyor_answers_total", "predicted label", label) == count
    assert "process_resident_memory_bytes" in after


def test_the_model_is_named_with_its_digest(servers: dict[str, Server]) -> None:
    [(digest, name, version)] = figures_of(servers["toys"])["conveyor_model_info"]
    assert name == "toys"
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert digest.startswith(version)
    assert figures_of(servers["toys"])["conveyor_model_ready"] == {(): 1.0}


def test_tokens_that_the_model_does_not_know_show(servers: dict[str, Server]) -> None:
    server = servers["words"]

    def unknown_share() -> float:
        return figures_of(server).get("conveyor_input_unknown_share", {}).get((), 0.0)

    for _ in range(3):
        server.ask("/invocations", {"inputs": ["neverheard word"]})
    until(lambda: unknown_share() > 0)


@pytest.fixture
def toy_app(toy_product: Path, tmp_path: Path) -> InProcess:
    return InProcess(LoadedModel.load(toy_product), tmp_path)


def test_channels_that_move_away_from_the_training_rows_show(toy_app: InProcess) -> None:
    encoder = toy_app.app.slot.require().model.encoder
    row = (encoder.mean + [0, 3] * encoder.scale).tolist()  # type: ignore[attr-defined]
    window = toy_app.app.metrics.window
    for length in (1, 2, 5):
        window.add(toy_app.app.slot.require(), [[row] * length])
    text = toy_app.send(Request("/metrics", method="GET")).content.decode()
    figures = read(text)
    assert figures["conveyor_input_shift"] == {("0",): pytest.approx(0.0, abs=1e-9),
                                               ("1",): pytest.approx(3.0)}  # fmt: skip
    assert figures["conveyor_input_rows"] == {(): 3.0}
    live = toy_app.app.slot.require()
    toy_app.app.slot.replace(LiveModel("toys", "2", live.model))
    window.add(toy_app.app.slot.require(), [[row]])
    assert (shift := window.measure()) is not None
    assert shift.rows == 1  # another model has another profile
    toy_app.close()


def test_a_handler_that_fails_counts_as_an_error(
    toy_app: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(rows: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(toy_app.app.slot.require().model, "predict", fail)
    with pytest.raises(ZeroDivisionError):
        toy_app.send(Request("/invocations", b'{"inputs": [[[1, 2]]]}'))
    figures = read(toy_app.send(Request("/metrics", method="GET")).content.decode())
    assert figures["conveyor_requests_total"] == {("500", "/invocations"): 1.0}
    toy_app.close()
