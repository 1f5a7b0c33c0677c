"""Static columns where models are compared: baselines, drift, champions, the registry."""

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fitted_patients import Fit, expected_records, require_equal
from patients import (
    patients,
)

from conveyor import gates
from conveyor.data.store import Prepared
from conveyor.encoding import StaticEncoder
from conveyor.paths import Paths
from conveyor.raw_row import Row, sequences_of, to_bytes
from conveyor.registry.package import Challenger
from conveyor.registry.registry import Registry
from conveyor.retraining.drift import compare
from conveyor.retraining.profile import Profile, compute_profile, read_rows, summarise_inputs
from conveyor.retraining.review import review_data
from conveyor.tasks import Task
from conveyor.tasks.options import parse_spec


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
