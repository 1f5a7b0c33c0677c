"""A second model beside the one that answers: compared with each answer, seen by no client."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from registered import point
from server_process import serving, until

from conveyor import files
from conveyor.data.store import Prepared
from conveyor.encoding import RowError
from conveyor.paths import Paths
from conveyor.registry.registry import Registry
from conveyor.server.alias_poller import AliasPoller
from conveyor.server.live_model import LiveModel, ModelSlot
from conveyor.server.shadow import AnsweredRequest, Shadow
from conveyor.serving import LoadedModel
from tests.server.test_metrics_route import figures_of
from tests.server.test_request_log import read_log


@pytest.fixture
def rows(project: Paths) -> list[Any]:
    return [row.tolist() for row in Prepared(project.prepared).split("test").rows[:6]]


def test_each_request_is_answered_by_the_champion_and_compared_with_the_shadow(
    project: Paths, rows: list[Any], tmp_path: Path
) -> None:
    point(project, 1)
    notes = tmp_path / "notes"
    options = ("--name", "toys", "--shadow", "2", "--log-share", "1", "--log-folder", str(notes))
    with serving(project, tmp_path / "log", *options) as server:
        until(lambda: "version 2 of toys is the shadow" in server.output)
        for _ in range(3):
            status, answer, _ = server.ask("/invocations", {"inputs": rows})
            assert (status, answer["model_version"]) == (200, "1")
        until(lambda: figures_of(server)["conveyor_shadow_rows_total"][()] == 3 * len(rows))
        figures = figures_of(server)
    champion, shadow = (
        LoadedModel.load(project.root / f"model-{version}").predict(rows) for version in (1, 2)
    )
    assert answer["predictions"] == champion.records()
    labels = [[record["label"] for record in each.records()] for each in (champion, shadow)]
    differ = [a != b for a, b in zip(*labels, strict=True)]
    assert any(differ)
    assert figures["conveyor_shadow_disagreements_total"][()] == 3 * sum(differ)
    # The versions have other class names, so their outputs are of different things.
    assert figures["conveyor_shadow_difference_count"][()] == 0
    assert figures["conveyor_predict_seconds_count"] == {("live",): 3.0, ("shadow",): 3.0}
    assert [key[1] for key in figures["conveyor_shadow_info"]] == ["2"]
    table = read_log(notes).to_pylist()
    assert [row["version"] for row in table] == ["1"] * 3 * len(rows)
    assert [row["shadow"]["version"] for row in table] == ["2"] * 3 * len(rows)
    assert [row["shadow"]["answer"] for row in table[: len(rows)]] == labels[1]
    assert [row["shadow"]["disagrees"] for row in table[: len(rows)]] == differ
    assert all(row["seconds"] > 0 and row["shadow"]["seconds"] > 0 for row in table)


def test_a_shadow_that_is_not_there_is_logged_and_looked_for_again(
    project: Paths, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    poller = AliasPoller(ModelSlot("toys"), "shadow", 0.01, project, is_required=False)
    poller.start(on_failure=lambda: pytest.fail("the server would end"))
    until(lambda: "there is no shadow" in caplog.text)
    assert "no alias 'shadow'" in caplog.text
    client = Registry("toys", project).client
    client.set_registered_model_alias("toys", "shadow", "2")
    until(lambda: poller.slot.current is not None)
    poller.stop()
    client.delete_registered_model_alias("toys", "shadow")
    assert caplog.text.count("there is no shadow") == 1


def request_of(live: LiveModel, rows: list[Any]) -> AnsweredRequest:
    return AnsweredRequest(live, rows, live.model.predict(rows), 0.001)


@pytest.fixture
def champion(toy_product: Path) -> LiveModel:
    return LiveModel("toys", "1", LoadedModel.load(toy_product))


def test_a_shadow_that_fails_is_counted_and_logged_once(
    champion: LiveModel, word_product: Path, rows: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    words = LiveModel("words", "2", LoadedModel.load(word_product))  # it reads texts
    shadow = Shadow(ModelSlot("words", words))
    for _ in range(3):
        assert shadow.answer(request_of(champion, rows)) is None
    shadow.background.close()
    assert shadow.failures == 3
    assert caplog.text.count("shadow version 2 failed") == 1
    assert RowError.__name__ in caplog.text


def test_a_slow_shadow_delays_nothing_and_the_waiting_requests_are_bounded(
    champion: LiveModel, rows: list[Any]
) -> None:
    shadow, release = Shadow(ModelSlot("toys", champion)), threading.Event()
    ran: list[int] = []

    def job(number: int) -> None:
        release.wait(30)
        ran.append(number)

    taken = [shadow.background.submit(lambda n=number: job(n)) for number in range(100)]
    assert 0 < sum(taken) < 100
    assert shadow.background.dropped == 100 - sum(taken)
    release.set()
    shadow.background.close()
    assert ran == list(range(sum(taken)))


def test_outputs_of_one_target_are_compared(
    champion: LiveModel, toy_product: Path, rows: list[Any]
) -> None:
    model = LoadedModel.load(toy_product)
    model.encoder.shift = model.encoder.shift + 1  # type: ignore[attr-defined]
    shadow = Shadow(ModelSlot("toys", LiveModel("toys", "2", model)))
    answer = shadow.answer(request_of(champion, rows))
    shadow.background.close()
    outputs, others = (each.predict(rows).outputs for each in (champion.model, model))
    assert answer is not None
    assert answer.differences == pytest.approx(np.abs(outputs - others).max(axis=1).tolist())
    assert min(answer.differences) > 0


def test_models_of_other_targets_are_compared_by_their_answers_alone(
    champion: LiveModel, toy_product: Path, rows: list[Any]
) -> None:
    other = LoadedModel.load(toy_product)
    card = files.read_json(toy_product / "card.json")
    target = other.task.spec.model_copy(update={"classes": ["down", "sideways"]})
    assert card["target"]["classes"] == ["down", "up"]
    renamed = LoadedModel(
        other.session, other.encoder, other.card.model_copy(update={"target": target})
    )
    shadow = Shadow(ModelSlot("toys", LiveModel("toys", "2", renamed)))
    answer = shadow.answer(request_of(champion, rows))
    shadow.background.close()
    assert answer is not None
    assert answer.differences is None
    ups = [record["label"] == "up" for record in champion.model.predict(rows).records()]
    assert answer.disagrees == ups
    assert [record["difference"] for record in answer.records()] == [None] * len(rows)
