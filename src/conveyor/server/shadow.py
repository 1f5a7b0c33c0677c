"""A second model that predicts the rows of each request, and whose answers no client sees."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from conveyor.server.background import Background
from conveyor.server.live_model import LiveModel, ModelSlot
from conveyor.serving import Predictions
from conveyor.serving.measurements import row_differences
from conveyor.tasks.values import ModelOutputs

log = logging.getLogger(__name__)
WAITING = 16  # requests whose rows wait for the shadow


@dataclass(frozen=True)
class AnsweredRequest:
    """An answered request.

    Attributes:
        rows: raw rows.
        seconds: that the model took to predict them.
    """

    live: LiveModel
    rows: Sequence[Any]
    predictions: Predictions
    seconds: float


@dataclass(frozen=True)
class ShadowAnswer:
    """What the shadow gave for a request, compared with the answer.

    Attributes:
        live: the shadow.
        answers: the main field of each row's answer, as text.
        disagrees: whether the main field differs from the answer's, for each row; None where it is
            a number, which always differs a little.
        differences: of each row, the largest difference between the outputs, in the task's unit;
            None where the models have other targets.
    """

    live: LiveModel
    seconds: float
    answers: list[str]
    disagrees: list[bool] | None
    differences: list[float] | None

    def records(self) -> list[dict[str, Any]]:
        """Return what the request log keeps of each row."""
        count = len(self.answers)
        disagrees = self.disagrees or [None] * count
        differences = self.differences or [None] * count
        return [
            {"version": self.live.version, "seconds": self.seconds, "answer": answer,
             "disagrees": differs, "difference": difference}
            for answer, differs, difference in zip(self.answers, disagrees, differences,
                                                   strict=True)
        ]  # fmt: skip


class Shadow:
    """Runs the shadow after the answers, in a thread of its own.

    Attributes:
        slot: of the shadow; nothing runs while it is empty.
        failures: requests that the shadow could not answer.
    """

    def __init__(self, slot: ModelSlot) -> None:
        self.slot, self.failures = slot, 0
        self.background = Background("shadow", WAITING)

    def answer(self, request: AnsweredRequest) -> ShadowAnswer | None:
        """Predict the rows of a request; None without a shadow, and where it fails."""
        live = self.slot.current
        if live is None:
            return None
        try:
            start = time.perf_counter()
            predictions = live.model.predict(request.rows)
            seconds = time.perf_counter() - start
            return _compare(live, seconds, request, predictions)
        except Exception as error:  # it may be any model
            self.failures += 1
            if self.failures == 1:  # a client may send such rows all day
                log.exception("shadow version %s failed: %s", live.version, error)
            return None


def _compare(
    live: LiveModel, seconds: float, request: AnsweredRequest, shadow: Predictions
) -> ShadowAnswer:
    predictions, model = request.predictions, request.live.model
    answers = predictions.task.answers
    main = answers.logged[0]
    values, others = ([record.get(main) for record in p.records()] for p in (predictions, shadow))
    kind = answers.schema.field(main).type
    is_number = pa.types.is_floating(kind) or pa.types.is_struct(kind)
    aligned = answers.align(ModelOutputs(shadow.task.spec, shadow.outputs))
    differences = None
    if aligned is not None:
        differences = row_differences(model, predictions.outputs, aligned.outputs).tolist()
    disagrees = [a != b for a, b in zip(values, others, strict=True)]
    return ShadowAnswer(
        live, seconds, list(map(str, others)), None if is_number else disagrees, differences
    )
