"""The answers of a multi-label model: its labels, and the probability of each label."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.multilabel.decision import DEFAULT, decide
from conveyor.tasks.multilabel.options import LabelSpec
from conveyor.tasks.options import TargetSpec
from conveyor.tasks.values import Distributions, ModelOutputs


class Answers:
    """`labels`, and `probabilities` by label.

    Outputs are probabilities, float32 (rows, labels), each between 0 and 1.
    """

    logged = ("labels",)
    unit = 1.0

    def __init__(self, spec: LabelSpec) -> None:
        self._spec, self._labels = spec, spec.labels
        self.schema = pa.schema(
            {
                "labels": pa.list_(pa.string()),
                "probabilities": pa.struct([(name, pa.float32()) for name in spec.labels]),
            }
        )

    def decode(self, targets: Targets) -> list[list[str]]:
        return [[self._labels[position] for position in np.flatnonzero(row)] for row in targets]

    def records(self, outputs: Outputs, rows: Sequence[Any] = ()) -> list[dict[str, Any]]:
        sets = self.decode(decide(self._spec, outputs))
        return [
            {"labels": labels, "probabilities": dict(zip(self._labels, row, strict=True))}
            for labels, row in zip(sets, outputs.tolist(), strict=True)
        ]

    def columns(
        self, outputs: Outputs, missing: NDArray[np.bool_], rows: Sequence[Any] = ()
    ) -> list[pa.Array]:
        sets = self.decode(decide(self._spec, outputs))
        cells = [None if m else labels for labels, m in zip(sets, missing, strict=True)]
        by_label = [pa.array(np.ascontiguousarray(column), mask=missing) for column in outputs.T]
        fields = list(self.schema.field("probabilities").type)
        return [
            pa.array(cells, self.schema.field("labels").type),
            pa.StructArray.from_arrays(by_label, fields=fields, mask=pa.array(missing)),
        ]

    def tensors(
        self, outputs: Outputs, rows: Sequence[Any] = ()
    ) -> dict[str, tuple[str, list[int], list[Any]]]:
        """`labels` says for each label whether it is in the answer, since tensors have no ragged
        axis."""
        shape, decisions = list(outputs.shape), decide(self._spec, outputs)
        return {
            "labels": ("BOOL", shape, decisions.ravel().tolist()),
            "probabilities": ("FP32", shape, outputs.ravel().tolist()),
        }

    def parameters(self) -> dict[str, Any]:
        thresholds = self._spec.thresholds
        default = [DEFAULT] * len(self._labels)
        return {
            "labels": self._labels,
            "thresholds": default if thresholds is None else thresholds.values,
        }

    def matches(self, other: TargetSpec) -> bool:
        """A label that is new to the model counts as an error."""
        return other.task == "multilabel"

    def align(self, other: ModelOutputs) -> ModelOutputs | None:
        spec = other.spec
        if spec.task != "multilabel" or sorted(spec.labels) != sorted(self._labels):
            return None
        order = [spec.labels.index(name) for name in self._labels]
        changes: dict[str, Any] = {"labels": self._labels}
        if spec.thresholds is not None:
            values = [spec.thresholds.values[position] for position in order]
            changes["thresholds"] = spec.thresholds.model_copy(update={"values": values})
        return ModelOutputs(spec.model_copy(update=changes), other.outputs[:, order])

    def summarise(self, outputs: Outputs) -> Distributions:
        decisions = decide(self._spec, outputs)
        counts = {
            f"predicted label {name}": _count(column)
            for name, column in zip(self._labels, decisions.T, strict=True)
        }
        return Distributions(counts, {"predicted labels": decisions.sum(axis=1, dtype=np.float32)})

    def summarise_targets(self, values: Sequence[Sequence[str]]) -> Distributions:
        """One feature a label, so that the rows of each are independent, as the tests assume; and
        one for the rows with a label that the model does not know."""
        sets, existing = [set(value) for value in values], set(self._labels)
        counts = {
            f"label {name}": _count(np.array([name in labels for labels in sets]))
            for name in self._labels
        }
        counts["labels unknown to the model"] = _count(
            np.array([not existing.issuperset(labels) for labels in sets])
        )
        return Distributions(counts, {"labels": np.array([len(s) for s in sets], np.float32)})


def _count(present: NDArray[np.bool_]) -> dict[str, int]:
    """Count the rows with and without something, given as bool (rows,)."""
    return {"with": int(present.sum()), "without": int((~present).sum())}
