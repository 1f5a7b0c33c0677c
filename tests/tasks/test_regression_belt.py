"""A regression from files to answers: few rows, two targets, thousands and years, intervals."""

import json
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from conveyor import gates
from conveyor.batch.predict import predict_file
from conveyor.compose import compose
from conveyor.config import Config, overlay
from conveyor.data.prepare import prepare
from conveyor.data.store import Prepared
from conveyor.evaluation import report
from conveyor.evaluation.evaluate import evaluate
from conveyor.evaluation.results import EvaluationInput
from conveyor.paths import Paths
from conveyor.plots.data import COLORS
from conveyor.registry.evidence import collect_evidence
from conveyor.registry.package import Challenger
from conveyor.registry.registry import Registry
from conveyor.retraining.profile import compute_profile
from conveyor.retraining.review import review_data
from conveyor.server import mlflow_protocol, v2
from conveyor.server.live_model import LiveModel
from conveyor.server.parsed_request import ParsedRequest
from conveyor.serving import LoadedModel
from conveyor.training.fit import fit
from conveyor.training.model_folder import write_model
from tests.conftest import ROOT, SERIES, TINY

SETTINGS = {**TINY, "train.epochs": 20, "train.refit": True,
            "evaluate.bootstrap_samples": 50, "gates.champion.samples": 200}  # fmt: skip


def write_rows(folder: Path, rows: int, *, seed: int = 0, shift: float = 0.0) -> None:
    """Series of 2 channels; `total` is a sum in thousands, `year` the last step of a channel."""
    draw = np.random.default_rng(seed)
    with (folder / "toys.jsonl").open("w") as file:
        for _ in range(rows):
            steps = draw.normal(size=(draw.integers(4, 9), 2)) + shift
            row = {"series": steps.round(6).tolist(), "total": 5000 + 1000 * steps[:, 0].sum(),
                   "year": 2005 + 8 * steps[-1, 1]}  # fmt: skip
            file.write(json.dumps({k: str(v) if k == "year" else v for k, v in row.items()}) + "\n")


def make_config(columns: list[str], **changes: Any) -> Config:
    whole = compose(Paths(ROOT), ["dataset=vader_rating"])
    dataset = {**SERIES, "target": {"task": "regression", "columns": columns}}
    settings = {"name": "toys", "dataset": dataset, **SETTINGS}
    return overlay(whole, {**settings, **{key.replace("__", "."): v for key, v in changes.items()}})


def train(root: Path, config: Config) -> tuple[Prepared, LoadedModel]:
    paths = Paths(root)
    found = prepare(config.dataset, root, paths.prepared, root / "cache")
    paths.data_report.parent.mkdir(parents=True, exist_ok=True)
    paths.data_report.write_text(json.dumps(found))
    prepared = Prepared(paths.prepared)
    prepared.task.plot_targets(found, root)
    write_model(*fit(config, prepared, progress=False), config, prepared, paths.model)
    return prepared, LoadedModel.load(paths.model)


def evaluate_model(root: Path, config: Config, prepared: Prepared, model: LoadedModel) -> Any:
    paths, test = Paths(root), prepared.split("test")
    train, validation = map(prepared.split, ("train", "validation"))
    outputs = model.predict(test.rows).outputs
    data = EvaluationInput(model.kind, model.task, train, validation, test, outputs)
    evaluation = evaluate(data, config.evaluate, 0)
    report.write(paths.evaluation, evaluation, data, config.evaluate)
    paths.metrics.write_text(json.dumps(report.headline(evaluation, model.task)))
    return evaluation


@pytest.mark.parametrize(
    ("columns", "loss"), [(["total"], "mse"), (["total", "year"], "huber"), (["year"], "quantile")]
)
def test_forty_rows_are_learnt_judged_and_answered(
    tmp_path: Path, columns: list[str], loss: str
) -> None:
    config = make_config(columns, head__loss=loss)
    write_rows(tmp_path, 40)
    prepared, model = train(tmp_path, config)  # whose export equals Keras within the tolerance
    assert sum(prepared.meta.counts.values()) == 40
    assert min(prepared.meta.counts.values()) >= 6
    evaluation = evaluate_model(tmp_path, config, prepared, model)
    assert "scaled_mae" in evaluation.scores
    assert set(evaluation.baselines) == {"median", "summary statistics + ridge"}
    evidence = collect_evidence(Paths(tmp_path), None)
    verdict = gates.decide(evidence, config.gates)
    measured = {result.gate: result.passed for result in verdict.results}
    assert measured["padding"]
    assert measured["round trip"]
    assert (tmp_path / "targets.png").stat().st_size > 5000
    assert set(COLORS) == set(prepared.meta.counts)


def test_a_sum_in_thousands_is_learnt_in_its_unit(tmp_path: Path) -> None:
    config = make_config(["total", "year"], train__epochs=60, model__units=[16])
    write_rows(tmp_path, 400)
    prepared, model = train(tmp_path, config)
    evaluation = evaluate_model(tmp_path, config, prepared, model)
    assert evaluation.scores["r2"] > 0.8
    answer = model.predict(prepared.split("test").rows[:1]).records()[0]["prediction"]
    assert 1980 < answer["year"] < 2030
    assert abs(answer["total"] - prepared.split("test").targets[0, 0]) < 5000


def test_intervals_are_served_in_every_protocol_and_file(
    tmp_path: Path, toy_project: Paths
) -> None:
    config = make_config(["year"], head__loss="quantile")
    write_rows(tmp_path, 80)
    prepared, model = train(tmp_path, config)
    raw = prepared.split("test").rows[:5]
    predictions = model.predict(raw)
    records = predictions.records()
    assert all(r["low"] <= r["prediction"] <= r["high"] for r in records)
    live, request = LiveModel("toys", "1", model), ParsedRequest({}, list(raw))
    by_protocol = [
        json.loads(protocol.format_response(live, predictions, request).content)
        for protocol in (mlflow_protocol, v2)
    ]
    assert by_protocol[0]["predictions"] == records
    tensors = {tensor["name"]: tensor for tensor in by_protocol[1]["outputs"]}
    assert tensors["low"]["data"] == [r["low"] for r in records]
    assert v2.describe(live)["outputs"][0] == {
        "name": "prediction", "datatype": "FP64", "shape": [-1],
    }  # fmt: skip
    source, answers = tmp_path / "rows.jsonl", tmp_path / "answers.parquet"
    lines = [json.dumps({"series": row.tolist()}) for row in raw]
    source.write_text("\n".join([*lines, json.dumps({"series": "none"})]))
    predict_file(model, source, answers, column=None, skip_bad=True)
    table = pq.read_table(answers).to_pylist()
    assert [{k: row[k] for k in records[0]} for row in table[:5]] == records
    assert table[5] == {"row": 5, "prediction": None, "low": None, "high": None}
    registry = Registry("toys", toy_project)
    version = registry.register(Challenger.read(toy_project), gates.Verdict([]))
    registered = mlflow.pyfunc.load_model(f"models:/toys/{version.version}")
    frame = registered.predict(pd.DataFrame({"series": [row.tolist() for row in raw]}))
    assert frame.to_dict("records") == records
    assert registered.metadata.signature.outputs.input_names() == ["prediction", "low", "high"]


def test_a_shifted_target_drifts_and_new_rows_are_scored(tmp_path: Path) -> None:
    config = make_config(["total"])
    write_rows(tmp_path, 80)
    prepared, model = train(tmp_path, config)
    profile = compute_profile(prepared, model)
    same = review_data(config.retrain, prepared, "1", 1.0, model, profile)
    assert same.inputs.arrived == 0
    write_rows(tmp_path, 80, seed=1, shift=2.0)
    prepare(config.dataset, tmp_path, tmp_path / "new", tmp_path / "cache")
    review = review_data(config.retrain, Prepared(tmp_path / "new"), "1", 1.0, model, profile)
    drifting = {finding.feature: finding.test for finding in review.findings if finding.drifts}
    assert drifting["total"] == "Kolmogorov-Smirnov"
    assert review.score is not None
    assert review.score.rows == 80
    json.dumps(review.as_json(), allow_nan=False)
    other = make_config(["total", "year"])
    prepare(other.dataset, tmp_path, tmp_path / "other", tmp_path / "cache")
    changed = review_data(other.retrain, Prepared(tmp_path / "other"), "1", 1.0, model, profile)
    assert changed.inputs.unknown == "the champion has another target than the data have now"
