"""Models of numbers: compared with others, answered and reported in the data's unit."""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from regression_rows import BAND, LEVELS, ONE, TWO, draw, keys, target

from conveyor.metrics.resampling import bootstrap_p_values, paired_gain
from conveyor.tasks import Task
from conveyor.tasks.regression.baselines import Baselines
from conveyor.tasks.regression.options import (
    RegressionReport,
    RegressionSpec,
)
from conveyor.tasks.values import ModelOutputs, ScoredRows

# --- baselines and comparison


def test_the_baselines_are_the_median_and_a_linear_model() -> None:
    generator = np.random.default_rng(0)
    rows = [generator.normal(size=(generator.integers(2, 6), 2)) for _ in range(120)]
    targets = np.array([[1000 * row[:, 0].mean(), row[-1, 1]] for row in rows])
    spec = TWO.model_copy(update={"quantiles": LEVELS})
    models = Baselines(spec).predict("series", rows[:80], targets[:80], rows[80:], 0)
    assert {model.spec.quantiles for model in models.values()} == {None}
    assert models["median"].outputs[0] == pytest.approx(np.median(targets[:80], axis=0))
    ridge = models["summary statistics + ridge"]
    assert Task(ridge.spec).metrics.compute_one("r2", targets[80:], ridge.outputs) > 0.95
    texts = ["good film", "fine day", "bad film", "awful day"] * 5
    numbers = np.array([[3.0], [2.0], [-2.0], [-3.0]] * 5)
    models = Baselines(ONE).predict("text", texts, numbers, ["good", "awful"], 0)
    good, awful = models["TF-IDF + ridge"].outputs[:, 0]
    assert good > 0 > awful


def test_the_paired_test_sees_a_small_gain_on_every_row_and_none_in_noise() -> None:
    targets, ours = draw(200, ONE)
    worse = targets + 1.05 * (ours - targets)
    comparison = Task(ONE).comparison
    first, second = ModelOutputs(ONE, ours), ModelOutputs(ONE, worse)
    p_values = comparison.p_values(targets, first, second)
    assert p_values.better < 0.001
    assert p_values.worse > 0.999
    assert comparison.p_values(targets, second, first) == p_values[::-1]
    assert comparison.p_values(targets, first, first) == (1.0, 1.0)
    assert bootstrap_p_values(np.array([1.0, -1.0, -1.0])) == (0.75, 0.5)
    tables = (Task(ONE).metrics, Task(ONE).metrics)
    gate = paired_gain(tables, "mae", targets, ours, worse, samples=200, confidence=0.95, seed=0)
    assert 0 < gate["lower"] < gate["gain"]


def test_slices_share_out_the_rows_by_target() -> None:
    targets, _ = draw(100, TWO)
    slices = Task(TWO).comparison.slices(targets)
    assert len(slices) == 8
    assert sum(rows for name, rows in slices if name.startswith("age")).tolist() == [1] * 100
    name, rows = slices[0]
    low, high = (float(end) for end in name.removeprefix("price ").split(" to "))
    assert targets[rows, 0].max() == pytest.approx(high, rel=1e-3)
    assert low < high < targets[slices[3][1], 0].min()
    assert len(Task(ONE).comparison.slices(np.zeros((20, 1)))) == 1


def test_rows_that_the_model_never_saw_are_scored_in_their_own_unit() -> None:
    targets, outputs = draw(400, ONE)
    task = Task(ONE)
    score = task.comparison.score(task.answers.decode(targets), outputs)
    assert score.metric == task.metrics.headline
    assert score.value == pytest.approx(task.metrics.compute_one("scaled_mae", targets, outputs))
    assert score.numbers["mae"]["rating"] == pytest.approx(4 * score.value)
    assert score.interval[0] < score.value < score.interval[1] < 2 * score.value
    assert score.is_worse_than(score.value / 2)
    assert not score.is_worse_than(score.value * 2)


# --- answers


def test_an_answer_is_a_number_and_an_interval_where_there_are_quantiles() -> None:
    assert Task(ONE).answers.records(np.array([[1.5], [2.0]])) == [
        {"prediction": 1.5},
        {"prediction": 2.0},
    ]
    [record] = Task(BAND).answers.records(np.array([[1.0, 2.0, 4.0]]))
    assert record == {"prediction": 2.0, "low": 1.0, "high": 4.0}
    spec = TWO.model_copy(update={"quantiles": LEVELS})
    [record] = Task(spec).answers.records(np.array([[1.0, 2.0, 3.0, 7.0, 8.0, 9.0]]))
    assert record["low"] == {"price": 1.0, "age": 7.0}
    assert record["prediction"] == {"price": 2.0, "age": 8.0}


@pytest.mark.parametrize("spec", [ONE, TWO, BAND])
def test_the_columns_of_a_file_hold_the_records_and_nulls_for_bad_rows(
    spec: RegressionSpec,
) -> None:
    _, outputs = draw(3, spec)
    answers = Task(spec).answers
    cells = answers.columns(outputs, np.array([False, True, False]))
    table = pa.Table.from_arrays(cells, schema=answers.schema).to_pylist()
    records = answers.records(outputs)
    assert table == [records[0], dict.fromkeys(records[1]), records[2]]
    shapes = {name: shape for name, (_, shape, _) in answers.tensors(outputs).items()}
    assert shapes == dict.fromkeys(answers.logged, [3] if len(spec.columns) == 1 else [3, 2])


def test_tolerances_count_in_standard_deviations_and_targets_come_back_exactly() -> None:
    assert (
        Task(TWO.model_copy(update={"quantiles": LEVELS})).answers.unit.tolist()
        == [2000.0] * 3 + [0.5] * 3
    )
    values = target("x", "y").encode(keys([0.1, 1e9 + 1], [2.0, 3.0]), TWO)
    assert Task(TWO).answers.decode(values) == [[0.1, 1e9 + 1], [2.0, 3.0]]
    assert Task(ONE).answers.decode(values[:, :1]) == [0.1, 2.0]


def test_a_champion_is_measured_in_the_challengers_order_and_unit() -> None:
    other = RegressionSpec(columns=["age", "price"], mean=[0, 0], std=[9, 9], quantiles=LEVELS)
    aligned = Task(TWO).answers.align(ModelOutputs(other, np.array([[1.0, 2, 3, 4, 5, 6]])))
    assert aligned is not None
    assert aligned.outputs.tolist() == [[4, 5, 6, 1, 2, 3]]
    assert aligned.spec == TWO.model_copy(update={"quantiles": LEVELS})
    assert Task(ONE).answers.align(ModelOutputs(other, np.zeros((1, 6)))) is None


def test_drift_compares_samples_of_each_target() -> None:
    answers = Task(TWO).answers
    assert set(answers.summarise_targets([[1.0, 2.0], [3.0, 4.0]]).samples) == {"price", "age"}
    predicted = answers.summarise(np.array([[1.0, 2.0], [3.0, 4.0]])).samples
    assert predicted["predicted age"].tolist() == [2.0, 4.0]


# --- report


@pytest.mark.parametrize("spec", [TWO, BAND])
def test_the_report_shows_each_target_slices_and_the_largest_errors(
    spec: RegressionSpec, tmp_path: Path
) -> None:
    targets, outputs = draw(80, spec)
    outputs[7] += 100 * np.array(spec.std).max()
    ids, texts = [f"r{i}" for i in range(80)], [f"a | {i}" for i in range(80)]
    test = ScoredRows(ids, texts, targets, np.arange(80) % 9 + 1, outputs)
    report = Task(spec).report
    details = report.details(test, worst_rows=3)
    assert details["worst"][0]["id"] == "r7"
    assert set(details["per_target"]) == set(spec.columns)
    assert sum(part["rows"] for part in details["slices_by_target"]) == 80 * len(spec.columns)
    page = report.section(details)
    assert "a \\| 7" in page
    assert ("means over the targets" in page) == (len(spec.columns) > 1)
    assert ("promises to hold 80% of the rows" in page) == (spec.quantiles is not None)
    report.draw(test, RegressionReport(task="regression", max_points=50), tmp_path)
    for name in ("predicted", "residuals", "errors"):
        colors = Image.open(tmp_path / f"{name}.png").convert("RGB").getcolors(1 << 20)
        assert colors is not None
        assert len(colors) > 20, name
    with (tmp_path / "predicted.csv").open() as file:
        points = list(csv.DictReader(file))
    assert len(points) == 50 * len(spec.columns)
    assert float(points[0]["true"]) == pytest.approx(targets[0, 0], rel=1e-5)
    header, table = report.predictions(test)
    assert header[0] == "id"
    assert len(header) == 1 + 2 * len(spec.columns) + 2 * (spec.quantiles is not None)
    with (tmp_path / "p.csv").open("w") as file:
        csv.writer(file).writerows(table)
    assert float(table[0][1]) == pytest.approx(targets[0, 0], rel=1e-8)
