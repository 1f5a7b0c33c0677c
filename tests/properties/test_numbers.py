"""Metrics against scikit-learn, batches of an epoch, and gates, for any numbers."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from conveyor import gates
from conveyor.config import Gates
from conveyor.tasks import Task
from conveyor.tasks.classification.options import ClassSpec
from conveyor.tasks.regression.options import RegressionSpec
from conveyor.training.batches import plan_batches


@st.composite
def predictions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Labels (rows,), of which each class has one at least, and probabilities (rows, classes)."""
    classes, seed = draw(st.integers(2, 5)), draw(st.integers(0, 2**32 - 1))
    generator = np.random.default_rng(seed)
    rows = draw(st.integers(classes, 40))
    labels = np.concatenate([np.arange(classes), generator.integers(0, classes, rows - classes)])
    weights = generator.integers(1, draw(st.sampled_from([3, 1000])), (rows, classes))  # with ties
    return labels, (weights / weights.sum(axis=1, keepdims=True)).astype(np.float64)


def by_scikit_learn(name: str, labels: np.ndarray, shares: np.ndarray) -> float:
    answers, classes = shares.argmax(axis=1), range(shares.shape[1])
    scores = shares[:, 1] if len(classes) == 2 else shares
    return {
        "accuracy": lambda: sk.accuracy_score(labels, answers),
        "balanced_accuracy": lambda: sk.balanced_accuracy_score(labels, answers),
        "macro_f1": lambda: sk.f1_score(labels, answers, average="macro"),
        "weighted_f1": lambda: sk.f1_score(labels, answers, average="weighted"),
        "mcc": lambda: sk.matthews_corrcoef(labels, answers),
        "log_loss": lambda: sk.log_loss(labels, shares, labels=list(classes)),
        "roc_auc": lambda: sk.roc_auc_score(labels, scores, multi_class="ovr"),
    }[name]()


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "macro_f1", "weighted_f1",
                                  "mcc", "log_loss", "roc_auc"])  # fmt: skip
@given(predictions())
def test_a_metric_is_that_of_scikit_learn(name: str, rows: tuple[np.ndarray, np.ndarray]) -> None:
    labels, shares = rows
    task = Task(ClassSpec(classes=[str(i) for i in range(shares.shape[1])]))
    value = task.metrics.compute_one(name, labels, shares)
    assert value == pytest.approx(by_scikit_learn(name, labels, shares), abs=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(2, 60))
def test_errors_of_numbers_are_those_of_scikit_learn(seed: int, rows: int) -> None:
    generator = np.random.default_rng(seed)
    truth, answers = generator.normal(3, 5, (rows, 1)), generator.normal(3, 5, (rows, 1))
    spec = RegressionSpec(columns=["x"], mean=[3.0], std=[5.0])
    table = Task(spec).metrics
    expected = {"mae": sk.mean_absolute_error(truth, answers),
                "rmse": np.sqrt(sk.mean_squared_error(truth, answers)),
                "r2": sk.r2_score(truth, answers)}  # fmt: skip
    for name, value in expected.items():
        assert table.compute_one(name, truth, answers) == pytest.approx(value, rel=1e-6)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=300), st.integers(1, 40),
       st.integers(1, 9), st.integers(0, 2**32 - 1), st.integers(0, 99))  # fmt: skip
def test_an_epoch_has_each_row_once_and_is_the_same_again(
    lengths: list[int], size: int, pool: int, seed: int, epoch: int
) -> None:
    rows = np.array(lengths, np.int32)
    batches = plan_batches(rows, size, pool, seed, epoch)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(rows)))
    assert max(map(len, batches)) <= size
    again = plan_batches(rows, size, pool, seed, epoch)
    assert [batch.tolist() for batch in batches] == [batch.tolist() for batch in again]


LIMITS: dict[str, Any] = {
    "bars": {}, "champion": {"test": "bootstrap", "metric": "accuracy", "margin": 0.0,
                             "confidence": 0.95, "samples": 10},
    "must_beat_baselines": {"waived": "a test of other gates"},
    "slices": {"bars": {}, "metric": "accuracy", "tolerance": None, "min_rows": 1, "lengths": 1},
    "max_bytes": None, "max_latency_ms": None, "padding_tolerance": None,
    "round_trip_tolerance": None, "own": {},
    "quantisation": {"max_drop": None, "padding_tolerance": None},
}  # fmt: skip
SHARES = st.floats(0, 1)


@given(st.integers(0, 100), SHARES, SHARES, SHARES, st.none() | SHARES)
def test_a_looser_limit_refuses_nothing_that_a_stricter_one_passes(
    dropped: int, share: float, rise: float, looser: float, champion: float | None
) -> None:
    report = {"rows": {"read": 100, "test": 2}, "conflicting_targets": {"rows": 0},
              "dropped": {"empty_input": {"rows": dropped}}}  # fmt: skip
    labels = np.array([0, 1])
    task = Task(ClassSpec(classes=["a", "b"]))
    measured = gates.Measurements(data=report, champion_dropped=champion)
    evidence = gates.Evidence(task, labels, np.eye(2), None, None, {}, None, None, measured)

    def decide(most: float, most_rise: float) -> gates.Verdict:
        data = {"max_dropped_share": most, "max_dropped_rise": most_rise,
                "max_conflicting_share": None}  # fmt: skip
        return gates.decide(evidence, Gates.model_validate({**LIMITS, "data": data}))

    strict = decide(share, rise)
    assert strict.promote is (dropped / 100 <= share)
    assert strict.promote is not bool(strict.reasons)
    loose = decide(max(share, looser), max(rise, looser))
    assert loose.promote or not strict.promote
