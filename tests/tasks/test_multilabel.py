"""Multi-label targets: label sets, strata, thresholds, metrics, losses."""

import itertools
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from multilabel_rows import NAMES, SPEC, make_rows, make_target
from sklearn import metrics as reference

from conveyor.errors import DataError
from conveyor.tasks import Task
from conveyor.tasks.multilabel.decision import choose_thresholds, decide
from conveyor.tasks.multilabel.metrics import METRICS
from conveyor.tasks.multilabel.options import (
    LabelHead,
    LabelSpec,
    Thresholds,
)
from conveyor.tasks.multilabel.strata import MIN_SET_ROWS, stratify
from conveyor.tasks.options import parse_spec
from conveyor.tasks.values import ModelOutputs


@pytest.mark.parametrize(
    ("options", "cells"),
    [
        ({"separator": ";"}, ["sport; news", "news;sport;news", " sport ;;news; ", "", None]),
        ({}, [["sport", "news"], ["news", "sport", "news"], [" sport", "news"], [], None]),
    ],
)
def test_order_repeats_and_white_space_do_not_count(
    options: dict[str, Any], cells: list[Any]
) -> None:
    keys, problems = make_target(**options).read([pa.array(cells)])
    assert keys.to_pylist() == [["news", "sport"]] * 3 + [[], None]
    assert problems.to_pylist() == [None] * 4 + ["missing_target"]


def test_a_list_with_a_null_is_missing_and_an_unlisted_label_is_unknown() -> None:
    target = make_target(labels=["news"])
    keys, problems = target.read([pa.array([["news", None], ["news", "sport"], ["news"]])])
    assert keys.to_pylist() == [None, ["news", "sport"], ["news"]]
    assert problems.to_pylist() == ["missing_target", "unknown_target", None]


@pytest.mark.parametrize(
    ("options", "cells", "hint"),
    [
        ({}, ["news;sport"], "set dataset.target.separator"),
        ({"separator": ";"}, [["news"]], "Remove the separator"),
        ({"separator": ";"}, [1.5], "Change dataset.target.column"),
    ],
)
def test_cells_of_another_type_are_refused_with_the_way_out(
    options: dict[str, Any], cells: list[Any], hint: str
) -> None:
    with pytest.raises(DataError, match=hint):
        make_target(**options).read([pa.array(cells)])


def test_labels_that_are_numbers_get_names() -> None:
    keys, _ = make_target().read([pa.array([[10, 9]])])
    assert keys.to_pylist() == [["10", "9"]]


def test_a_label_with_too_few_rows_is_named() -> None:
    target = make_target()
    keys = pa.array([[], ["news"], ["news", "sport"]], target.key_type)
    rows = {"train": np.array([1, 5, 3]), "test": np.array([0, 4, 1])}
    report = target.check(keys, rows, LabelSpec(labels=["news", "sport"]), 1)
    assert report["labels"] == {"train": {"news": 8, "sport": 3}, "test": {"news": 5, "sport": 1}}
    assert report["labels_per_row"] == {"train": 11 / 9, "test": 6 / 5}
    assert report["without_label"] == {"train": 1, "test": 0}
    assert report["co_occurrence"]["sport"] == {"news": 4, "sport": 4}
    assert report["warnings"] == ["label 'sport' has 1 test row, so its test metrics say little"]
    with pytest.raises(DataError, match="4 training rows of each label; got 3 of label 'sport'"):
        target.check(keys, rows, LabelSpec(labels=["news", "sport"]), 4)
    with pytest.raises(DataError, match="got empty sets only"):
        target.check(pa.array([[]], target.key_type), {"train": np.array([3])},
                     LabelSpec(labels=[]), 1)  # fmt: skip


def test_a_row_with_a_label_of_no_training_row_is_not_accepted() -> None:
    target = make_target()
    keys = pa.array([[], ["news"], ["news", "storm"]], target.key_type)
    assert target.accepts(keys, SPEC).tolist() == [True, True, False]
    assert target.encode(keys, SPEC).astype(int).tolist() == [[0, 0, 0], [1, 0, 0], [1, 0, 0]]


def test_frequent_sets_are_strata_and_rare_ones_join_by_their_rarest_label() -> None:
    #                 empty  a     b      a+b   a+c    b+c   d
    sets = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0],
                     [0, 1, 1, 0], [0, 0, 0, 1]], dtype=bool)  # fmt: skip
    rows = np.array([4, MIN_SET_ROWS, MIN_SET_ROWS, 3, 2, 3, 1])
    strata = stratify(sets, rows)
    empty, a, b, both, with_c, also_c, alone = strata.tolist()
    assert with_c == also_c  # c is rarer than a and b
    assert alone == empty  # a stratum of one row would never be drawn from
    assert len({empty, a, b, both, with_c}) == 5


def test_a_stratum_is_never_one_row_and_rare_labels_reach_each_fold() -> None:
    targets, _ = make_rows(60, 6)
    strata = Task(LabelSpec(labels=list("abcdef"))).comparison.strata(targets)
    assert np.bincount(strata)[strata].min() > 1


@pytest.mark.parametrize("metric", ["micro_f1", "macro_f1", "hamming_loss"])
@pytest.mark.parametrize("seed", range(5))
def test_chosen_thresholds_are_the_best_of_all(metric: Any, seed: int) -> None:
    targets, outputs = make_rows(12, 2, seed)
    targets[0] = True  # a label without rows would keep 0.5
    chosen = choose_thresholds(targets, outputs, metric)

    def score(values: tuple[float, ...]) -> float:
        spec = LabelSpec(labels=["a", "b"],
                         thresholds=Thresholds(values=list(values), metric=metric))  # fmt: skip
        value = Task(spec).metrics.compute_one(metric, targets, outputs)
        return -value if metric == "hamming_loss" else value

    each = [*(np.unique(outputs) + 0.001), 0.0, 1.0]
    assert score(tuple(chosen.values)) >= max(map(score, itertools.product(each, each))) - 1e-12


def test_a_label_without_positive_rows_keeps_its_threshold() -> None:
    outputs = np.array([[0.2], [0.9], [1.0]])
    assert choose_thresholds(np.zeros((3, 1), bool), outputs, "macro_f1").values == [0.5]


def test_a_label_that_is_best_left_out_is_left_out() -> None:
    targets, outputs = np.array([[True]] + [[False]] * 9), np.array([[0.1]] + [[1.0]] * 9)
    spec = Task(SPEC).head(_options("hamming_loss")).choose_decision(targets, outputs)
    assert not decide(spec, outputs).any()


def _options(thresholds: str | None, **options: Any) -> LabelHead:
    settings = {"loss": "cross_entropy", "gamma": 2.0, "label_weights": "none"}
    return LabelHead.model_validate(
        {"task": "multilabel", **settings, "thresholds": thresholds, **options}
    )


def test_every_metric_agrees_with_scikit_learn() -> None:
    targets, outputs = make_rows()
    predicted = outputs >= 0.5
    scores = Task(SPEC).metrics.score_all(targets, outputs)
    assert set(scores) == set(METRICS)
    expected = {
        "micro_f1": reference.f1_score(targets, predicted, average="micro"),
        "macro_f1": reference.f1_score(targets, predicted, average="macro"),
        "mean_average_precision": reference.average_precision_score(targets, outputs),
        "subset_accuracy": reference.accuracy_score(targets, predicted),
        "hamming_loss": reference.hamming_loss(targets, predicted),
        "log_loss": np.mean([reference.log_loss(t, o) for t, o in zip(targets.T, outputs.T,
                                                                      strict=True)]),
    }  # fmt: skip
    assert scores == pytest.approx(expected)


def test_metrics_and_answers_follow_the_thresholds_of_the_target() -> None:
    targets, outputs = np.array([[1, 0, 1]], bool), np.array([[0.4, 0.4, 0.6]], np.float32)
    thresholds = Thresholds(values=[0.3, 0.5, 0.7], metric="micro_f1")
    task = Task(SPEC.model_copy(update={"thresholds": thresholds}))
    assert Task(SPEC).answers.records(outputs)[0]["labels"] == ["weather"]
    assert task.answers.records(outputs)[0]["labels"] == ["news"]
    assert task.metrics.compute_one("micro_f1", targets, outputs) == pytest.approx(2 / 3)
    assert task.answers.parameters()["thresholds"] == [0.3, 0.5, 0.7]
    assert parse_spec(task.spec.model_dump(mode="json")) == task.spec


def test_a_champion_keeps_its_thresholds_in_the_order_of_the_challenger() -> None:
    thresholds = Thresholds(values=[0.2, 0.5, 0.8], metric="macro_f1")
    other = LabelSpec(labels=["weather", "sport", "news"], thresholds=thresholds)
    outputs = np.array([[0.3, 0.3, 0.9]])
    aligned = Task(SPEC).answers.align(ModelOutputs(other, outputs))
    assert aligned is not None
    assert aligned.spec.labels == NAMES
    assert aligned.spec.thresholds.values == [0.8, 0.5, 0.2]
    assert aligned.outputs.tolist() == [[0.9, 0.3, 0.3]]
    task, own = Task(aligned.spec).answers, Task(other).answers
    assert sorted(task.records(aligned.outputs)[0]["labels"]) == sorted(
        own.records(outputs)[0]["labels"]
    )
    fewer = LabelSpec(labels=["news", "sport"])
    assert Task(SPEC).answers.align(ModelOutputs(fewer, outputs)) is None


@pytest.mark.parametrize("loss", ["cross_entropy", "focal"])
def test_losses_by_hand(loss: str) -> None:
    import tensorflow as tf

    head = Task(LabelSpec(labels=["a", "b"])).head(_options(None, loss=loss, gamma=2.0,
                                                            label_weights="balanced"))  # fmt: skip
    targets = np.array([[1, 0], [0, 0], [0, 1], [0, 1]], bool)
    p = np.array([[0.8, 0.3], [0.1, 0.2], [0.4, 0.9], [0.5, 0.5]], np.float32)
    truth = np.where(targets, p, 1 - p)
    plain = -np.log(truth)
    tensors = tf.constant(targets), tf.constant(p)
    np.testing.assert_allclose(head.losses(*tensors), plain.mean(axis=1), rtol=1e-5)
    head.prepare_loss(targets, few_rows=False)
    weights = np.where(targets, [4 / 2, 4 / 4], [4 / 6, 4 / 4])
    focus = (1 - truth) ** 2 if loss == "focal" else 1.0
    expected = (plain * weights * focus).mean(axis=1)
    np.testing.assert_allclose(head.training_losses(*tensors), expected, rtol=1e-5)
    assert float(head.score(*tensors)) == pytest.approx(0.5)  # one label of the last row
