"""Numbers as targets: read, split, learnt and measured."""

from itertools import pairwise
from typing import Any

import keras
import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError
from regression_rows import BAND, LEVELS, ONE, TWO, draw, keys, options, target
from scipy import stats
from sklearn import metrics as reference

from conveyor.errors import DataError
from conveyor.models.onnx_graph import Graph
from conveyor.tasks import Task
from conveyor.tasks.regression.options import (
    RegressionSpec,
)
from conveyor.tasks.regression.strata import assign_strata
from conveyor.tasks.values import ModelOutputs


@pytest.mark.parametrize(
    ("cells", "numbers", "problems"),
    [
        (
            pa.array(["1.5", " -2 ", "1e3", "", "  ", None, "much", "1,5", "nan", "inf"]),
            [1.5, -2.0, 1000.0, *[None] * 7],
            [None, None, None, "missing_target", "missing_target", "missing_target",
             "unknown_target", "unknown_target", "not_finite", "not_finite"],
        ),
        (pa.array([1, None, 3]), [1.0, None, 3.0], [None, "missing_target", None]),
        (
            pa.array([0.5, float("nan"), float("-inf"), None], pa.float32()),
            [0.5, None, None, None],
            [None, "not_finite", "not_finite", "missing_target"],
        ),
        (
            pa.array(["7", None, "7"]).dictionary_encode(),
            [7.0, None, 7.0],
            [None, "missing_target", None],
        ),
        (pa.array([None, None]), [None, None], ["missing_target"] * 2),
    ],
)  # fmt: skip
def test_a_cell_is_a_number_or_has_a_problem(
    cells: pa.Array, numbers: list, problems: list
) -> None:
    read, result = target("x").read([cells])
    assert read.to_pylist() == [None if n is None else [n] for n in numbers]
    assert result.to_pylist() == problems


def test_a_row_of_several_targets_has_the_first_problem() -> None:
    read, result = target("x", "y").read([pa.array(["1", "2", ""]), pa.array([1.0, None, np.inf])])
    assert read.to_pylist() == [[1.0, 1.0], None, None]
    assert result.to_pylist() == [None, "missing_target", "missing_target"]


@pytest.mark.parametrize("cells", [pa.array([[1.0]]), pa.array([True]), pa.array([{"a": 1}])])
def test_a_column_that_holds_no_numbers_is_refused(cells: pa.Array) -> None:
    with pytest.raises(DataError, match="column 'x': expected numbers; got"):
        target("x").read([cells])


def test_mean_and_deviation_weigh_each_target_by_its_rows() -> None:
    spec = target("x").learn(keys([1.0], [4.0]), np.array([3, 1]))
    assert (spec.mean, spec.std) == ([1.75], [pytest.approx(np.std([1, 1, 1, 4]))])
    with pytest.raises(DataError, match=r"expected different numbers in column 'y'; got 2 in all"):
        target("x", "y").learn(keys([1.0, 2.0], [3.0, 2.0]), np.array([1, 1]))
    words, _ = target("x").read([pa.array(["one", "two"])])
    with pytest.raises(DataError, match="expected numbers in the columns x; got none"):
        target("x").learn(words.drop_null(), np.zeros(0, int))
    assert target("x").stratify(words.drop_null(), np.zeros(0, int)).tolist() == []


@pytest.mark.parametrize(("rows", "strata"), [(9, 1), (30, 3), (40, 4), (5000, 10)])
def test_strata_are_quantiles_of_the_target_and_few_for_few_rows(rows: int, strata: int) -> None:
    values = np.sort(np.random.default_rng(0).lognormal(size=(rows, 1)), axis=0)
    result = assign_strata(values, np.ones(rows, int))
    counts = np.bincount(result)
    assert len(counts) == strata
    assert counts.max() - counts.min() <= 1
    assert (np.diff(result) >= 0).all()


def test_equal_targets_share_a_stratum_and_count_by_their_rows() -> None:
    result = assign_strata(np.array([[1.0], [2.0], [3.0]]), np.array([10, 30, 60]))
    assert result.tolist() == [0, 2, 7]  # the middle of each among 100 rows, in tenths
    several = assign_strata(np.random.default_rng(0).normal(size=(500, 3)), np.ones(500, int))
    assert len(np.unique(several)) == 8  # two parts of each column


def test_the_data_report_counts_each_row_once_and_asks_variety_of_training_rows_only() -> None:
    values = keys([1.0], [2.0], [5.0])
    rows = {"train": np.array([4, 2, 2]), "test": np.array([1, 1, 0])}
    column = target("x").check(values, rows, ONE, 2)["targets"]["x"]
    assert [sum(split["histogram"]) for split in column["splits"].values()] == [8, 2]
    train = column["splits"]["train"]
    assert [train[name] for name in ("min", "median", "max", "mean")] == [1.0, 1.0, 5.0, 2.25]
    with pytest.raises(DataError, match=r"at least 9 training rows; got 8"):
        target("x").check(values, rows, ONE, 9)
    same = np.array([2, 0, 0])
    with pytest.raises(DataError, match=r"the training rows: expected different numbers in col"):
        target("x").check(values, rows | {"train": same}, ONE, 1)
    few, constant = target("x").check(values, rows | {"test": same}, ONE, 1)["warnings"]
    assert few == "there are 2 test rows, so their metrics say little"
    assert constant.startswith("all test rows have 1 in column 'x', so R²")


# --- options


@pytest.mark.parametrize(
    "levels", [[0.1, 0.9, 0.95], [0.5, 0.1, 0.9], [0.1, 0.5, 0.5], [0.5, 0.6, 0.7]]
)
def test_quantiles_rise_around_the_median(levels: list[float]) -> None:
    with pytest.raises(ValidationError, match=r"expected rising numbers around 0\.5"):
        options("quantile", levels)


def test_columns_differ() -> None:
    with pytest.raises(ValidationError, match="expected different columns"):
        target("x", "x")


# --- metrics


def test_metrics_equal_their_reference() -> None:
    targets, outputs = draw(200, ONE)
    targets = targets.round(0)  # so that there are ties
    scores = Task(ONE).metrics.score_all(targets, outputs)
    y, p = targets[:, 0], outputs[:, 0]
    assert scores == pytest.approx({
        "mae": reference.mean_absolute_error(y, p),
        "rmse": reference.root_mean_squared_error(y, p),
        "scaled_mae": reference.mean_absolute_error(y, p) / 4,
        "r2": reference.r2_score(y, p),
        "pearson": stats.pearsonr(y, p)[0],
        "spearman": stats.spearmanr(y, p)[0],
    })  # fmt: skip


def test_metrics_of_quantiles_use_the_median_and_the_interval() -> None:
    targets, outputs = draw(300, BAND)
    scores = Task(BAND).metrics.score_all(targets, outputs)
    y, (low, middle, high) = targets[:, 0], outputs.T
    assert scores["mae"] == pytest.approx(np.abs(middle - y).mean())
    losses = [reference.mean_pinball_loss(y, outputs[:, i], alpha=a) for i, a in enumerate(LEVELS)]
    assert scores["pinball"] == pytest.approx(np.mean(losses))
    inside = ((low <= y) & (y <= high)).mean()
    assert scores["coverage"] == inside
    assert scores["coverage_gap"] == pytest.approx(abs(inside - 0.8))


def test_a_metric_of_several_targets_is_their_mean() -> None:
    targets, outputs = draw(50, TWO)
    errors = np.abs(targets - outputs).mean(axis=0)
    scores = Task(TWO).metrics.score_all(targets, outputs)
    assert scores["mae"] == pytest.approx(errors.mean())
    assert scores["scaled_mae"] == pytest.approx((errors / [2000, 0.5]).mean())


def test_an_undefined_metric_is_nan_and_the_headline_is_always_defined() -> None:
    table = Task(ONE).metrics
    scores = table.compute(table.metrics, np.array([[3.0]]), np.array([[1.0]]))
    undefined = {name for name, value in scores.items() if np.isnan(value)}
    assert undefined == {"r2", "pearson", "spearman", "pinball", "coverage", "coverage_gap"}
    assert scores[table.headline] == 0.5


# --- head


@pytest.mark.parametrize(
    ("loss", "expected"),
    [("mse", 4.0), ("mae", 2.0), ("huber", 1.5), ("quantile", (0.2 * 0.5 + 1.0 + 0.1 * 2.5) / 3)],
)
def test_losses_are_of_standardised_errors(loss: str, expected: float) -> None:
    head = Task(ONE).head(options(loss))
    outputs = [[2.0 + 4 * e for e in ([1.5, 2.0, 4.5] if loss == "quantile" else [2.0])]]
    if loss == "quantile":
        expected = (0.9 * 1.5 + 0.5 * 2.0 + 0.1 * 4.5) / 3
    losses = head.losses(np.array([[2.0]]), np.array(outputs))
    assert np.asarray(losses) == pytest.approx([expected])
    assert float(head.score(np.array([[2.0]]), np.array(outputs))) == pytest.approx(2.0)


@pytest.mark.parametrize("spec", [ONE, TWO])
@pytest.mark.parametrize("loss", ["mse", "quantile"])
def test_keras_and_the_graph_agree_and_quantiles_never_cross(
    spec: RegressionSpec, loss: str
) -> None:
    head = Task(spec).head(options(loss))
    features = keras.Input((5,))
    model = keras.Model(features, head.build(features))
    weights = [w * 9 + 1 for w in np.random.default_rng(0).normal(size=3)]
    model.set_weights([np.full_like(w, x) * np.linspace(-3, 3, w.size).reshape(w.shape)
                       for w, x in zip(model.get_weights(), weights, strict=False)])  # fmt: skip
    x = np.random.default_rng(1).normal(size=(64, 5)).astype(np.float32) * 3
    outputs = np.asarray(model(x))
    assert outputs.dtype == np.float64
    served = run_graph(head, model, x)
    assert np.abs((outputs - served) / Task(head.spec).answers.unit).max() < 1e-5
    quantiles = outputs.reshape(64, len(spec.columns), -1)
    assert all((quantiles[..., i] <= quantiles[..., j]).all()
               for i, j in pairwise(range(quantiles.shape[2])))  # fmt: skip


def run_graph(head: Any, model: keras.Model, x: np.ndarray) -> np.ndarray:
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper

    graph = Graph()
    head.add_to_graph(graph, model, "x")
    tensor = helper.make_tensor_value_info
    given = tensor("x", TensorProto.FLOAT, [None, 5])
    output = tensor(head.output_name, TensorProto.DOUBLE, [None, head.width])
    body = helper.make_graph(graph.nodes, "head", [given], [output], [*graph.weights.values()])
    proto = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(proto, full_check=True)
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    return session.run(None, {"x": x})[0]


def test_an_untrained_head_gives_the_quantiles_of_the_standardised_target() -> None:
    head = Task(TWO).head(options("quantile"))
    features = keras.Input((5,))
    model = keras.Model(features, head.build(features))
    expected = np.outer([2000, 0.5], stats.norm.ppf(LEVELS)) + np.array([[5000], [3]])
    assert np.asarray(model(np.zeros((1, 5)))) == pytest.approx(expected.reshape(1, -1), rel=1e-5)
    assert head.spec.quantiles == LEVELS
    assert Task(TWO).head(options("mae")).spec.quantiles is None


def test_the_validation_rows_decide_how_wide_an_interval_is() -> None:
    head = Task(BAND).head(options("quantile"))
    targets, outputs = draw(999, BAND)
    chosen: Any = head.choose_decision(targets, outputs)
    assert chosen.widths[0] > 1  # `draw` gives intervals that hold three quarters of the rows
    metrics = Task(chosen).metrics
    assert metrics.compute_one("coverage", targets, outputs) == pytest.approx(800 / 999)
    fresh = draw(999, BAND, seed=1)
    assert metrics.compute_one("coverage", *fresh) == pytest.approx(0.8, abs=0.05)
    same = ("mae", "pearson")
    assert metrics.compute(same, *fresh) == Task(BAND).metrics.compute(same, *fresh)
    [low, middle, high] = outputs[0]
    record = Task(chosen).answers.records(outputs[:1])[0]
    assert record["prediction"] == middle
    assert record["high"] == pytest.approx(middle + chosen.widths[0] * (high - middle))
    assert record["low"] == pytest.approx(middle + chosen.widths[0] * (low - middle))
    aligned = Task(BAND).answers.align(ModelOutputs(chosen, outputs[:1]))
    assert aligned is not None
    assert Task(aligned.spec).answers.records(aligned.outputs) == [record]
    point = Task(ONE).head(options("mse"))
    assert point.choose_decision(targets, outputs[:, 1:2]) == ONE
