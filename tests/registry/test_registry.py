"""One version an artefact; only a verdict moves the champion; what is served is what was scored."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from tracked import runs_of

from conveyor import files, gates
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.registry.model_version import ModelVersion
from conveyor.registry.package import Challenger
from conveyor.registry.registry import Registry
from conveyor.serving import LoadedModel
from conveyor.serving.digests import write_digests

YES = gates.Verdict([gates.GateResult("bar: accuracy", True, "meets the bar", {})])
NO = gates.Verdict([gates.GateResult("bar: accuracy", False, "too low", {})])


def register(paths: Paths, verdict: gates.Verdict) -> tuple[Registry, ModelVersion]:
    registry = Registry("toys", paths)
    made = registry.register(Challenger.read(paths), verdict)
    registry.apply_verdict(made)
    return registry, made


def become_another_model(paths: Paths) -> None:
    """The same net with another card: another artefact."""
    card = files.read_json(paths.model / "card.json")
    files.write_json(paths.model / "card.json", {**card, "flops": card["flops"] + 1})
    write_digests(paths.model)


def test_before_the_first_version_there_is_nothing(toy_project: Paths) -> None:
    registry = Registry("toys", toy_project)
    assert registry.champion() is None
    assert registry.aliases() == {}
    assert registry.find_by_digest("0" * 64) is None


def test_a_store_that_cannot_answer_is_not_an_empty_registry(
    toy_project: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, _ = register(toy_project, YES)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    nowhere = MlflowClient("http://127.0.0.1:9", "http://127.0.0.1:9")
    registry.client = nowhere
    with pytest.raises(MlflowException):
        registry.champion()


def test_a_promoted_version_is_champion_with_its_reasons_and_origin(toy_project: Paths) -> None:
    registry, made = register(toy_project, YES)
    assert registry.aliases() == {"champion": "1", "challenger": "1"}
    (run,) = runs_of(toy_project)
    assert made.tags["train_run"] == run.info.run_id
    assert run.data.tags["version"] == "1"
    assert run.data.tags["verdict"] == "promoted"
    entity = registry.client.get_model_version("toys", made.version)
    sentence, gates_table = str(entity.description).split("\n\n")
    assert sentence == "every gate passes the model."
    assert "meets the bar" in gates_table
    assert entity.tags.keys() == {"verdict", "model_digest", "record", "settled"}
    description = registry.client.get_registered_model("toys").description
    assert description.startswith("A classification model of rows of series")
    champion = registry.champion()
    assert champion is not None
    assert champion.digest == files.digest_tree(toy_project.model)
    assert files.digest_tree(champion.fetch(toy_project)) == champion.digest
    found = registry.find_by_digest(champion.digest)
    assert found is not None
    assert found.version == made.version


def test_a_refused_version_keeps_its_reasons_and_the_champion_its_place(
    toy_project: Paths,
) -> None:
    register(toy_project, YES)
    become_another_model(toy_project)
    registry, made = register(toy_project, NO)
    assert registry.aliases() == {"champion": "1", "challenger": "2"}
    assert (made.tags["verdict"], made.tags["reasons"]) == ("refused", "too low")


def test_the_champion_before_stays_at_hand(toy_project: Paths) -> None:
    register(toy_project, YES)
    become_another_model(toy_project)
    registry, _ = register(toy_project, YES)
    assert registry.aliases() == {"champion": "2", "challenger": "2", "previous": "1"}


def test_a_version_whose_process_died_before_the_alias_is_settled_later(
    toy_project: Paths,
) -> None:
    registry = Registry("toys", toy_project)
    registry.register(Challenger.read(toy_project), YES)
    assert registry.aliases() == {}  # here it died
    again = Registry("toys", toy_project)
    found = again.find_by_digest(files.digest_tree(toy_project.model))
    assert found is not None
    again.apply_verdict(found)
    assert again.aliases() == {"champion": "1", "challenger": "1"}


def test_settling_again_does_not_undo_a_rollback(toy_project: Paths) -> None:
    register(toy_project, YES)
    become_another_model(toy_project)
    registry, made = register(toy_project, YES)
    registry.client.set_registered_model_alias("toys", "champion", "1")  # a person rolled back
    registry.apply_verdict(registry.version(made.version))
    assert registry.aliases()["champion"] == "1"


LOAD = """
import json, sys
import mlflow, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/toys@champion")
rows = json.load(open(sys.argv[2]))
answers = model.predict(pd.DataFrame({"series": rows}))
print(json.dumps([answers["label"].tolist(), [p["up"] for p in answers["probabilities"]]]))
print("tensorflow" in sys.modules)
"""


@pytest.fixture
def champion(toy_project: Paths, tmp_path: Path) -> tuple[Paths, Path, list[Any]]:
    """A project with a champion, a file of raw rows, and the rows."""
    register(toy_project, YES)
    rows = [row.tolist() for row in Prepared(toy_project.prepared).split("test").rows]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    return toy_project, tmp_path / "rows.json", rows


def scored(paths: Paths) -> tuple[list[str], np.ndarray]:
    answers = LoadedModel.load(paths.model).predict(Prepared(paths.prepared).split("test").rows)
    return [answer["label"] for answer in answers.records()], answers.outputs[:, 1]


def test_pyfunc_in_a_fresh_process_answers_raw_rows_as_scored(
    champion: tuple[Paths, Path, list[Any]], tmp_path: Path
) -> None:
    paths, rows, _ = champion
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    where = f"sqlite:///{paths.root / 'mlflow.db'}"
    done = subprocess.run([sys.executable, "-c", LOAD, where, str(rows)], cwd=tmp_path, text=True,
                          capture_output=True, check=True, env=environment)  # fmt: skip
    told, tensorflow = done.stdout.splitlines()[-2:]
    labels, up = json.loads(told)
    expected = scored(paths)
    assert labels == expected[0]
    np.testing.assert_allclose(up, expected[1], atol=1e-6)
    assert tensorflow == "False"


@pytest.fixture
def server(champion: tuple[Paths, Path, list[Any]]) -> Iterator[str]:
    """`mlflow models serve` of the champion, as a user types it."""
    paths, _, _ = champion
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["mlflow", "models", "serve", "-m", "models:/toys@champion", "--env-manager",
               "local", "-p", str(port)]  # fmt: skip
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{paths.root / 'mlflow.db'}",
                   "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}  # fmt: skip
    serving = subprocess.Popen(command, env=environment, start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 90
    try:
        while True:
            assert serving.poll() is None, "the server stopped"
            assert time.monotonic() < end, "the server did not start"
            try:
                urllib.request.urlopen(f"{address}/ping").close()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.2)
        yield address
    finally:
        os.killpg(serving.pid, 15)
        serving.wait()


def post(address: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        f"{address}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def test_the_served_champion_answers_raw_rows_as_scored_and_refuses_nonsense(
    champion: tuple[Paths, Path, list[Any]], server: str
) -> None:
    paths, _, rows = champion
    told = post(server, {"dataframe_records": [{"series": row} for row in rows]})["predictions"]
    expected = scored(paths)
    assert [one["label"] for one in told] == expected[0]
    np.testing.assert_allclose([one["probabilities"]["up"] for one in told], expected[1], atol=1e-6)
    with pytest.raises(urllib.error.HTTPError) as refused:
        post(server, {"dataframe_records": [{"series": [[1.0, 2.0, 3.0]]}]})
    assert refused.value.code == 400
    assert "a list of steps of 2 numbers each" in refused.value.read().decode()


def test_the_signature_tells_what_goes_in_and_what_comes_out(
    champion: tuple[Paths, Path, list[Any]],
) -> None:
    paths, _, _ = champion
    mlflow.set_tracking_uri(f"sqlite:///{paths.root / 'mlflow.db'}")
    mlflow.set_registry_uri(mlflow.get_tracking_uri())  # another test may have set another
    signature = mlflow.models.get_model_info("models:/toys@champion").signature
    assert signature is not None
    assert signature.inputs.input_names() == ["series"]
    assert signature.outputs.input_names() == ["label", "probability", "probabilities"]
