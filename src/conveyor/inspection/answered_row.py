"""A row with the answer of the served model, and what the answer is without each part of the row.

All that an explanation needs but gradients, so that TensorFlow is not loaded.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from conveyor.encoding.network_inputs import NetworkInputs
from conveyor.inspection.explanation import OccludedAnswer
from conveyor.inspection.occlusion import MAX_PARTS, occlude
from conveyor.inspection.row_parts import (
    count_unread,
    find_unknown,
    name_channels,
    name_row_steps,
    read_values,
)
from conveyor.metrics import Outputs
from conveyor.metrics.steps import set_outputs
from conveyor.serving import LoadedModel
from conveyor.tasks.explained import ExplainedOutput


@dataclass(frozen=True)
class AnsweredRow:
    """A row as the network reads it, and what the network answers.

    Attributes:
        row: raw.
        inputs: of this one row.
        outputs: likewise, first axis (1,).
    """

    row: Any
    inputs: NetworkInputs
    outputs: Outputs

    @property
    def steps(self) -> int:
        """Encoded steps of the row."""
        return self.inputs["values"].shape[1]


def answer_row(model: LoadedModel, row: Any) -> AnsweredRow:
    """Encode a raw row and answer it.

    Raises:
        RowError: the encoder does not accept the row.
    """
    [(_, inputs)] = model.encoder.batches([row], 1)
    outputs = model.empty_outputs(1)
    batch = model.session.run(None, inputs)[0]
    set_outputs(outputs, np.zeros(1, np.int64), batch, inputs["lengths"])
    return AnsweredRow(row, inputs, outputs)


def occlude_answer(
    model: LoadedModel, answered: AnsweredRow, output: ExplainedOutput, limit: int = MAX_PARTS
) -> OccludedAnswer:
    """Leave out one part of a row after the other.

    Args:
        output: the number of the answer that is followed.
        limit: see `occlusion.occlude`.
    """
    row, steps = answered.row, answered.steps
    occlusion = occlude(model, answered.inputs, output, limit)
    names = [] if model.encoder.static is None else model.encoder.static.names
    return OccludedAnswer(
        row=row,
        answer=model.task.answers.records(answered.outputs, [model.encoder.locate(row)])[0],
        output=output.title,
        number=occlusion.whole,
        steps=name_row_steps(model, row, steps),
        unknown=find_unknown(model, answered.inputs["values"][0]),
        channels=name_channels(model),
        values=read_values(model, row, steps),
        occlusion=occlusion.sequence,
        groups=occlusion.groups,
        channel_groups=occlusion.channel_groups,
        static_occlusion=dict(zip(names, occlusion.static.tolist(), strict=True)),
        unread=count_unread(model.encoder, row),
    )
