"""Each task on the whole belt: from rows to a champion that is served, and retrained on drift."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

import conveyor
from conveyor import files
from conveyor.config import TrainConfig, load, overlay
from conveyor.data.store import Prepared
from conveyor.inspection.points import read_points
from conveyor.inspection.states_page import render_states
from conveyor.paths import Paths
from conveyor.serving import LoadedModel
from conveyor.serving.measurements import largest_difference, padding_difference
from conveyor.sweep.best import read_best
from conveyor.tasks.task import TASKS

sys.path += [str(Path(__file__).parents[1] / folder) for folder in ("belt", "server", "tasks")]
from clone import Clone
from close_answers import assert_close
from examples import DATASETS, EXAMPLES, SETTINGS, write_rows
from fitting import fitter
from server_process import serving, until

pytestmark = pytest.mark.belt
ROWS = "data/raw/example/rows.jsonl"
DATASET = {
    "defaults": ["base/series@_here_", "_self_"],
    "name": "example",
    "source": {"format": "jsonl", "files": {"all": ROWS}},
    "columns": {"series": "series"},
    "split": {"test": {"by": "share", "share": 0.25}, "validation": {"by": "share", "share": 0.25}},
}
PARAMS = {
    "choose": {"dataset": "example", "retrain": "watchful"},
    "seed": 17,
    "model": {"units": [8], "bidirectional": False, "front": "none"},
    "train": {"epochs": 30, "batch_size": 8, "learning_rate": 0.02, "folds": None},
    "sweep": {"enabled": True, "trials": 2, "space": {"model.dropout": "interval(0.0, 0.1)"}},
    "evaluate": {"bootstrap_samples": 50},
    "retrain": {"sweep": "skip", "when": {"score": None}},
}
TOLERANCE = 1e-5  # of outputs, in the task's unit


@dataclass(frozen=True)
class Belt:
    """A task's project after `dvc repro`."""

    task: str
    clone: Clone

    @property
    def paths(self) -> Paths:
        return Paths(self.clone.root)

    @property
    def model(self) -> LoadedModel:
        return LoadedModel.load(self.paths.model)

    @property
    def test_rows(self) -> list[Any]:
        return list(Prepared(self.paths.prepared).split("test").rows)


@pytest.fixture(scope="module", params=TASKS)
def belt(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Belt:
    task: str = request.param
    clone = Clone.make(tmp_path_factory.mktemp(task) / "clone")
    write_rows(clone.root / ROWS, task, 120)
    own = DATASETS[task] if task in DATASETS else {"target": EXAMPLES[task][0]}
    (clone.root / "conf/dataset/example.yaml").write_text(yaml.safe_dump({**DATASET, **own}))
    params = PARAMS | SETTINGS.get(task, {})
    (clone.root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    clone.commit("example")
    clone.dvc("repro")
    clone.commit("as made")
    return Belt(task, clone)


def test_the_belt_makes_a_champion_and_a_report_of_all_metrics(belt: Belt) -> None:
    report = belt.clone.read("reports/evaluation/report.json")
    metrics = belt.model.task.metrics
    assert set(report["scores"]) == set(metrics.metrics)
    assert metrics.headline == report["baseline_comparison"]["beside_best"]["metric"]
    low, high = report["intervals"][metrics.headline]
    assert low <= report["scores"][metrics.headline] <= high
    page = (belt.clone.root / "reports/evaluation/report.md").read_text()
    assert all(metric.title in page for metric in metrics.metrics.values())
    version = belt.clone.client().get_model_version_by_alias("example", "champion")
    assert int(version.version) == 1
    trials = belt.clone.runs("trial", "example")
    assert [run.info.status for run in trials] == ["FINISHED"] * 2


def test_the_page_and_the_card_hold_for_each_task(belt: Belt) -> None:
    done = belt.clone.run("python", "-m", "pipeline.report")
    assert done.code == 0, done.text
    page = (belt.clone.root / "reports/index.html").read_text()
    headline = belt.model.task.metrics[belt.model.task.metrics.headline].title
    for text in (f"<td>{belt.task}</td>", headline, "✓ ran", "is the champion", "# example"):
        assert text in page or text in (belt.clone.root / "artifacts/model_card.md").read_text(), (
            text
        )
    assert page.count("✓ ran") == 6
    [run] = belt.clone.runs("train", "example")
    artifacts = belt.clone.client().list_artifacts(run.info.run_id, "evaluation")
    for name in ("evaluation/inspect.html", "evaluation/errors.html"):
        assert f'href="{name}"' in page
        assert name in [artifact.path for artifact in artifacts]
    assert belt.clone.git("status", "--short") == ""


def test_the_states_of_each_task_are_drawn(belt: Belt) -> None:
    split = Prepared(belt.paths.prepared).split("test")
    [points] = read_points(belt.paths.model, belt.model, split, 50)
    page = render_states([points], "test", "pca", "0123456789ab")
    assert points.kind == ("step" if belt.task == "tagging" else "row")
    assert f"{points.kind.capitalize()}s by target" in page
    assert np.isfinite(points.vectors).all()


def test_equal_targets_are_answered_as_they_are_in_the_data(belt: Belt) -> None:
    split = Prepared(belt.paths.prepared).split("test")
    lines = (belt.clone.root / ROWS).read_text().splitlines()
    if belt.task == "forecasting":
        hours = {row["time"]: row["answer"] for row in map(json.loads, lines)}
        start = list(hours).index(split.ids[0])
        came = belt.model.task.answers.decode(split.targets[:1])
        assert came == [pytest.approx(list(hours.values())[start : start + 4])]
        return
    by_series = {json.dumps(row["series"]): row["answer"] for row in map(json.loads, lines)}
    names = [json.dumps(np.round(row.astype(float), 4).tolist()) for row in split.rows]
    decoded = belt.model.task.answers.decode(np.asarray(split.targets))
    for name, target in zip(names, decoded, strict=True):
        expected = by_series[name]
        if isinstance(expected, float):
            assert target == pytest.approx(expected, rel=1e-5)
        else:
            assert str(target) == str(expected)


def test_keras_onnx_and_every_server_give_one_answer(belt: Belt, tmp_path: Path) -> None:
    import keras

    from conveyor.models.export import predict

    model, rows = belt.model, belt.test_rows
    predictions = model.predict(rows)
    network: Any = keras.models.load_model(belt.paths.model / "model.keras")
    trained = predict(network, Prepared(belt.paths.prepared).split("test").encoded)
    assert largest_difference(model, trained, predictions.outputs) <= TOLERANCE
    assert padding_difference(model, rows) <= TOLERANCE
    expected = predictions.records()
    series = [row.tolist() for row in rows]
    with serving(belt.paths, tmp_path / "log", "--name", "example") as server:
        status, answer, _ = server.ask(
            "/invocations", {"dataframe_records": [{"series": row} for row in series]}
        )
        assert status == 200
        assert [type(a) for a in answer["predictions"][0].values()] == [
            type(a) for a in expected[0].values()
        ]
        assert_close(answer["predictions"], expected)
        longest = max(map(len, series))
        padded = np.zeros((len(series), longest, 2))
        for number, row in enumerate(series):
            padded[number, : len(row)] = row
        tensors = [
            {"name": "series", "datatype": "FP32", "shape": list(padded.shape),
             "data": padded.ravel().tolist()},
            {"name": "lengths", "datatype": "INT32", "shape": [len(series)],
             "data": [len(row) for row in series]},
        ]  # fmt: skip
        status, answer, _ = server.ask("/v2/models/example/infer", {"inputs": tensors})
        assert status == 200, answer
        wanted = model.task.answers.tensors(predictions.outputs)
        for tensor in answer["outputs"]:
            datatype, shape, data = wanted[tensor["name"]]
            assert (tensor["datatype"], tensor["shape"]) == (datatype, shape)
            assert_close(tensor["data"], data)


def test_an_answer_and_the_worst_errors_are_explained_completely(belt: Belt) -> None:
    from conveyor.inspection.explain import Explainer, explain_worst

    explainer, prepared = Explainer(belt.paths.model), Prepared(belt.paths.prepared)
    row = belt.test_rows[0]
    report = belt.clone.read("reports/evaluation/report.json")
    errors = explain_worst(explainer, prepared, 1)
    assert [error.row_id for error in errors] == [row["id"] for row in report["worst"][:1]]
    page = (belt.paths.evaluation / "errors.html").read_text()
    assert re.findall("Test row <code>(.*)</code>", page) == [row["id"] for row in report["worst"]]
    for explanation in (explainer.explain(row), *(error.explanation for error in errors)):
        total = explanation.attributions.sum() + sum(explanation.static.values())
        difference = explanation.end - explanation.start
        assert abs(total - difference) <= 1e-3 * abs(difference)
        assert explanation.attributions.shape == (len(explanation.steps), len(explanation.channels))
        assert explanation.occlusion.shape == explanation.attributions.shape
        assert explanation.agreement is not None


def test_a_file_is_answered_as_the_server_answers(belt: Belt) -> None:
    rows = belt.test_rows
    source, target = belt.clone.root / "new.jsonl", belt.clone.root / "answers.parquet"
    source.write_text("".join(json.dumps({"series": row.tolist()}) + "\n" for row in rows))
    done = belt.clone.run("python", "-m", "pipeline.predict", str(source), str(target))
    assert done.code == 0, done.text
    answers = pq.read_table(target).drop_columns("row").to_pylist()
    assert_close(answers, belt.model.predict(rows).records())
    source.unlink()
    target.unlink()


def test_python_gives_the_servers_answers_and_all_metrics(belt: Belt) -> None:
    model, rows = conveyor.open("example", project=belt.paths.root), belt.test_rows
    assert model.predict(rows) == belt.model.predict(rows).records()
    scores = model.evaluate(belt.clone.root / ROWS, samples=20)
    metrics = set(belt.model.task.metrics.metrics)
    if belt.task == "forecasting":  # an origin has steps before and behind it
        assert 0 < scores.rows < len((belt.clone.root / ROWS).read_text().splitlines())
        assert set(scores.scores) == metrics - {"mase"}
    else:
        assert scores.rows == len((belt.clone.root / ROWS).read_text().splitlines())
        assert set(scores.scores) == metrics
    assert set(scores.frame().index) == set(scores.scores)


def test_a_fit_that_is_killed_ends_with_the_same_model(belt: Belt, tmp_path: Path) -> None:
    config = overlay(load(TrainConfig, belt.paths.config), read_best(belt.paths.sweep))
    with fitter() as elsewhere:
        fit = partial(elsewhere.fit, config, belt.paths.prepared, scratch=tmp_path / "scratch",
                      model=tmp_path / "model")  # fmt: skip
        assert fit(kill_after=2) is None
        fit()
    assert files.digest_tree(tmp_path / "model") == files.digest_tree(belt.paths.model)


# What a task adds to it is in the fit, above.
@pytest.mark.parametrize("belt", TASKS[:1], indirect=True)
def test_a_stage_that_is_killed_ends_with_the_same_model(belt: Belt) -> None:
    root = belt.clone.root
    digest = files.digest_tree(belt.paths.model)
    shutil.move(root / "artifacts/model", root / "model.before")
    environment = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.train"], cwd=root, stderr=subprocess.DEVNULL,
        env={**environment, "PYTHONPATH": f"{root / 'src'}:{root}"},
    )  # fmt: skip
    until(lambda: any(belt.paths.scratch.glob("train/*/training_state.npz")), seconds=120)
    process.kill()
    process.wait()
    assert not belt.paths.model.exists()
    done = belt.clone.run("python", "-m", "pipeline.train")
    assert done.code == 0, done.text
    assert "resum" in done.text
    assert files.digest_tree(belt.paths.model) == digest
    shutil.rmtree(root / "model.before")


# In `make test`, tests/belt/test_belt.py has a belt whose new rows drift, and the figures of drift
# of each task have tests of their own.
@pytest.mark.slow
def test_new_rows_that_drift_are_found_and_trained_on(belt: Belt) -> None:
    write_rows(belt.clone.root / ROWS, belt.task, 60, seed=4, shift=5.0)
    belt.clone.commit("new rows")
    done = belt.clone.run("python", "-m", "pipeline.retrain")
    assert done.code in (0, 11), done.text
    report = belt.clone.read("reports/retrain/report.json")
    drifting = report["evidence"]["drifting"]
    assert "level of channel 0" in drifting
    values = np.asarray(Prepared(belt.paths.prepared).split("test").targets)[:5]
    answers = belt.model.task.answers
    summary = answers.summarise_targets(answers.decode(values))
    assert {*summary.counts, *summary.samples} & set(drifting), drifting
    assert report["champion_on_new_rows"]["rows"] == report["evidence"]["arrived"]
