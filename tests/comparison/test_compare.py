"""Two models beside each other: what differs, the paired test, the rows that turned."""

from dataclasses import replace
from typing import Any

import pytest
from labels import NASTY_LABELS

from conveyor.comparison.compare import TurnedRow, compare
from conveyor.comparison.render import render_page, render_text
from conveyor.registry.side import Side
from conveyor.tasks.classification.options import ClassSpec
from conveyor.tasks.multilabel.options import LabelSpec
from conveyor.tasks.regression.options import RegressionSpec

CLASSES = ClassSpec(classes=["no", "yes"])
LABELS = LabelSpec(labels=["a", "b"])
NUMBERS = RegressionSpec(columns=["x", "y"], mean=[0.0, 0.0], std=[1.0, 2.0])


def row(number: int, **cells: str) -> dict[str, str]:
    return {"id": f"test-{number}", **cells}


def side(title: str, target: Any, predictions: list[dict[str, str]], **scores: float) -> Side:
    return Side(title, "run", {"a": "1", "same": "x"}, scores, target, predictions)


# Of each task: the row before, and the same row answered better.
CASES = {
    "classification": (CLASSES, {"label": "yes", "predicted": "no"}, {"predicted": "yes"}),
    "multilabel": (LABELS, {"labels": '["a"]', "predicted": '["a", "b"]'}, {"predicted": '["a"]'}),
    "regression": (NUMBERS, {"target x": "1", "predicted x": "3", "target y": "2",
                             "predicted y": "2"}, {"predicted x": "1.5"}),
}  # fmt: skip


@pytest.mark.parametrize("task", CASES)
def test_the_rows_that_a_model_answers_better_or_worse_are_listed(task: str) -> None:
    target, worse, change = CASES[task]
    better = {**worse, **change}
    first = side("A", target, [row(i, **worse) for i in range(9)] + [row(9, **better)])
    second = side("B", target, [row(i, **better) for i in range(9)] + [row(9, **worse)])
    result = compare(first, second)
    assert [turned.id for turned in result.turned_right] == [f"test-{i}" for i in range(9)]
    assert [turned.id for turned in result.turned_wrong] == ["test-9"]
    assert result.test is not None
    assert result.test.gain > 0
    assert compare(second, first).test is not None
    assert [turned.id for turned in compare(second, first).turned_right] == ["test-9"]


def test_a_classifier_is_tested_by_mcnemar_on_the_answers_that_were_recorded() -> None:
    target, wrong, change = CASES["classification"]
    right = {**wrong, **change}
    first = side("A", target, [row(i, **wrong) for i in range(10)], accuracy=0.0, ece=0.25)
    second = side("B", target, [row(i, **right) for i in range(10)], accuracy=1.0, ece=0.5)
    second = replace(second, params={"a": "2", "same": "x"})
    result = compare(first, second)
    assert result.sentence == (
        "B beats A: accuracy 1 against 0 on the same 10 test rows (gain +1, standard error 0, "
        "two-sided p = 0.002, McNemar)."
    )
    assert result.metrics == {"accuracy": (0.0, 1.0, 1.0), "ece": (0.25, 0.5, -0.25)}
    assert result.params == {"a": ("1", "2")}
    assert result.turned_right[0] == TurnedRow("test-0", "yes", "no", "yes")
    text = render_text(result)
    assert "ece       0.25  0.5  -0.25" in text
    assert "10 rows turned right" in text
    assert result.as_json()["metrics"]["ece"] == {"first": 0.25, "second": 0.5, "gain": -0.25}


def test_models_on_other_rows_or_of_another_target_are_not_tested() -> None:
    target, wrong, _ = CASES["classification"]
    first = side("A", target, [row(1, **wrong)], accuracy=0.5)
    others = {
        "rows": replace(first, title="B", predictions=[row(2, **wrong)]),
        "truth": replace(first, title="B", predictions=[row(1, label="no", predicted="no")]),
        "task": replace(first, title="B", target=LABELS),
        "classes": replace(first, title="B", predictions=[row(1, label="yes", predicted="maybe")]),
    }
    for name, second in others.items():
        result = compare(first, second)
        reason = "same test rows" if name in ("rows", "truth") else "same target"
        assert reason in result.sentence
        assert result.test is None
        assert result.metrics["accuracy"] == (0.5, 0.5, None)
        assert "turned right" not in render_text(result)


def test_no_label_and_no_parameter_is_markup_on_the_page() -> None:
    target = ClassSpec(classes=list(NASTY_LABELS))
    before = [row(0, label="<b>bold</b>", predicted=NASTY_LABELS[0])]
    after = [row(0, label="<b>bold</b>", predicted="<b>bold</b>")]
    first = side("A <i>", target, before)
    second = replace(first, predictions=after, params={"a": "<script>alert(1)</script>"})
    page = render_page(compare(first, second))
    assert "<b>" not in page
    assert "<i>" not in page
    assert "<script>" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
