"""The worst errors of an evaluation, and which parts of their rows moved them, by occlusion."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from conveyor.data.store import Prepared, Split
from conveyor.errors import InputError
from conveyor.inspection.answered_row import answer_row, occlude_answer
from conveyor.inspection.bounds import OcclusionBudget, limit_occluded_steps
from conveyor.inspection.explanation import OccludedAnswer
from conveyor.metrics import Targets
from conveyor.serving import LoadedModel
from conveyor.tasks.values import ScoredRows


@dataclass(frozen=True)
class WrongAnswer:
    """A test row that is answered wrongly.

    Attributes:
        row_id: of the row in the data.
        row: raw.
        steps: of the encoded row.
        targets: encoded, of this one row.
        truth: its target, as names or numbers.
    """

    row_id: str
    row: Any
    steps: int
    targets: Targets
    truth: Any


@dataclass(frozen=True)
class ExplainedError:
    """A wrong answer to a test row, and what moved it: by occlusion, or by gradients too.

    Attributes:
        row_id: of the row in the data.
        truth: its target, as names or numbers.
    """

    row_id: str
    truth: Any
    explanation: OccludedAnswer


def find_worst(model: LoadedModel, prepared: Prepared, count: int) -> list[WrongAnswer]:
    """Answer the test rows, and return so many of the worst errors, the worst first.

    Raises:
        InputError: the model was trained on other data.
    """
    check_data(model, prepared)
    test = prepared.split("test")
    outputs = model.predict(test.rows, progress=True).outputs
    scored = ScoredRows(test.ids, test.rows, test.targets, test.sequences.lengths, outputs)
    return list_errors(model, test, model.task.report.details(scored, count)["worst"])


def list_errors(
    model: LoadedModel, test: Split, worst: Iterable[Mapping[str, Any]]
) -> list[WrongAnswer]:
    """Return the rows of errors.

    Args:
        worst: as the details of the task's report list them.
    """
    places = {row_id: place for place, row_id in reversed(list(enumerate(test.ids)))}
    errors = []
    for row_id in (listed["id"] for listed in worst):
        place = places[row_id]
        targets, steps = test.targets[place : place + 1], int(test.sequences.lengths[place])
        truth = model.task.answers.decode(targets)[0]
        errors.append(WrongAnswer(row_id, test.rows[place], steps, targets, truth))
    return errors


def occlude_errors(model: LoadedModel, errors: list[WrongAnswer]) -> list[ExplainedError]:
    """Leave out the parts of the rows, in a few seconds: in larger groups where rows are long, and
    without the rows for which no time is left."""
    budget = OcclusionBudget(limit_occluded_steps(model.card), len(errors))
    channels = int(model.encoder.feature_channels.max()) + 1
    columns = 0 if model.encoder.static is None else len(model.encoder.static.names)
    explained = []
    for error in errors:
        limit = budget.take(error.steps, error.steps * channels, columns)
        if limit > 0:
            answered = answer_row(model, error.row)
            output = model.task.explained.choose_error(answered.outputs, error.targets)
            occluded = occlude_answer(model, answered, output, limit)
            explained.append(ExplainedError(error.row_id, error.truth, occluded))
    return explained


def check_data(model: LoadedModel, prepared: Prepared) -> None:
    """Raises: InputError: see `find_worst`."""
    expected, digest = model.card.data_digest, prepared.meta.digest
    if expected is not None and expected != digest:
        raise InputError(
            f"{prepared.folder}: expected the data on which the model was trained, "
            f"{expected[:12]}; got {digest[:12]}. Run `dvc repro`, or "
            "name a model of these data with --model"
        )
