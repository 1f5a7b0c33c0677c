"""The table of metrics against scikit-learn, and the resampling against its own promises."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics as reference

from conveyor.metrics.resampling import intervals, paired_gain
from conveyor.tasks.classification.comparison import mcnemar
from conveyor.tasks.classification.metrics import (
    METRICS,
    LabelledPredictions,
    calibration,
    make_table,
)
from conveyor.tasks.classification.options import ClassSpec

SPEC = ClassSpec(classes=["a", "b", "c"])  # the metrics need no names of classes
TABLE = make_table(SPEC)


def answers(classes: int, rows: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities that are right more often than not, with ties among them."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, classes, rows)
    scores = draw.normal(size=(rows, classes)) + 1.5 * np.eye(classes)[labels]
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    coarse = np.round(probabilities, 2) + 1e-6  # coarse enough for ties
    return labels, coarse / coarse.sum(axis=1, keepdims=True)


def expected(labels: np.ndarray, p: np.ndarray) -> dict[str, float]:
    predicted, binary = p.argmax(axis=1), p.shape[1] == 2
    one_hot = np.eye(p.shape[1])[labels]
    return {
        "accuracy": reference.accuracy_score(labels, predicted),
        "balanced_accuracy": reference.balanced_accuracy_score(labels, predicted),
        "macro_f1": reference.f1_score(labels, predicted, average="macro"),
        "weighted_f1": reference.f1_score(labels, predicted, average="weighted"),
        "mcc": reference.matthews_corrcoef(labels, predicted),
        "log_loss": reference.log_loss(labels, p, labels=range(p.shape[1])),
        "roc_auc": reference.roc_auc_score(labels, p[:, 1] if binary else p, multi_class="ovr"),
        "pr_auc": reference.average_precision_score(labels, p[:, 1]) if binary
        else reference.average_precision_score(one_hot, p, average="macro"),
    }  # fmt: skip


@pytest.mark.parametrize("classes", [2, 3, 9])
def test_every_metric_agrees_with_scikit_learn(classes: int) -> None:
    labels, p = answers(classes)
    found = TABLE.score_all(labels, p)
    assert set(found) == set(METRICS)
    for name, value in expected(labels, p).items():
        assert found[name] == pytest.approx(value, abs=1e-9), name


def test_calibration_error_by_hand() -> None:
    labels = np.array([0, 0, 1, 1])
    p = np.array([[0.95, 0.05], [0.95, 0.05], [0.95, 0.05], [0.35, 0.65]])
    # three rows at confidence .95, two of them right; one at .65, right
    assert TABLE.score_all(labels, p)["ece"] == pytest.approx(
        (3 * abs(0.95 - 2 / 3) + abs(0.65 - 1)) / 4
    )
    confidence, right, rows = calibration(LabelledPredictions(SPEC, labels, p), 10)
    assert rows.tolist() == [0, 0, 0, 0, 0, 0, 1, 0, 0, 3]
    assert (confidence[9], right[9]) == (pytest.approx(0.95), pytest.approx(2 / 3))


def test_rows_of_one_class_leave_curves_undefined_and_the_rest_defined() -> None:
    found = TABLE.score_all(np.zeros(4, int), np.tile([0.7, 0.3], (4, 1)))
    assert set(METRICS) - set(found) == {"roc_auc", "pr_auc"}
    assert (found["accuracy"], found["mcc"]) == (1.0, 0.0)


def test_a_class_that_no_test_row_has_counts_only_where_predicted() -> None:
    labels = np.array([0, 0, 1, 1])
    p = np.eye(3)[[0, 0, 1, 2]]
    assert TABLE.score_all(labels, p)["macro_f1"] == pytest.approx(np.mean([1.0, 2 / 3, 0.0]))
    p = np.eye(3)[[0, 0, 1, 1]]
    assert TABLE.score_all(labels, p)["macro_f1"] == 1.0


def test_a_sure_and_wrong_answer_costs_finitely_much() -> None:
    assert np.isfinite(TABLE.score_all(np.array([0, 1]), np.eye(2)[[1, 0]])["log_loss"])


def test_confusion_has_the_truth_by_row() -> None:
    predictions = LabelledPredictions(SPEC, np.array([0, 0, 1]), np.array([[0.2, 0.8]] * 3))
    assert predictions.confusion.tolist() == [[0, 2], [0, 1]]


def test_gain_is_positive_where_the_new_model_is_better() -> None:
    assert METRICS["accuracy"].gain(0.9, 0.8) == pytest.approx(0.1)
    assert METRICS["log_loss"].gain(0.3, 0.5) == pytest.approx(0.2)


def test_bootstrap_intervals_cover_as_often_as_they_say() -> None:
    """Accuracy .8 on 100 rows; 90 % intervals must hold it in about 90 % of 200 experiments."""
    draw, held = np.random.default_rng(5), 0
    for seed in range(200):
        right = draw.random(100) < 0.8
        p = np.where(right[:, None], [0.9, 0.1], [0.1, 0.9])
        found = intervals(TABLE, np.zeros(100, int), p, samples=100, confidence=0.9, seed=seed)
        low, high = found["accuracy"]
        held += low <= 0.8 <= high
    assert 0.82 <= held / 200 <= 0.96


def test_intervals_hold_the_figure_and_repeat() -> None:
    labels, p = answers(3)
    found = intervals(TABLE, labels, p, samples=200, confidence=0.95, seed=1)
    for name, value in TABLE.score_all(labels, p).items():
        low, high = found[name]
        assert low < high, name
        if name != "ece":  # biased upwards by resampling
            assert low <= value <= high, name
    assert found == intervals(TABLE, labels, p, samples=200, confidence=0.95, seed=1)
    assert found != intervals(TABLE, labels, p, samples=200, confidence=0.95, seed=2)


def test_mcnemar_counts_rows_that_one_alone_gets_right() -> None:
    ours = np.array([True] * 12 + [False] * 3 + [True] * 50)
    theirs = np.array([False] * 12 + [True] * 3 + [True] * 50)
    only_ours, only_theirs, p_values = mcnemar(ours, theirs)
    assert (only_ours, only_theirs) == (12, 3)
    for p_value, side in ((p_values.better, "greater"), (p_values.worse, "less"),
                          (p_values.two_sided, "two-sided")):  # fmt: skip
        expected = binomtest(12, 15, alternative=side).pvalue
        assert p_value == pytest.approx(expected, abs=1e-12), side
    assert mcnemar(ours, ours)[2].two_sided == 1.0


def test_the_standard_error_of_a_paired_gain_is_that_of_the_mean_difference() -> None:
    labels, p = answers(3, rows=500)
    other = np.roll(p, 1, axis=0)
    gains = (p.argmax(1) == labels).astype(float) - (other.argmax(1) == labels)
    settings = {"samples": 2000, "confidence": 0.95, "seed": 0}
    found = paired_gain((TABLE, TABLE), "accuracy", labels, p, other, **settings)
    assert found["standard_error"] == pytest.approx(gains.std(ddof=1) / 500**0.5, rel=0.05)


@pytest.mark.parametrize("name", ["accuracy", "log_loss"])
def test_a_paired_gain_is_bounded_below_and_turns_with_the_models(name: str) -> None:
    labels, p = answers(3, rows=500)
    worse = 0.6 * p + 0.4 / 3
    worse[:100] = np.roll(worse[:100], 1, axis=1)
    settings = {"samples": 300, "confidence": 0.95, "seed": 0}
    better = paired_gain((TABLE, TABLE), name, labels, p, worse, **settings)
    assert 0 < better["lower"] < better["gain"]
    turned = paired_gain((TABLE, TABLE), name, labels, worse, p, **settings)
    assert turned["gain"] == pytest.approx(-better["gain"])
    assert turned["lower"] < 0
