"""`mlflow models serve` of a tagger and of a forecaster answers as the model's own server does."""

from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from mlflow_process import mlflow_serving
from registered import register
from server_process import ask

from conveyor.compose import compose
from conveyor.config import TrainConfig, narrow
from conveyor.data.prepare import prepare
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.registry.registry import Registry
from conveyor.serving import LoadedModel
from conveyor.training.fit import fit
from conveyor.training.model_folder import write_model
from tests.server.in_process import InProcess, Request

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
TOKENS = ["fly", "to", "New", "York", ",", "tomorrow", "!"]


@dataclass(frozen=True)
class Served:
    """A model behind MLflow's server, and behind its own."""

    name: str
    model: LoadedModel
    rows: list[Any]
    inputs: list[tuple[str, bool]]  # names of the signature, and whether each is required
    port: int
    own: InProcess

    def ask_both(self, body: dict[str, Any]) -> tuple[Any, Any]:
        """Return the answers of MLflow's server and of ours."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        status, answer, _ = ask(connection, "/invocations", body)
        assert status == 200, answer
        import json

        own = self.own.send(Request("/invocations", json.dumps(body).encode()))
        assert own.status == 200, own.value
        return answer["predictions"], own.value["predictions"]


@pytest.fixture(scope="module", params=["trips", "shop_visits"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    name: str = request.param
    config = compose(
        Paths(ROOT), [f"choose.experiment={name}", "train.updates=60", "train.refit=false"]
    )
    paths = Paths(tmp_path_factory.mktemp(name))
    prepare(config.dataset, ROOT, paths.prepared, paths.root / "cache")
    prepared = Prepared(paths.prepared)
    network, history = fit(config, prepared, progress=False)
    write_model(network, history, narrow(config, TrainConfig), prepared, paths.model)
    rows = list(prepared.split("test").rows[:5])
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
            patch.delenv(variable, raising=False)
        register(name, paths, prepared.meta.kind, rows[0])
        version = Registry(name, paths).client.get_model_version_by_alias(name, "champion")
        import mlflow

        mlflow.set_tracking_uri(f"sqlite:///{paths.root}/mlflow.db")
        schema = mlflow.models.get_model_info(f"models:/{name}/{version.version}").signature.inputs
    inputs = [(column.name, column.required) for column in schema]
    model = LoadedModel.load(paths.model)
    own = InProcess(model, paths.root)
    with mlflow_serving(paths.root, name, paths.root / "log") as port:
        yield Served(name, model, rows, inputs, port, own)
    own.close()


def bodies(served: Served) -> dict[str, dict[str, Any]]:
    """Rows of different lengths in MLflow's forms, by the columns of the signature."""
    if served.name == "shop_visits":
        tables = {"series": [row.tolist() for row in served.rows]}
    else:
        tables = {"text": ["Fly to New York, tomorrow!", "to Oslo"], "tokens": [TOKENS, ["to"]]}
    forms = {}
    for column, cells in tables.items():
        records = [{column: cell} for cell in cells]
        forms |= {
            f"{column}, split": {
                "dataframe_split": {"columns": [column], "data": [[cell] for cell in cells]}
            },
            f"{column}, records": {"dataframe_records": records},
            f"{column}, inputs": {"inputs": {column: cells}},
            f"{column}, instances": {"instances": {column: cells}},
        }
    return forms


def test_each_form_is_answered_by_mlflow_as_by_the_own_server(served: Served) -> None:
    expected = {"trips": [("text", False), ("tokens", False)], "shop_visits": [("series", True)]}
    assert served.inputs == expected[served.name]
    for form, body in bodies(served).items():
        answers, own = served.ask_both(body)
        assert answers == own, form
    if served.name == "trips":
        assert answers == served.model.predict([TOKENS, ["to"]]).records()
    else:
        assert answers == served.model.predict(served.rows).records()
