"""Which number of an answer each task explains, and that it is the one that the answer shows."""

from typing import Any

import numpy as np
import pytest
from multilabel_rows import SPEC as LABELS
from regression_rows import BAND, TWO
from tag_rows import make_spec
from test_forecast_results import BAND as FORECAST
from test_forecast_results import truth

from conveyor.errors import InputError
from conveyor.metrics.steps import as_rows
from conveyor.tasks import Task
from conveyor.tasks.classification.options import ClassSpec

CLASSES = ClassSpec(classes=["no", "yes"])
TAGS = make_spec()  # B-city, B-day, I-city, I-day, O
TAGGED = as_rows([np.array([
    [0.1, 0.0, 0.0, 0.0, 0.9], [0.1, 0.7, 0.1, 0.0, 0.1], [0.0, 0.0, 0.1, 0.8, 0.1]
])])  # fmt: skip
OUTSIDE = as_rows([np.array([[0.1, 0.0, 0.0, 0.0, 0.9]])])
PREDICTED = np.array([[4000.0, 3.5]])
QUANTILES = np.array([[[0, 1, 2], [3, 5, 6]]], np.float64).reshape(1, -1)  # of two steps
# Target, outputs of a row, choice of a person; title and value of the number.
CHOICES: list[tuple[Any, Any, Any, str, float]] = [
    (CLASSES, np.array([[0.3, 0.7]]), {}, "probability of 'yes'", 0.7),
    (CLASSES, np.array([[0.3, 0.7]]), {"name": "no"}, "probability of 'no'", 0.3),
    (LABELS, np.array([[0.1, 0.4, 0.2]]), {}, "probability of 'sport'", 0.4),
    (LABELS, np.array([[0.1, 0.4, 0.2]]), {"name": "news"}, "probability of 'news'", 0.1),
    (TWO, PREDICTED, {}, "prediction of 'price'", 4000.0),
    (TWO, PREDICTED, {"name": "age"}, "prediction of 'age'", 3.5),
    (BAND, np.array([[1.0, 2.0, 4.0]]), {}, "prediction of 'rating'", 2.0),
    (TAGS, TAGGED, {}, "probability of the tag 'B-day' at step 2", 0.7),
    (TAGS, TAGGED, {"step": 3}, "probability of the tag 'I-day' at step 3", 0.8),
    (TAGS, TAGGED, {"step": 1, "name": "B-city"}, "probability of the tag 'B-city' at step 1", 0.1),
    (TAGS, OUTSIDE, {}, "probability of the tag 'O' at step 1", 0.9),
    (FORECAST, QUANTILES, {}, "mean forecast of 'y' over 2 steps", 3.0),
    (FORECAST, QUANTILES, {"step": 2}, "forecast of 'y' at step 2", 5.0),
]
# Target, outputs and encoded target of a row; what is most wrong.
ERRORS: list[tuple[Any, Any, Any, str]] = [
    (CLASSES, np.array([[0.3, 0.7]]), np.array([0]), "probability of 'yes'"),
    (LABELS, np.array([[0.9, 0.4, 0.2]]), np.array([[1, 1, 0]]), "probability of 'sport'"),
    (TWO, PREDICTED, np.array([[5000.0, 3.0]]), "prediction of 'age'"),  # 0.5 and 1 deviation
    (TAGS, TAGGED, as_rows([np.array([4, 1, 4])]), "probability of the tag 'I-day' at step 3"),
    (FORECAST, QUANTILES, truth([[1.0, 9.0]]), "forecast of 'y' at step 2"),
    (FORECAST, QUANTILES, truth([[7.0, 5.0]]), "forecast of 'y' at step 1"),
]  # fmt: skip
REFUSED: list[tuple[Any, Any, Any, str]] = [
    (CLASSES, np.array([[0.3, 0.7]]), {"name": "maybe"}, "output: expected one of 'no', 'yes'"),
    (CLASSES, np.array([[0.3, 0.7]]), {"step": 1}, "step: expected none"),
    (LABELS, np.array([[0.1, 0.4, 0.2]]), {"step": 1}, "step: expected none"),
    (TWO, PREDICTED, {"step": 1}, "step: expected none"),
    (TAGS, TAGGED, {"step": 4}, "step: expected a step from 1 to 3; got 4"),
    (FORECAST, QUANTILES, {"step": 3}, "step: expected a step from 1 to 2; got 3"),
    (FORECAST, QUANTILES, {"name": "z"}, "output: expected one of 'y'; got 'z'"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "outputs", "choice", "title", "value"), CHOICES)
def test_the_number_is_that_of_the_answer(
    spec: Any, outputs: Any, choice: Any, title: str, value: float
) -> None:
    chosen = Task(spec).explained.choose(outputs, choice.get("name"), choice.get("step"))
    assert chosen.title == title
    assert chosen.read(np.stack(list(outputs))).tolist() == pytest.approx([value])


@pytest.mark.parametrize(("spec", "outputs", "targets", "title"), ERRORS)
def test_of_an_error_it_is_what_is_most_wrong(
    spec: Any, outputs: Any, targets: Any, title: str
) -> None:
    assert Task(spec).explained.choose_error(outputs, targets).title == title


@pytest.mark.parametrize(("spec", "outputs", "choice", "message"), REFUSED)
def test_what_an_answer_does_not_have_is_refused(
    spec: Any, outputs: Any, choice: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Task(spec).explained.choose(outputs, choice.get("name"), choice.get("step"))
