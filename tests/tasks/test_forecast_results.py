"""Forecasts compared, answered and reported."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from conveyor.metrics.resampling import draw_samples, paired_gain
from conveyor.raw_row import Row
from conveyor.tasks import Task
from conveyor.tasks.forecasting.baselines import Baselines
from conveyor.tasks.forecasting.calibration import choose_widths
from conveyor.tasks.forecasting.options import ForecastReport, ForecastSpec
from conveyor.tasks.forecasting.outputs import Forecasts
from conveyor.tasks.values import ModelOutputs, ScoredRows

SPEC = ForecastSpec.model_validate({
    "columns": ["y"], "series": "s", "time": "t", "time_format": None, "zone": None,
    "frequency": {"step": 1, "unit": "number"}, "horizon": 2, "context": 4, "past": [],
    "known_ahead": [], "calendar": [], "gaps": "missing", "duplicates": "refuse", "season": 2,
    "mean": [0.0], "std": [2.0],
})  # fmt: skip
BAND = SPEC.model_copy(update={"quantiles": [0.1, 0.5, 0.9]})


def truth(values: Any, naive: float = 1.0) -> np.ndarray:
    """Encoded targets of one series and one column, with times 0, 1, ..."""
    values = np.asarray(values, np.float64)[:, None]  # (rows, 1, horizon)
    marks = np.zeros((len(values), 1, 3))
    marks[:, 0, 0], marks[:, 0, 2] = naive, np.arange(len(values))
    return np.concatenate([values, marks], axis=2)


def test_metrics_are_those_of_small_numbers() -> None:
    targets = truth([[1.0, 3.0], [0.0, 2.0]], naive=0.5)
    outputs = np.array([[[0, 1, 2], [3, 5, 6]], [[-1, 0, 1], [2.5, 3, 4]]], np.float64)
    scores = Task(BAND).metrics.score_all(targets, outputs.reshape(2, -1))
    assert scores["mae"] == pytest.approx(3 / 4)
    assert scores["mse"] == pytest.approx(5 / 4)
    assert scores["rmse"] == pytest.approx((5 / 4) ** 0.5)
    assert scores["scaled_mae"] == pytest.approx(3 / 8)
    assert scores["scaled_mse"] == pytest.approx(5 / 16)
    assert scores["mase"] == pytest.approx(3 / 2)
    assert scores["smape"] == pytest.approx(np.mean([0, 2 * 2 / 8, 2 * 1 / 5]))
    assert scores["coverage"] == pytest.approx(3 / 4)  # 2.0 is below 2.5
    assert scores["coverage_gap"] == pytest.approx(0.05)
    losses = {0.1: 0.1 + 0 + 0.1 + 0.45, 0.5: 0 + 1 + 0 + 0.5, 0.9: 0.1 + 0.3 + 0.1 + 0.2}
    assert scores["weighted_quantile_loss"] == pytest.approx(2 * np.mean([*losses.values()]) / 6)


def test_blocks_of_time_are_drawn_whole() -> None:
    targets = truth(np.zeros((100, 2)))
    units = Task(SPEC).comparison.units(targets)
    assert units is not None
    assert np.bincount(units).tolist() == [4] * 25  # two horizons
    both = np.concatenate([targets, targets])  # the same times of a second series
    assert np.bincount(Task(SPEC).comparison.units(both)).tolist() == [8] * 25
    few = Task(SPEC).comparison.units(truth(np.zeros((12, 2))))
    assert len(np.unique(few)) == 12
    for rows in draw_samples(100, 20, 0, units):
        assert len(rows) == 100
        assert (np.bincount(units[rows], minlength=25) % 4 == 0).all()


def test_errors_that_depend_on_each_other_are_weaker_evidence() -> None:
    """A gain that comes and goes in long waves is no proof; the rows as such would make it one."""
    draw = np.random.default_rng(1)
    waves = np.repeat(draw.normal(0.02, 0.25, 30), 20)[:, None]
    values = np.zeros((600, 2))
    targets = truth(values)
    ours, theirs = np.abs(0.5 - waves) + 0 * values, np.full((600, 2), 0.5)
    spec = SPEC.model_copy(update={"horizon": 2, "season": 40})
    task = Task(spec)
    arguments = (task.metrics, task.metrics), "mae", targets, ours, theirs
    options: dict[str, Any] = {"samples": 300, "confidence": 0.95, "seed": 0}
    rows = paired_gain(*arguments, **options)
    blocks = paired_gain(*arguments, **options, units=task.comparison.units(targets))
    assert blocks["gain"] == rows["gain"]
    assert blocks["standard_error"] > 2 * rows["standard_error"]
    p_values = task.comparison.p_values(
        targets, ModelOutputs(spec, ours), ModelOutputs(spec, theirs)
    )
    assert p_values.two_sided > 0.02


def test_the_baselines_forecast_as_they_say() -> None:
    steps = np.arange(60)
    series = np.where(steps % 2, 5.0, -5.0) + 0.1 * steps
    rows = [series[i : i + 4, None].astype(np.float32) for i in range(50)]
    targets = truth([series[i + 4 : i + 6] for i in range(50)])
    gap = np.array([[1.0], [2.0], [np.nan], [np.nan]])
    models = Baselines(BAND).predict("series", rows[:40], targets[:40], [*rows[40:], gap], 0)
    assert {model.spec.quantiles for model in models.values()} == {None}
    last, seasonal = models["last value"].outputs, models["seasonal naive"].outputs
    assert last[0] == pytest.approx([series[43]] * 2)
    assert seasonal[0] == pytest.approx(series[42:44])
    assert last[-1].tolist() == [2.0, 2.0]
    ridge = models["ridge on the lags"].outputs[:-1]
    assert np.abs(ridge - targets[40:, 0, :2]).max() < 0.2
    constant = Baselines(BAND).best_constant(targets)
    assert len(np.unique(constant.outputs)) == 1
    long_season = BAND.model_copy(update={"season": 9})
    assert "seasonal naive" not in Baselines(long_season).predict(
        "series", rows, targets, rows[:1], 0
    )


def test_the_regression_reads_static_columns() -> None:
    draw = np.random.default_rng(0)
    kinds = np.arange(60) % 2
    rows = [
        Row(draw.normal(size=(4, 1)), {"area": float(kind), "kind": "xy"[kind]}) for kind in kinds
    ]
    truths = [[row.sequence[-1, 0] + 5 * kind] * 2 for row, kind in zip(rows, kinds, strict=True)]
    models = Baselines(BAND).predict("series", rows[:40], truth(truths[:40]), rows[40:], 0)
    ridge = models["ridge on the lags"].outputs
    assert np.abs(ridge - np.array(truths[40:])).max() < 0.5


def test_intervals_are_as_wide_as_validation_rows_ask() -> None:
    draw = np.random.default_rng(0)
    targets = truth(draw.normal(0, 3, (400, 2)))
    outputs = np.tile([-1.0, 0.0, 1.0], (400, 2))
    [width] = choose_widths(targets, outputs, BAND)
    assert width == pytest.approx(3 * 1.2816, rel=0.1)
    wide = BAND.model_copy(update={"widths": [width]})
    assert Task(wide).metrics.compute_one("coverage", targets, outputs) == pytest.approx(
        0.8, abs=0.01
    )


def test_answers_are_tables_of_steps_and_quantiles() -> None:
    answers = Task(BAND).answers
    outputs = np.arange(12.0).reshape(2, 6)
    record = answers.records(outputs)[1]
    assert record == {"step": [1, 2], "q0.1": [6, 9], "forecast": [7, 10], "q0.9": [8, 11]}
    missing = np.array([False, True])
    table = pa.Table.from_arrays(answers.columns(outputs, missing), schema=answers.schema)
    assert table.to_pylist() == [answers.records(outputs)[0], dict.fromkeys(record)]
    kind, shape, data = answers.tensors(outputs)["forecast"]
    assert (kind, shape, data) == ("FP64", [2, 2], [1, 4, 7, 10])
    two = BAND.model_copy(update={"columns": ["y", "z"], "mean": [0.0, 0.0], "std": [1.0, 1.0]})
    answers = Task(two).answers
    wide = np.arange(24.0).reshape(2, 12)
    assert answers.records(wide)[0]["forecast"] == {"y": [1, 4], "z": [7, 10]}
    table = pa.Table.from_arrays(answers.columns(wide, missing), schema=answers.schema)
    assert table.to_pylist()[0]["forecast"] == {"y": [1, 4], "z": [7, 10]}
    assert not Task(BAND).answers.matches(two)
    assert Task(BAND).answers.align(ModelOutputs(two, wide)) is None


def test_the_report_has_steps_series_and_recorded_answers(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    targets = truth(draw.normal(size=(20, 2)))
    targets[10:, 0, -2] = 1
    targets[10:, 0, -1] -= 10
    outputs = np.sort(draw.normal(size=(20, 2, 3)), axis=2).reshape(20, -1)
    ids = [f"{name}@{time}" for name in ("a", "b@c") for time in range(10)]
    raw = [np.zeros((4, 1), np.float32)] * 20
    test = ScoredRows(ids, raw, targets, np.full(20, 4), outputs)
    report = Task(BAND).report
    details = report.details(test, 3)
    assert [score["step"] for score in details["by_step"]] == [1, 2]
    mean = np.mean([score["mae"] for score in details["by_step"]])
    assert mean == pytest.approx(Task(BAND).metrics.compute_one("mae", targets, outputs))
    assert {score["series"] for score in details["worst_series"]} == {"a", "b@c"}
    page = report.section(details)
    assert "| b@c | 10 |" in page
    report.draw(test, ForecastReport(task="forecasting", fans=2, series=5), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "steps.png", "steps.csv", "fans.png", "series.png"
    }  # fmt: skip
    header, rows = report.predictions(test)
    path = tmp_path / "predictions.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    with path.open(newline="") as file:
        read_targets, model = Task(BAND).comparison.read_answers(list(csv.DictReader(file)))
    np.testing.assert_allclose(read_targets[:, :, :2], targets[:, :, :2], rtol=1e-6)
    point = Forecasts(outputs, BAND).point
    np.testing.assert_allclose(Forecasts(model.outputs, model.spec).point, point, rtol=1e-6)
