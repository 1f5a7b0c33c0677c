"""`mlflow models serve` on a registered model: each form of the requests of MLflow's own server."""

from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest
from mlflow_process import mlflow_serving
from registered import point
from server_process import ask

from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.serving import LoadedModel

Rows = list[list[list[float]]]


@pytest.fixture(scope="module")
def mlflow_server(project: Paths, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of MLflow's server of the toys' version 1."""
    point(project, 1)
    with mlflow_serving(project.root, "toys", tmp_path_factory.mktemp("log") / "output") as port:
        yield port


def forms(rows: Rows) -> dict[str, Any]:
    """The rows in each of MLflow's forms, and in each notation of a form."""
    records = [{"series": row} for row in rows]
    return {
        "split": {"dataframe_split": {"columns": ["series"], "data": [[row] for row in rows]}},
        "records": {"dataframe_records": records},
        "columns": {"inputs": {"series": rows}},
        "columns of instances": {"instances": {"series": rows}},
        "instances": {"instances": records},
    }


WHOLE = [[[1, 2], [3, 4]], [[0, -1], [0.5, 2]]]  # JSON has one type of numbers


@pytest.mark.parametrize("form", forms([]))
def test_each_form_of_series_is_answered(mlflow_server: int, project: Paths, form: str) -> None:
    stored = [row.tolist() for row in Prepared(project.prepared).split("test").rows[:5]]
    model = LoadedModel.load(project.root / "model-1")
    assert len({len(row) for row in stored}) > 1
    for rows in (stored, stored[:1], WHOLE):
        if form == "instances" and rows is stored:
            continue  # MLflow makes one array of a column of instances, which needs equal lengths
        connection = HTTPConnection("127.0.0.1", mlflow_server, timeout=30)
        status, answer, _ = ask(connection, "/invocations", forms(rows)[form])
        assert status == 200, answer
        assert answer["predictions"] == model.predict(rows).records()


def test_a_row_that_cannot_be_read_is_refused_by_the_model(mlflow_server: int) -> None:
    connection = HTTPConnection("127.0.0.1", mlflow_server, timeout=30)
    status, answer, _ = ask(connection, "/invocations", {"inputs": {"series": [[[1.0]]]}})
    assert status == 400
    assert "row 0: expected a list of steps of 2 numbers each" in str(answer)
