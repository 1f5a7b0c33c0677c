"""Static columns beyond `prepare`: learned by the network, and served as it was trained."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from patients import (
    LAYOUTS,
    NO_STATIC,
    STATIC,
    Patient,
    describe,
    patients,
    prepare_patients,
    write_rows,
)

from conveyor import gates
from conveyor.batch.predict import predict_file
from conveyor.config import Config, overlay
from conveyor.data.store import Prepared
from conveyor.encoding import RowError, StaticEncoder
from conveyor.errors import InputError
from conveyor.models.export import predict
from conveyor.paths import Paths
from conveyor.raw_row import Row, sequence_of, sequences_of, to_bytes
from conveyor.registry.package import Challenger
from conveyor.registry.registry import Registry
from conveyor.retraining.drift import compare
from conveyor.retraining.profile import Profile, compute_profile, read_rows, summarise_inputs
from conveyor.retraining.review import review_data
from conveyor.server import mlflow_protocol, v2
from conveyor.server.body import Body
from conveyor.server.live_model import LiveModel, load_version
from conveyor.server.request_log import RequestLog
from conveyor.serving import LoadedModel
from conveyor.serving.measurements import padding_difference
from conveyor.serving.predict_process import predict_in_fresh_process
from conveyor.tasks import Task
from conveyor.tasks.options import parse_spec

# Each layout has another architecture, of the branches that static columns join.
NETWORKS: dict[str, dict[str, Any]] = {
    "text": {"model.wide": True, "model.pooling": "max", "model.embedding": 4},
    "series": {"model.wide": True, "model.front": "convolution", "model.pooling": "mean_max"},
    "wide": {"model.wide": False, "model.pooling": "last"},
    "long": {"model.wide": False, "model.pooling": "mean", "model.cell": "gru"},
}
SMALL = {
    "name": "patients", "model.units": [4], "model.bidirectional": False, "model.dropout": 0.0,
    "model.front": "none", "model.head_dropout": 0.0, "model.word_dropout": 0.0,
    "train.epochs": None, "train.updates": 90, "train.patience": None,
    "train.patience_updates": None, "train.batch_size": 16, "train.learning_rate": 0.03,
    "train.schedule": "constant", "train.refit": False, "train.folds": None,
    "sweep.enabled": False,
}  # fmt: skip


@dataclass(frozen=True)
class Fitted:
    config: Config
    prepared: Prepared
    folder: Path
    served: LoadedModel

    @property
    def accuracy(self) -> float:
        test = self.prepared.split("test")
        outputs = self.served.predict(test.rows).outputs
        return self.served.task.metrics.compute_one("accuracy", test.targets, outputs)


Fit = Callable[..., Fitted]


@pytest.fixture(scope="module")
def fit_layout(tmp_path_factory: pytest.TempPathFactory, toy_config: Config) -> Fit:
    """Fits a network to patients in a layout, once."""
    from conveyor.training.fit import fit
    from conveyor.training.model_folder import write_model

    done: dict[tuple[str, bool], Fitted] = {}

    def fit_patients(layout: str, *, static: bool = True) -> Fitted:
        if (layout, static) not in done:
            folder = tmp_path_factory.mktemp(layout)
            columns = STATIC if static else NO_STATIC
            prepared, _ = prepare_patients(folder, layout, patients(), columns__static=columns)
            dataset = describe(layout, "rows.jsonl", columns__static=columns)
            changes = {"dataset": dataset.model_dump(mode="json"), **SMALL, **NETWORKS[layout]}
            config = overlay(toy_config, changes)
            write_model(*fit(config, prepared, progress=False), config, prepared, folder / "model")
            served = LoadedModel.load(folder / "model")
            done[layout, static] = Fitted(config, prepared, folder / "model", served)
        return done[layout, static]

    return fit_patients


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_network_learns_what_only_static_columns_tell(fit_layout: Fit, layout: str) -> None:
    assert fit_layout(layout).accuracy > 0.9


@pytest.mark.parametrize("layout", ["text", "wide"])
def test_without_the_columns_it_cannot(fit_layout: Fit, layout: str) -> None:
    assert fit_layout(layout, static=False).accuracy < 0.75


@pytest.mark.parametrize("layout", LAYOUTS)
def test_keras_and_the_served_graph_agree_and_padding_changes_nothing(
    fit_layout: Fit, layout: str
) -> None:
    import keras

    fitted = fit_layout(layout)
    test = fitted.prepared.split("test")
    network: Any = keras.models.load_model(fitted.folder / "model.keras")
    outputs = fitted.served.predict(test.rows).outputs
    np.testing.assert_allclose(outputs, predict(network, test.encoded), atol=1e-5)
    assert padding_difference(fitted.served, test.rows[:]) < 1e-6
    other = [Row(sequence_of(row), {"age": 20, "ward": "south"}) for row in test.rows]
    assert np.abs(fitted.served.predict(other).outputs - outputs).max() > 0.1


def lines_of(layout: str) -> tuple[list[Patient], list[dict[str, Any]]]:
    """Patients, and the rows of a request or file that say them in the user's columns."""
    rows = patients()[:12]
    return rows, [line for row in rows for line in LAYOUTS[layout][2](row)]


def expected_records(fitted: Fitted, rows: list[Patient], layout: str) -> list[dict[str, Any]]:
    column = "text" if layout == "text" else "series"
    width = 1 if layout == "wide" else 2
    raw = [
        Row(row[column] if layout == "text" else np.array(row[column])[:, :width],
            {"age": row["age"], "ward": row["ward"]})
        for row in rows
    ]  # fmt: skip
    return fitted.served.predict(raw).records()


def as_split(lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {"columns": list(lines[0]), "data": [list(line.values()) for line in lines]}


FORMATS: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "dataframe_split": as_split,
    "dataframe_records": lambda lines: lines,
    "instances": lambda lines: lines,
    "inputs": lambda lines: {name: [line[name] for line in lines] for name in lines[0]},
}


def require_equal(answers: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    for answer, record in zip(answers, expected, strict=True):
        assert answer["label"] == record["label"]
        assert answer["probability"] == pytest.approx(record["probability"], abs=1e-6)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_requests_name_static_columns_as_the_data_set_does(
    fit_layout: Fit, layout: str, form: str
) -> None:
    fitted, (rows, lines) = fit_layout(layout), lines_of(layout)
    live = LiveModel("patients", "1", fitted.served)
    request = mlflow_protocol.parse_request(Body({form: FORMATS[form](lines)}), fitted.served)
    formatted = mlflow_protocol.format_response(live, request.predict(fitted.served), request)
    response = json.loads(formatted.content)
    require_equal(response["predictions"], expected_records(fitted, rows, layout))
    for name in ("age", "ward"):
        short = [{key: cell for key, cell in line.items() if key != name} for line in lines]
        with pytest.raises(InputError, match=f"expected '{name}' beside the sequence"):
            mlflow_protocol.parse_request(Body({form: FORMATS[form](short)}), fitted.served)


@pytest.mark.parametrize("layout", ["series", "wide"])
def test_an_object_without_a_static_key_is_named(fit_layout: Fit, layout: str) -> None:
    _, lines = lines_of(layout)
    del lines[3]["ward"]
    with pytest.raises(InputError, match="row 3: expected an object with 'ward'"):
        mlflow_protocol.parse_request(Body({"instances": lines}), fit_layout(layout).served)


@pytest.mark.parametrize("layout", ["text", "series"])
def test_bare_rows_are_refused_by_the_columns_that_they_lack(fit_layout: Fit, layout: str) -> None:
    served = fit_layout(layout).served
    bare = [patients()[0][layout]]
    request = mlflow_protocol.parse_request(Body({"inputs": bare}), served)
    with pytest.raises(RowError, match="row 0: expected a value of column 'age', 'ward'"):
        request.predict(served)
    request = mlflow_protocol.parse_request(
        Body({"inputs": {layout: bare, "age": ["old"], "ward": ["north"]}}), served
    )
    with pytest.raises(RowError, match="row 0: age: expected a number; got 'old'"):
        request.predict(served)


@pytest.mark.parametrize("layout", ["text", "series"])
def test_v2_has_a_tensor_for_each_static_column(fit_layout: Fit, layout: str) -> None:
    fitted, rows = fit_layout(layout), patients()[:12]
    live = LiveModel("patients", "1", fitted.served)
    inputs = {tensor["name"]: tensor for tensor in v2.describe(live)["inputs"]}
    assert inputs["age"] == {"name": "age", "datatype": "FP64", "shape": [-1]}
    assert inputs["ward"] == {"name": "ward", "datatype": "BYTES", "shape": [-1]}
    cells: dict[str, Any] = {name: [row[name] for row in rows] for name in ("age", "ward")}
    shape = [len(rows)]
    if layout == "series":
        lengths = [len(row["series"]) for row in rows]
        padded = np.zeros((len(rows), max(lengths), 2))
        for row, steps in zip(padded, (row["series"] for row in rows), strict=True):
            row[: len(steps)] = steps
        cells |= {"series": padded.tolist(), "lengths": lengths}
        inputs["series"] |= {"shape": list(padded.shape)}
    else:
        cells["text"] = [row["text"] for row in rows]
    tensors = [
        {"shape": shape} | {key: value for key, value in inputs[name].items() if value != [-1]}
        | {"data": values} for name, values in cells.items()
    ]  # fmt: skip
    request = v2.parse_request(Body({"inputs": tensors}), fitted.served)
    answers = request.predict(fitted.served).records()
    require_equal(answers, expected_records(fitted, rows, layout))
    with pytest.raises(InputError, match="expected 'age' beside the sequence"):
        without = [tensor for tensor in tensors if tensor["name"] != "age"]
        v2.parse_request(Body({"inputs": without}), fitted.served)
    with pytest.raises(InputError, match="equal length"):
        short = {**inputs["ward"], "shape": [1], "data": ["north"]}
        others = [t for t in tensors if t["name"] != "ward"]
        v2.parse_request(Body({"inputs": [*others, short]}), fitted.served)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_files_name_static_columns_as_the_data_set_does(
    fit_layout: Fit, tmp_path: Path, layout: str, suffix: str
) -> None:
    fitted, (rows, lines) = fit_layout(layout), lines_of(layout)
    source, target = write_rows(tmp_path / f"in{suffix}", lines), tmp_path / "out.parquet"
    predict_file(fitted.served, source, target, column=None, skip_bad=False)
    require_equal(pq.read_table(target).to_pylist(), expected_records(fitted, rows, layout))
    short = [{key: cell for key, cell in line.items() if key != "ward"} for line in lines]
    with pytest.raises(InputError, match="expected 'ward' beside the sequence; got"):
        predict_file(fitted.served, write_rows(source, short), target, column=None, skip_bad=False)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize("layout", ["text", "wide", "long"])
def test_a_file_says_that_a_static_value_is_missing_as_the_data_set_does(
    fit_layout: Fit, tmp_path: Path, layout: str, suffix: str
) -> None:
    fitted, (rows, lines) = fit_layout(layout), lines_of(layout)
    card = fitted.served.card
    assert card.dialect is not None
    dialect = card.dialect.model_copy(update={"missing": ["n/a"]})
    card = card.model_copy(update={"dialect": dialect})
    served = LoadedModel(fitted.served.session, fitted.served.encoder, card)
    for line in lines:
        line |= {"age": line["age"] or "n/a", "ward": line["ward"] or "n/a"}
    source, target = write_rows(tmp_path / f"in{suffix}", lines), tmp_path / "out.parquet"
    predict_file(served, source, target, column=None, skip_bad=False)
    require_equal(pq.read_table(target).to_pylist(), expected_records(fitted, rows, layout))


@pytest.mark.parametrize("layout", ["text", "wide"])
def test_a_static_key_that_a_json_line_lacks_is_null(
    fit_layout: Fit, tmp_path: Path, layout: str
) -> None:
    fitted, (rows, lines) = fit_layout(layout), lines_of(layout)
    for row, line, name in ((0, 0, "ward"), (3, 3, "age")):
        del lines[line][name]
        rows[row][name] = None
    source, target = write_rows(tmp_path / "in.jsonl", lines), tmp_path / "out.parquet"
    predict_file(fitted.served, source, target, column=None, skip_bad=False)
    require_equal(pq.read_table(target).to_pylist(), expected_records(fitted, rows, layout))


def test_a_file_row_with_a_bad_number_can_be_skipped(fit_layout: Fit, tmp_path: Path) -> None:
    served, (_, lines) = fit_layout("text").served, lines_of("text")
    lines[4]["age"] = "old"
    source, target = write_rows(tmp_path / "in.csv", lines), tmp_path / "out.jsonl"
    with pytest.raises(InputError, match=r"row 5: age: expected a number; got 'old'"):
        predict_file(served, source, target, column=None, skip_bad=False)
    counts = predict_file(served, source, target, column=None, skip_bad=True)
    assert (counts.rows, counts.bad) == (len(lines), 1)


def test_a_fresh_process_and_a_loaded_version_answer_rows(fit_layout: Fit) -> None:
    fitted = fit_layout("series")
    rows = fitted.prepared.split("test").rows[:4]
    outputs = predict_in_fresh_process(fitted.folder, rows)
    np.testing.assert_allclose(outputs, fitted.served.predict(rows).outputs, atol=1e-6)
    assert load_version("patients", "1", fitted.folder).model.static == fitted.served.static


def test_raw_rows_of_the_request_log_have_static_columns(fit_layout: Fit, tmp_path: Path) -> None:
    served, plain = fit_layout("text").served, fit_layout("text", static=False).served
    log = RequestLog(tmp_path, share=1.0, raw_rows=True)
    rows = [Row("calm day", {"age": "31", "ward": None})]
    log.add(LiveModel("patients", "2", served), rows, served.predict(rows))
    log.add(LiveModel("patients", "1", plain), ["calm day"], plain.predict(["calm day"]))
    log.flush()
    with_static, without = (pq.read_table(path) for path in sorted(tmp_path.iterdir()))
    assert with_static["static"].to_pylist() == [{"age": 31.0, "ward": None}]
    assert "static" not in without.column_names


def test_a_model_without_static_columns_answers_rows_that_have_them(fit_layout: Fit) -> None:
    with_static, without = fit_layout("text"), fit_layout("text", static=False)
    rows = with_static.prepared.split("test").rows[:]
    own = without.served.predict_as(with_static.served, rows)
    assert own is not None
    texts = [row.sequence for row in rows]
    np.testing.assert_array_equal(own.outputs, without.served.predict(texts).outputs)
    assert with_static.served.predict_as(without.served, texts) is None


@pytest.mark.parametrize("layout", ["text", "series"])
def test_simple_models_see_static_columns(fit_layout: Fit, layout: str) -> None:
    prepared = fit_layout(layout).prepared
    train, test, kind = prepared.split("train"), prepared.split("test"), prepared.meta.kind
    scores = {}
    for rows, others in ((train.rows, test.rows), map(sequences_of, (train.rows, test.rows))):
        models = prepared.task.baselines.predict(kind, rows, train.targets, others, 1)
        _, name = models
        scores[name] = (models[name].outputs.argmax(axis=1) == test.targets).mean()
    with_static, without = scores
    assert "static columns" in with_static
    assert scores[with_static] > 0.9
    assert scores[without] < 0.75


@pytest.mark.parametrize(
    "spec",
    [
        {"task": "multilabel", "labels": ["high"]},
        {"task": "regression", "columns": ["level"], "mean": [0.5], "std": [0.5]},
    ],
)
def test_simple_models_of_other_tasks_see_static_columns(
    fit_layout: Fit, spec: dict[str, Any]
) -> None:
    prepared = fit_layout("text").prepared
    train, test = prepared.split("train"), prepared.split("test")
    targets = train.targets[:, None].astype(np.float32)
    models = Task(parse_spec(spec)).baselines.predict("text", train.rows, targets, test.rows, 1)
    _, name = models
    assert "static columns" in name
    assert ((models[name].outputs[:, 0] > 0.5) == test.targets).mean() > 0.9


def test_the_description_names_static_columns(fit_layout: Fit) -> None:
    from conveyor.training.describe import describe_network

    fitted = fit_layout("wide")
    lines = list(describe_network(fitted.config, fitted.prepared))
    assert "static columns     age, ward (3 categories): 4 inputs" in lines


def test_drift_of_a_static_column_is_found(fit_layout: Fit) -> None:
    fitted = fit_layout("series")
    profile = compute_profile(fitted.prepared, fitted.served)
    assert set(profile.summary.counts["column ward"]) == {"", "north", "south", "east"}
    rows = read_rows(fitted.prepared, ["train", "validation"])
    moved = [Row(row.sequence, {"age": row.static["age"] + 30, "ward": "east"}) for row in rows.raw]
    assert to_bytes(moved[0]) != to_bytes(rows.raw[0])
    now = summarise_inputs(type(rows)(moved, rows.targets, rows.inputs, rows.pairs), fitted.served)
    findings = compare(profile.summary, now, fitted.config.retrain.drift)
    drifting = {finding.feature for finding in findings if finding.drifts}
    assert drifting == {"column age", "column ward"}


def test_data_of_other_static_columns_are_no_champions_data(fit_layout: Fit) -> None:
    champion, data = fit_layout("text", static=False), fit_layout("text")
    empty = np.zeros(0, np.uint64)
    profile = Profile(empty, empty, compute_profile(data.prepared, data.served).summary)
    retrain = data.config.retrain
    review = review_data(retrain, data.prepared, "1", 0.0, champion.served, profile)
    assert "the static numbers of the champion and of the data differ: none and age" in str(
        review.as_json()
    )


@pytest.mark.parametrize(
    ("numbers", "categories", "message"),
    [
        ({"age": (0, 1)}, {"ward": []}, None),
        ({}, {"age": [], "ward": []}, "static numbers of the champion and of the data differ: age"),
        ({"age": (0, 1)}, {"sex": []}, "static categories .* differ: ward and sex"),
        ({"age": (0, 1), "ward": (0, 1)}, {}, "static numbers .* differ: age and age, ward"),
    ],
)
def test_a_champion_reads_static_columns_of_the_same_kinds(
    fit_layout: Fit, monkeypatch: pytest.MonkeyPatch,
    numbers: dict[str, Any], categories: dict[str, Any], message: str | None,
) -> None:  # fmt: skip
    fitted = fit_layout("text")
    data, retrain = Prepared(fitted.prepared.folder), fitted.config.retrain
    encoder = StaticEncoder(numbers, categories)
    monkeypatch.setattr(data.encoder, "static", encoder)
    review = review_data(retrain, data, "1", 0.0, fitted.served, None)
    if message is None:
        message = "no profile of the champion's rows"
    assert re.search(message, str(review.as_json()))


def test_the_registered_model_has_static_columns_in_its_signature(
    fit_layout: Fit, tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    paths, fitted, layout = Paths(tmp_path), fit_layout("series"), "series"
    shutil.copytree(fitted.prepared.folder, paths.prepared)
    shutil.copytree(fitted.folder, paths.model)
    shutil.copy(empty_store, paths.root)
    version = Registry("patients", paths).register(Challenger.read(paths), gates.Verdict([]))
    model = mlflow.pyfunc.load_model(f"models:/patients/{version.version}")
    types = {column.name: str(column.type) for column in model.metadata.signature.inputs}
    assert list(types) == [layout, "age", "ward"]
    assert (types["age"], types["ward"]) == ("DataType.double", "DataType.string")
    rows = patients()[:12]
    frame = pd.DataFrame([{name: row[name] for name in types} for row in rows])
    require_equal(model.predict(frame).to_dict("records"), expected_records(fitted, rows, layout))
    assert set(model.input_example.columns) == set(types)
    with pytest.raises(mlflow.MlflowException, match="ward"):
        model.predict(frame.drop(columns="ward"))
