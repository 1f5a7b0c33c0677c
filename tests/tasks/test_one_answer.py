"""A row has one answer where a task answers at each step, or for the steps to come.

It does not matter who answers, what a row is padded with, and beside which rows it is read. A fit
that is killed ends with the weights that give it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fitting
import keras
import numpy as np
import pytest
from close_answers import assert_close

from benchmarks.trips import render
from conveyor.batch.predict import predict_file
from conveyor.compose import compose
from conveyor.config import Config, FitConfig, TrainConfig, narrow
from conveyor.data.prepare import prepare
from conveyor.data.store import Prepared
from conveyor.models.export import TOLERANCE, predict
from conveyor.paths import Paths
from conveyor.serving import LoadedModel
from conveyor.serving.measurements import largest_difference
from conveyor.training.fit import fit
from conveyor.training.model_folder import write_model
from tests.server.in_process import InProcess, Request

ROOT = Path(__file__).parents[2]
ROWS = 1000
PIECE = 50  # rows of a request
ANOTHER_BATCH = 1e-6  # largest difference of an output between two batches, in the task's unit
# By experiment: what makes its test split 1,000 rows or more, and its fit short.
CHANGES = {
    "trips": ["dataset.source.files.all=trips.conll", "dataset.split.test.share=0.9",
              "dataset.checks.max_dropped_share=0.9"],
    "shop_visits": ["dataset.split.test.share=0.4"],
}  # fmt: skip
SHORT = ["train.updates=6", "train.validate_every=2", "train.refit=false", "train.folds=null"]


@pytest.fixture(scope="module", params=CHANGES)
def experiment(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def config(experiment: str) -> Config:
    return compose(Paths(ROOT), [f"choose.experiment={experiment}", *CHANGES[experiment], *SHORT])


@pytest.fixture(scope="module")
def prepared(experiment: str, config: Config, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp(experiment)
    (folder / "trips.conll").write_text(render(1300, seed=3))
    source = folder if experiment == "trips" else ROOT
    prepare(config.dataset, source, folder / "prepared", folder / "cache")
    return Prepared(folder / "prepared")


@pytest.fixture(scope="module")
def folder(config: Config, prepared: Prepared) -> Path:
    """A model of large, random weights, whose answers depend on each value of a row."""
    network, history = fit(config, prepared, progress=False)
    draw = np.random.default_rng(0)
    weights: list[Any] = network.get_weights()
    network.set_weights([w + 0.3 * draw.standard_normal(w.shape) for w in weights])
    folder = prepared.folder.parent / "model"
    write_model(network, history, narrow(config, TrainConfig), prepared, folder)
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> LoadedModel:
    return LoadedModel.load(folder)


@pytest.fixture(scope="module")
def rows(prepared: Prepared) -> list[Any]:
    rows = list(prepared.split("test").rows[:ROWS])
    assert len(rows) == ROWS
    return rows


@pytest.fixture(scope="module")
def evaluated(model: LoadedModel, prepared: Prepared) -> Any:
    """Outputs of the rows, as the stage `evaluate` computes them among all test rows."""
    return model.predict(prepared.split("test").rows).outputs[:ROWS]


@pytest.fixture
def app(model: LoadedModel, tmp_path: Path) -> Iterator[InProcess]:
    app = InProcess(model, tmp_path)
    yield app
    app.close()


def as_json(row: Any) -> Any:
    """A row as a client writes it: null where a value is missing."""
    if isinstance(row[0], str):  # tokens
        return row
    return [[None if np.isnan(number) else float(number) for number in step] for step in row]


def test_a_thousand_rows_are_served_as_they_were_evaluated(
    model: LoadedModel, folder: Path, prepared: Prepared, rows: list[Any], evaluated: Any,
    app: InProcess, tmp_path: Path,
) -> None:  # fmt: skip
    network: Any = keras.models.load_model(folder / "model.keras")
    trained = predict(network, prepared.split("test").encoded.first(ROWS))
    assert largest_difference(model, trained, evaluated) <= TOLERANCE
    expected = model.task.answers.records(evaluated, list(map(model.encoder.locate, rows)))
    records = [{model.encoder.column: as_json(row)} for row in rows]
    served = []
    for start in range(0, ROWS, PIECE):
        body = json.dumps({"dataframe_records": records[start : start + PIECE]})
        response = app.send(Request("/invocations", body.encode()))
        assert response.status == 200, response.content
        served += response.value["predictions"]
    assert_close(served, expected)
    source, target = tmp_path / "rows.jsonl", tmp_path / "answers.jsonl"
    source.write_text("".join(json.dumps(record) + "\n" for record in records))
    predict_file(model, source, target, column=None, skip_bad=False)
    answers = [json.loads(line) for line in target.read_text().splitlines()]
    assert_close([{name: answer[name] for name in expected[0]} for answer in answers], expected)


def test_the_order_and_the_company_of_rows_change_no_answer(
    model: LoadedModel, rows: list[Any], evaluated: Any
) -> None:
    order = np.random.default_rng(1).permutation(ROWS)
    for batch_size in (256, 7):
        shuffled = model.predict([rows[i] for i in order], batch_size=batch_size).outputs
        assert largest_difference(model, shuffled, evaluated[order]) <= ANOTHER_BATCH


def test_padding_a_row_further_changes_no_answer(
    experiment: str, model: LoadedModel, folder: Path, prepared: Prepared, rows: list[Any],
    evaluated: Any,
) -> None:  # fmt: skip
    if experiment == "shop_visits":  # a window has one size: older steps are cut, or missing
        longer = [np.concatenate([np.ones((5, row.shape[1])), row]) for row in rows]
        assert largest_difference(model, model.predict(longer).outputs, evaluated) == 0
        short = [row[20:] for row in rows]
        alone, beside = model.predict(short).outputs, model.predict([*longer, *short]).outputs
        assert largest_difference(model, alone, evaluated) > TOLERANCE
        assert largest_difference(model, beside[ROWS:], alone) <= ANOTHER_BATCH
        return
    network: Any = keras.models.load_model(folder / "model.keras")
    inputs = prepared.split("test").encoded.pad_rows(np.arange(ROWS))
    widths = [(0, 0)] * inputs["values"].ndim
    widths[1] = (0, 9)
    wider = {**inputs, "values": np.pad(inputs["values"], widths)}
    for outputs in (np.asarray(network(wider)), model.session.run(None, wider)[0]):
        cut = [row[:steps] for row, steps in zip(outputs, inputs["lengths"], strict=True)]
        differences = [np.abs(a - b).max() for a, b in zip(cut, evaluated, strict=True)]
        assert max(differences) <= TOLERANCE


@pytest.mark.slow  # test_every_task.py kills a fit on small series of each task
def test_a_killed_fit_ends_with_the_same_weights(
    config: Config, prepared: Prepared, tmp_path: Path
) -> None:
    settings = narrow(config, FitConfig)
    with fitting.fitter() as elsewhere:
        straight = elsewhere.fit(settings, prepared.folder)
        for number in (1, 2):
            killed = elsewhere.fit(settings, prepared.folder, scratch=tmp_path, kill_after=number)
            assert killed is None
        assert elsewhere.fit(settings, prepared.folder, scratch=tmp_path) == straight
