"""Class imbalance: focal loss, and the decision that costs least, wherever an answer is needed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from toys import class_head

from conveyor import files, gates
from conveyor.compose import compose
from conveyor.config import Config, overlay
from conveyor.config.gates import Waiver
from conveyor.data.store import Prepared
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.serving import LoadedModel
from conveyor.tasks import Task
from conveyor.tasks.classification.decision import choose_decision, complete_costs, decide
from conveyor.tasks.classification.options import (
    ClassDecision,
    ClassHead,
    ClassSpec,
    ClassThreshold,
)
from conveyor.tasks.values import ModelOutputs, ScoredRows

ROOT = Path(__file__).parents[2]
TWO = ClassSpec(classes=["ham", "spam"])
COSTS = {"ham": {"spam": 1.0}, "spam": {"ham": 5.0}}


def decided(probability: float) -> ClassSpec:
    """A target whose answer is spam from a probability."""
    threshold = ClassThreshold(answer="spam", probability=probability)
    decision = ClassDecision(costs=COSTS, threshold=threshold)
    return TWO.model_copy(update={"decision": decision})


def make_rows(rows: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A tenth of the rows are spam; their probabilities are higher than those of the others."""
    draw = np.random.default_rng(seed)
    targets = (np.arange(rows) % 10 == 0).astype(np.int32)
    spam = (1 / (1 + np.exp(2 - 2 * targets - draw.normal(size=rows)))).round(2)
    return targets, np.stack([1 - spam, spam], axis=1).astype(np.float32)


def test_what_is_not_named_costs_one() -> None:
    classes = ["a", "b", "c"]
    assert complete_costs({"a": 5.0, "b": {"c": 0.5}}, classes) == {
        "a": {"b": 5.0, "c": 5.0}, "b": {"a": 1.0, "c": 0.5}, "c": {"a": 1.0, "b": 1.0}
    }  # fmt: skip


@pytest.mark.parametrize("costs", [{"spma": 5.0}, {"spam": {"hamm": 5.0}}])
def test_a_cost_of_no_class_is_refused_with_the_classes(costs: Any) -> None:
    """Already by the head, before a fit begins."""
    with pytest.raises(InputError, match=r"classes ham, spam; got '(spma|hamm)'"):
        Task(TWO).head(ClassHead.model_validate(
            {"task": "classification", "loss": "cross_entropy", "gamma": 2.0, "costs": costs,
             "label_smoothing": 0.0, "class_weights": "none"}
        ))  # fmt: skip


@pytest.mark.parametrize("costs", [{"spam": 5.0}, {"ham": 3.0}, {}])
@pytest.mark.parametrize("seed", range(3))
def test_the_threshold_of_two_classes_costs_least_on_the_rows(costs: Any, seed: int) -> None:
    targets, outputs = make_rows(seed=seed)
    spec = choose_decision(TWO, complete_costs(costs, TWO.classes), targets, outputs)
    matrix = np.array([[0, costs.get("ham", 1.0)], [costs.get("spam", 1.0), 0]])

    def cost(answers: np.ndarray) -> float:
        return float(matrix[targets, answers].sum())

    each = [cost((outputs[:, 1] > t).astype(int)) for t in [*np.unique(outputs[:, 1]), -1.0]]
    assert cost(decide(spec, outputs)) == min(each)


def test_of_equal_thresholds_the_one_of_right_probabilities_is_nearest() -> None:
    """Below 0.2 two false alarms cost 1 each, above 0.45 a missed spam costs 2."""
    targets, spam = np.array([0, 1, 0, 0]), np.array([0.1, 0.2, 0.4, 0.45])
    costs = complete_costs({"spam": 2.0}, TWO.classes)
    spec = choose_decision(TWO, costs, targets, np.stack([1 - spam, spam], axis=1))
    assert spec.decision is not None
    assert spec.decision.threshold.answer == "spam"
    assert spec.decision.threshold.probability == pytest.approx(0.15)


def test_of_more_classes_the_least_expected_cost_is_the_answer() -> None:
    spec = ClassSpec(classes=["a", "b", "c"])
    outputs = np.array([[0.5, 0.3, 0.2], [0.8, 0.15, 0.05]])
    costs = complete_costs({"c": 10.0}, spec.classes)
    chosen = choose_decision(spec, costs, np.array([0, 1]), outputs)
    # Of the first row: a 0.3 + 0.2 x 10, b 0.5 + 0.2 x 10, c 0.8; of the second: a 0.65, c 0.95.
    assert decide(chosen, outputs).tolist() == [2, 0]
    assert decide(spec, outputs).tolist() == [0, 0]


def test_every_answer_metric_and_report_follows_the_decision() -> None:
    targets, outputs = np.array([0, 1]), np.array([[0.9, 0.1], [0.7, 0.3]], np.float32)
    task, plain = Task(decided(0.2)), Task(TWO)
    assert plain.metrics.compute_one("accuracy", targets, outputs) == 0.5
    scores = task.metrics.score_all(targets, outputs)
    assert (scores["accuracy"], scores["macro_f1"]) == (1.0, 1.0)
    same = plain.metrics.score_all(targets, outputs)
    for name in ("log_loss", "ece", "roc_auc", "pr_auc"):  # they judge the probabilities
        assert scores[name] == same[name]
    record = task.answers.records(outputs)[1]
    assert (record["label"], record["probability"]) == ("spam", pytest.approx(0.3))
    label, probability, _ = task.answers.columns(outputs, np.array([False, False]))
    assert label.to_pylist() == ["ham", "spam"]
    assert probability.to_pylist() == pytest.approx([0.9, 0.3])
    assert task.answers.tensors(outputs)["label"][2] == ["ham", "spam"]
    assert task.answers.summarise(outputs).counts["predicted label"] == {"ham": 1, "spam": 1}
    assert task.comparison.score(["ham", "spam"], outputs).value == 1.0
    rows = ScoredRows(["1", "2"], ["x", "y"], targets, np.array([1, 1]), outputs)
    details = task.report.details(rows, 5)
    assert details["worst"] == []
    assert details["decision"]["mean_cost"] == 0.0
    assert details["decision"]["mean_cost_of_most_probable"] == 2.5
    assert "spam from a probability of 0.2" in task.report.section(details)
    assert "Costs" not in plain.report.section(plain.report.details(rows, 5))
    assert task.report.predictions(rows)[1][1][:4] == ["2", "spam", "spam", "0.300000"]
    assert pa.types.is_string(label.type)


def test_each_model_of_a_comparison_decides_by_its_own_threshold() -> None:
    """Equal outputs: at its own threshold the champion is right everywhere, at the challenger's it
    would be wrong on each spam."""
    targets = np.tile([0, 1], 50)
    outputs = np.where(targets[:, None] == 1, [0.7, 0.3], [0.9, 0.1])
    champion = ModelOutputs(decided(0.2), outputs)
    waived = Waiver(waived="no baselines here")
    config = compose(Paths(ROOT)).gates.model_copy(
        update={"bars": {}, "must_beat_baselines": waived}
    )
    mcnemar = config.model_copy(
        update={
            "max_bytes": None,
            "max_latency_ms": None,
            "data": None,
            "padding_tolerance": None,
            "round_trip_tolerance": None,
        }
    )
    bootstrap = mcnemar.model_copy(update={"champion": mcnemar.champion.model_copy(
        update={"test": "bootstrap", "samples": 50})})  # fmt: skip
    for limits in (mcnemar, bootstrap):
        for challenger, promoted in ((TWO, False), (decided(0.2), False)):
            task = Task(challenger)
            scores = task.metrics.score_all(targets, outputs)
            evidence = gates.Evidence(task, targets, outputs, champion, "1", scores, None)
            verdict = gates.decide(evidence, limits)
            assert verdict.promote is promoted
            slices = {r.gate: r.passed for r in verdict.results}["slices beside the champion's"]
            assert slices is (challenger != TWO)  # which finds no spam
        worse = ModelOutputs(TWO, outputs)  # the champion's default threshold finds no spam
        task = Task(decided(0.2))
        scores = task.metrics.score_all(targets, outputs)
        evidence = gates.Evidence(task, targets, outputs, worse, "1", scores, None)
        assert gates.decide(evidence, limits).promote


def test_a_champion_keeps_its_decision_in_the_order_of_the_challenger() -> None:
    outputs = np.array([[0.7, 0.3], [0.9, 0.1]])
    turned = Task(ClassSpec(classes=["spam", "ham"])).answers.align(
        ModelOutputs(decided(0.2), outputs)
    )
    assert turned is not None
    assert turned.outputs.tolist() == outputs[:, ::-1].tolist()
    names = [turned.spec.classes[code] for code in decide(turned.spec, turned.outputs)]
    assert names == ["spam", "ham"]


def test_a_baseline_does_not_decide_by_the_threshold_of_the_network() -> None:
    targets = np.array([0, 1] * 10)
    models = Task(decided(0.99)).baselines.predict("text", ["aa", "bb"] * 10, targets, ["bb"], 0)
    assert [decide(m.spec, m.outputs).tolist() for m in models.values()] == [[1], [1]]


@pytest.mark.parametrize(
    ("rows", "weights"),
    [
        ([100, 10], None),
        ([747, 4827], None),  # SMS Spam: 13 % of the messages are spam
        ([100, 9], [109 / 200, 109 / 18]),
        ([100, 0, 50], None),  # a class without rows has nothing to weigh
        ([100, 50, 5], [155 / 300, 155 / 150, 155 / 15]),
    ],
)
def test_classes_are_weighed_where_one_has_under_a_tenth_of_the_largest(
    rows: list[int], weights: list[float] | None, caplog: pytest.LogCaptureFixture
) -> None:
    head = class_head(len(rows), weights="auto")
    with caplog.at_level("INFO"):
        head.prepare_loss(np.repeat(np.arange(len(rows)), rows), few_rows=False)
    targets, outputs = np.arange(len(rows)), np.full([len(rows)] * 2, 1 / len(rows), "f4")
    losses = head.training_losses(targets, outputs) / head.losses(targets, outputs)
    expected = np.sqrt(weights or [1.0] * len(rows))
    expected /= np.average(expected, weights=rows)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    assert ("classes are weighed by their rows" in caplog.text) is (weights is not None)


@pytest.mark.parametrize(
    ("option", "few", "smoothing"), [("auto", True, 0.1), ("auto", False, 0.0), (0.3, True, 0.3)]
)
def test_targets_are_smoothed_where_rows_are_few(
    option: float | str, few: bool, smoothing: float
) -> None:
    head = class_head(2, label_smoothing=option)
    head.prepare_loss(np.array([0, 1]), few_rows=few)
    outputs = np.array([[0.9, 0.1]], np.float32)
    true, other = 1 - smoothing / 2, smoothing / 2
    expected = -true * np.log(0.9) - other * np.log(0.1)
    assert float(head.training_losses(np.array([0]), outputs)[0]) == pytest.approx(expected)
    assert float(head.losses(np.array([0]), outputs)[0]) == pytest.approx(-np.log(0.9))


def test_the_focal_loss_by_hand() -> None:
    head = class_head(2, loss="focal", gamma=2.0, weights="balanced")
    head.prepare_loss(np.array([0, 0, 0, 1]), few_rows=False)
    targets, outputs = np.array([0, 1]), np.array([[0.9, 0.1], [0.6, 0.4]], np.float32)
    plain = -np.log([0.9, 0.4])
    np.testing.assert_allclose(head.losses(targets, outputs), plain, rtol=1e-5)
    expected = plain * [0.1**2, 0.6**2] * np.array([2 / 3, 2.0])
    np.testing.assert_allclose(head.training_losses(targets, outputs), expected, rtol=1e-5)


def test_training_with_costs_keeps_the_decision_of_the_best_validation(
    toys: Prepared, toy_config: Config, tmp_path: Path
) -> None:
    from conveyor.models.export import predict
    from conveyor.training.fit import fit
    from conveyor.training.model_folder import write_model

    costs = {"head.costs": {"up": 20.0}, "head.loss": "focal", "train.refit": True}
    config = overlay(toy_config, costs)
    model, history = fit(overlay(config, {"train.refit": False}), toys, progress=False)
    validation = toys.split("validation")
    expected = choose_decision(toys.meta.target, {"up": {"down": 20.0}, "down": {"up": 1.0}},
                               validation.targets,
                               predict(model, validation.encoded))  # fmt: skip
    for name, stops in (("whole", [4]), ("resumed", [2, 4])):
        for epochs in stops:
            shortened = overlay(config, {"train.epochs": epochs})
            model, history = fit(shortened, toys, scratch=tmp_path / name, progress=False)
        write_model(model, history, config, toys, tmp_path / name / "model")
    card = files.read_json(tmp_path / "whole/model/card.json")
    assert card["target"] == json.loads(expected.model_dump_json())
    assert files.digest_tree(tmp_path / "whole/model") == files.digest_tree(
        tmp_path / "resumed/model"
    )
    served = LoadedModel.load(tmp_path / "whole/model")
    assert served.task.spec == expected
    assert toys.meta.target.decision is None  # that of the data set knows of no model
