"""Evaluation of a model: scores, baselines, slices, errors, files."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import auc, roc_auc_score

from conveyor.config import Evaluate
from conveyor.data.store import Split
from conveyor.evaluation import report
from conveyor.evaluation.evaluate import evaluate
from conveyor.evaluation.results import Evaluation, EvaluationInput
from conveyor.metrics.baselines import BaselineComparison
from conveyor.raw_row import Row
from conveyor.tasks import Task
from conveyor.tasks.classification.baselines import Baselines
from conveyor.tasks.classification.curves import (
    compute_class_curves,
    compute_curves,
    compute_pooled_curves,
)
from conveyor.tasks.classification.options import ClassReport, ClassSpec
from conveyor.tasks.features import StaticFeatures, summarise
from tests.toys import make_split

REPORT = ClassReport(task="classification", calibration_bins=5)
SETTINGS = Evaluate(bootstrap_samples=50, confidence=0.9, report=REPORT, length_slices=3,
                    worst_rows=4, baselines=True)  # fmt: skip
NAMES = ["cold", "hot|dry", "mild"]
TASK = Task(ClassSpec(classes=NAMES))


def rows(count: int, seed: int) -> Split:
    """Series whose mean tells the class, of 2 to 11 steps."""
    draw = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    raw = [draw.normal(label, 0.1, (draw.integers(2, 12), 2)) for label in labels]
    return make_split([f"r{i}" for i in range(count)], raw, labels, [len(r) for r in raw])


def answers(labels: np.ndarray, wrong: int) -> np.ndarray:
    """Right but for the first `wrong` rows; more confident from row to row."""
    predicted = np.where(np.arange(len(labels)) < wrong, (labels + 1) % 3, labels)
    sure = np.linspace(0.5, 0.99, len(labels))[:, None]
    return np.where(np.eye(3)[predicted] > 0, sure, (1 - sure) / 2)


def evaluated(
    wrong: int = 6, settings: Evaluate = SETTINGS
) -> tuple[Evaluation, Split, np.ndarray]:
    data = inputs(wrong)
    return evaluate(data, settings, seed=3), data.test, data.outputs


def inputs(wrong: int = 6) -> EvaluationInput:
    test = rows(60, 2)
    outputs = answers(test.targets, wrong)
    return EvaluationInput("series", TASK, rows(60, 1), rows(30, 4), test, outputs)


def write_report(folder: Path) -> tuple[Split, np.ndarray]:
    evaluation, test, p = evaluated()
    report.write(folder, evaluation, inputs(), SETTINGS)
    return test, p


def test_scores_are_of_all_test_rows_and_slices_share_them_out() -> None:
    evaluation, test, p = evaluated()
    assert evaluation.scores == TASK.metrics.score_all(test.targets, p)
    assert evaluation.scores["accuracy"] == 0.9
    assert sum(part["rows"] for part in evaluation.slices) == 60
    right = sum(part["rows"] * part["accuracy"] for part in evaluation.slices)
    assert right == pytest.approx(54)
    assert evaluation.slices[0]["from"] == test.sequences.lengths.min()
    assert evaluation.slices[-1]["to"] == test.sequences.lengths.max()


def test_metrics_by_class_by_hand() -> None:
    evaluation, _, _ = evaluated(wrong=6)
    # rows 0..5 are two of each class, each taken for the next
    for score in evaluation.details["per_class"].values():
        assert score == {"precision": 0.9, "recall": 0.9, "f1": 0.9, "rows": 20}


def test_the_worst_errors_are_the_most_confident() -> None:
    evaluation, test, p = evaluated(wrong=6)
    assert [error["id"] for error in evaluation.details["worst"]] == ["r5", "r4", "r3", "r2"]
    assert evaluation.details["worst"][0]["confidence"] == pytest.approx(p[5].max(), abs=1e-6)
    assert evaluation.details["worst"][0]["label"] == NAMES[test.targets[5]]


LINEAR = "summary statistics + logistic regression"


@pytest.mark.parametrize(
    ("wrong", "sentence", "is_loud"),
    [(6, f"The network loses to {LINEAR}, the best simple baseline in 5 folds of 90 training and "
         "validation rows: accuracy 0.9000 against 1.0000 (difference -0.1000, standard", 1),
     (1, f"The network is not distinguishable from {LINEAR}", 0),
     (0, f"The network is not distinguishable from {LINEAR}", 0),
     (45, "The network is not better than the trivial baseline, majority class: accuracy 0.2500 "
          "against 0.3333 (one-sided p = 0.8", 1)],
)  # fmt: skip
def test_what_tells_against_the_network_is_said_loudly(
    wrong: int, sentence: str, is_loud: int
) -> None:
    evaluation, _, _ = evaluated(wrong=wrong)
    assert evaluation.baselines[LINEAR]["accuracy"] == 1.0
    text = report.describe_comparison(evaluation, TASK)
    assert "**" * is_loud + sentence in text
    assert ("**" in text) == is_loud
    assert report.headline(evaluation, TASK)["baseline_accuracy"] == 1.0


def test_a_network_that_beats_the_best_baseline_is_reported_with_its_two_sided_p_value() -> None:
    data = inputs(wrong=0)
    shifted = {
        name: replace(split, targets=np.roll(split.targets, 1))
        for name, split in (("train", data.train), ("validation", data.validation))
    }
    evaluation = evaluate(replace(data, **shifted), SETTINGS, seed=3)
    text = report.describe_comparison(evaluation, TASK)
    assert text.startswith(f"The network beats {LINEAR}, the best simple baseline")
    comparison = evaluation.baseline_comparison
    assert comparison is not None
    assert f"two-sided p = {comparison.beside_best.p_value:.3g}, McNemar)" in text
    assert comparison.beside_best.p_value < 1e-6


@pytest.mark.parametrize("rows_of_validation", [30, 300])
def test_no_test_row_chooses_the_baseline(rows_of_validation: int) -> None:
    """The linear model is the best on validation rows, and the worst on test rows."""
    data = replace(inputs(), validation=rows(rows_of_validation, 4))
    test = replace(data.test, targets=np.roll(data.test.targets, 1))
    evaluation = evaluate(replace(data, test=test), SETTINGS, seed=3)
    comparison = evaluation.baseline_comparison
    assert comparison is not None
    assert TASK.metrics.find_best(evaluation.baselines) == "majority class"
    assert comparison.best == LINEAR
    assert comparison.validation_scores == {LINEAR: 1.0, "majority class": pytest.approx(1 / 3)}
    assert comparison.chosen_on == (
        "on 300 validation rows"
        if rows_of_validation == 300
        else "in 5 folds of 90 training and validation rows"
    )
    page = report.markdown(evaluation, data, 0.9)
    assert f"The best one is chosen {comparison.chosen_on}." in page
    assert f"| {LINEAR} | 1.0000 | 0.0000 |" in page


def test_the_comparison_is_read_from_the_report_as_it_was_written(tmp_path: Path) -> None:
    write_report(tmp_path / "evaluation")
    values = json.loads((tmp_path / "evaluation" / "report.json").read_text())
    comparison = BaselineComparison.from_json(values["baseline_comparison"])
    assert comparison == evaluated()[0].baseline_comparison


def test_without_baselines_nothing_is_claimed() -> None:
    evaluation, _, _ = evaluated(settings=SETTINGS.model_copy(update={"baselines": False}))
    assert (evaluation.baseline_comparison, evaluation.baselines) == (None, {})
    assert "baseline_accuracy" not in report.headline(evaluation, TASK)
    assert report.describe_comparison(evaluation, TASK) == "No baseline was scored."


def test_headline_metrics_are_flat_numbers_within_their_interval() -> None:
    metrics = report.headline(evaluated()[0], TASK)
    assert all(isinstance(value, float) for value in metrics.values())
    assert metrics["accuracy_low"] <= metrics["accuracy"] <= metrics["accuracy_high"]


def test_the_majority_baseline_gives_the_shares_of_the_training_rows() -> None:
    texts, labels = ["aa bb", "cc dd", "cc ee", "cc ff"], np.array([0, 1, 1, 1])
    p = Baselines(TASK.spec).predict("text", texts, labels, ["aa", "bb"], 0)["majority class"]
    assert p.outputs.tolist() == [[0.25, 0.75, 0.0]] * 2


def test_the_text_baseline_reads_words() -> None:
    texts = ["good film", "great film", "bad film", "awful film"] * 3
    baselines = Baselines(ClassSpec(classes=["bad", "good"]))
    outputs = baselines.predict("text", texts, np.array([1, 1, 0, 0] * 3), ["great", "awful"], 0)
    p = outputs["TF-IDF + logistic regression"].outputs
    assert p.argmax(axis=1).tolist() == [1, 0]


def test_summary_statistics_by_hand() -> None:
    gaps = np.array([[1.0, np.nan], [np.nan, np.nan], [3.0, np.nan]])
    filled = np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])
    np.testing.assert_array_equal(summarise([gaps]), summarise([filled]))
    statistics = summarise([np.array([[1.0, 10.0], [3.0, 10.0]])])
    assert statistics.tolist() == [[2, 10, 1, 0, 1, 10, 3, 10, 1, 10, 3, 10, 2]]


@pytest.mark.parametrize(
    ("columns", "features"),
    [
        ({"age": [1.0, 3.0, np.nan]}, [[-1], [1], [0]]),
        ({"ward": ["a", "b", None]}, [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    ],
)
def test_static_columns_may_all_be_of_one_kind(
    columns: dict[str, list[Any]], features: list[list[float]]
) -> None:
    [(name, cells)] = columns.items()
    rows = [Row(np.zeros((1, 1)), {name: cell}) for cell in cells]
    fitted = StaticFeatures().fit(rows[:2] if name == "age" else rows)
    np.testing.assert_allclose(fitted.transform(rows).toarray(), features)


def test_curves_have_the_area_of_their_metric() -> None:
    _, test, p = evaluated()
    by_class = compute_class_curves(test.targets, p, NAMES)
    assert set(by_class) == set(NAMES)
    areas = [auc(*curve.roc) for curve in by_class.values()]
    assert np.mean(areas) == pytest.approx(TASK.metrics.score_all(test.targets, p)["roc_auc"])
    flat = roc_auc_score(np.eye(3)[test.targets].ravel(), p.ravel())
    assert auc(*compute_pooled_curves(test.targets, p).roc) == pytest.approx(flat)
    two = compute_pooled_curves(np.array([0, 1, 1]), np.array([[0.8, 0.2], [0.3, 0.7], [0.9, 0.1]]))
    expected = compute_curves(np.array([False, True, True]), np.array([0.2, 0.7, 0.1]))
    np.testing.assert_array_equal(two.roc, expected.roc)


def test_a_class_without_test_rows_has_no_curve() -> None:
    p = np.full((4, 3), 1 / 3)
    assert set(compute_class_curves(np.array([0, 0, 1, 1]), p, NAMES)) == {"cold", "hot|dry"}
    assert compute_class_curves(np.zeros(4, int), p[:, :2], NAMES[:2]) == {}


def test_the_report_is_whole_repeats_and_holds_every_row(tmp_path: Path) -> None:
    folder = tmp_path / "evaluation"
    test, p = write_report(folder)
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(first) == {
        "report.json", "report.md", "predictions.csv", "confusion.csv", "roc.csv", "pr.csv",
        "calibration.csv",
        "confusion.png", "curves.png", "calibration.png", "lengths.png",
    }  # fmt: skip
    write_report(folder)
    assert first == {path.name: path.read_bytes() for path in folder.iterdir()}
    predictions = list(csv.DictReader((folder / "predictions.csv").open()))
    assert [row["id"] for row in predictions] == test.ids
    right = [row["label"] == row["predicted"] for row in predictions]
    assert np.mean(right) == json.loads(first["report.json"])["scores"]["accuracy"] == 0.9
    points = list(csv.DictReader((folder / "roc.csv").open()))
    x, y = ([float(point[axis]) for point in points] for axis in points[0])
    assert auc(x, y) == pytest.approx(auc(*compute_pooled_curves(test.targets, p).roc), abs=1e-4)
    bins = list(csv.DictReader((folder / "calibration.csv").open()))
    assert sum(float(row["rows"]) for row in bins) == 60


def test_no_metric_of_a_tiny_or_huge_unit_is_written_as_zero_or_without_end() -> None:
    evaluation, *_ = evaluated()
    low, high = 9.5e-13, 2.34567e11
    odd = replace(evaluation, scores={**evaluation.scores, "log_loss": low},
                  intervals={**evaluation.intervals, "log_loss": (0.0, high)})  # fmt: skip
    page = report.markdown(odd, inputs(), SETTINGS.confidence)
    assert "| log loss | 9.5e-13 | 0.0000 to 2.346e+11 |" in page


def test_a_page_is_written_beside_the_report_where_there_is_one(tmp_path: Path) -> None:
    evaluation, _, _ = evaluated()
    pages = {"inspect.html": "a page", "errors.html": None}
    report.write(tmp_path / "evaluation", evaluation, inputs(), SETTINGS, pages)
    assert (tmp_path / "evaluation/inspect.html").read_text() == "a page"
    assert not (tmp_path / "evaluation/errors.html").exists()
    text = (tmp_path / "evaluation/report.md").read_text()
    assert "(inspect.html)" in text
    assert "(errors.html)" not in text


def test_plots_are_not_blank(tmp_path: Path) -> None:
    write_report(tmp_path / "evaluation")
    for path in (tmp_path / "evaluation").glob("*.png"):
        colors = Image.open(path).convert("RGB").getcolors(1 << 20)
        assert colors is not None
        assert len(colors) > 20, path.name


def test_the_page_shows_errors_and_survives_odd_texts() -> None:
    test = make_split(["a", "b"], ["one | two\nthree", "x"], np.array([0, 1]), [3, 1])
    p = np.array([[0.1, 0.9], [0.2, 0.8]])
    settings = SETTINGS.model_copy(update={"baselines": False})
    task = Task(ClassSpec(classes=["no", "yes"]))
    data = EvaluationInput("text", task, test, test, test, p)
    page = report.markdown(evaluate(data, settings, seed=0), data, 0.9)
    assert "| a | no | yes | 0.900 | one \\| two three |" in page
    assert "90% interval" in page
    right = replace(data, outputs=p[:, ::-1])
    right = replace(right, test=replace(test, targets=np.array([0, 0])))
    page = report.markdown(evaluate(right, settings, seed=0), right, 0.9)
    assert page.endswith("## Most confident errors\nNo error is listed.\n")


@pytest.mark.parametrize("texts", [["a", "b"], ["!", "?"], ["", " "]])
def test_the_text_baseline_reads_characters_where_no_text_has_a_word(texts: list[str]) -> None:
    spec = ClassSpec(classes=["no", "yes"])
    outputs = Baselines(spec).predict("text", texts * 6, np.array([0, 1] * 6), texts, 0)
    linear = outputs["TF-IDF + logistic regression"].outputs
    assert linear.argmax(axis=1).tolist() == [0, 1]
