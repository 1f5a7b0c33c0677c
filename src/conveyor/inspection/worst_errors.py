"""Explains the worst errors of an evaluation."""

from dataclasses import dataclass
from typing import Any

from conveyor.data.store import Prepared
from conveyor.errors import InputError
from conveyor.inspection.explain import Explainer, Explanation
from conveyor.serving import LoadedModel
from conveyor.tasks.values import ScoredRows


@dataclass(frozen=True)
class ExplainedError:
    """A wrong answer to a test row.

    Attributes:
        row_id: of the row in the data.
        truth: its target, as names or numbers.
    """

    row_id: str
    truth: Any
    explanation: Explanation


def explain_worst(explainer: Explainer, prepared: Prepared, count: int) -> list[ExplainedError]:
    """Explain so many of the worst errors on the test rows, the worst first: those that the report
    of the evaluation lists.

    Raises:
        InputError: the model was trained on other data.
    """
    model, test = explainer.model, prepared.split("test")
    check_data(model, prepared)
    outputs = model.predict(test.rows, progress=True).outputs
    scored = ScoredRows(test.ids, test.rows, test.targets, test.sequences.lengths, outputs)
    places = {row_id: place for place, row_id in reversed(list(enumerate(test.ids)))}
    errors = []
    for worst in model.task.report.details(scored, count)["worst"]:
        place = places[worst["id"]]
        targets = test.targets[place : place + 1]
        errors.append(
            ExplainedError(
                worst["id"],
                model.task.answers.decode(targets)[0],
                explainer.explain_error(test.rows[place], targets),
            )
        )
    return errors


def check_data(model: LoadedModel, prepared: Prepared) -> None:
    """Raises: InputError: see `explain_worst`."""
    expected, digest = model.card.data_digest, prepared.meta.digest
    if expected is not None and expected != digest:
        raise InputError(
            f"{prepared.folder}: expected the data on which the model was trained, "
            f"{expected[:12]}; got {digest[:12]}. Run `dvc repro`, or name a row"
        )
