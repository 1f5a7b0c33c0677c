"""The answers of a classifier: a class, its probability, and the probabilities of all classes."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.classification.options import ClassSpec
from conveyor.tasks.values import Distributions, ModelOutputs


class LabelType(NamedTuple):
    """The type of a label in answers: Arrow's, that of the V2 protocol, and from a class name."""

    arrow: pa.DataType
    tensor: str
    parse: Callable[[str], Any]


LABEL_TYPES = {
    "text": LabelType(pa.string(), "BYTES", str),
    "integer": LabelType(pa.int64(), "INT64", int),
    "number": LabelType(pa.float64(), "FP64", float),
    "boolean": LabelType(pa.bool_(), "BOOL", lambda name: name == "True"),
}


class Answers:
    """`label`, its `probability`, and `probabilities` by class.

    Outputs are probabilities, float32 (rows, classes); the sum of each row is 1.
    """

    logged = ("label", "probability")
    unit = 1.0

    def __init__(self, spec: ClassSpec) -> None:
        self.classes = spec.classes
        self._label_type = LABEL_TYPES[spec.value_type]
        self._labels = [self._label_type.parse(name) for name in self.classes]  # as in the data
        self.schema = pa.schema(
            {
                "label": self._label_type.arrow,
                "probability": pa.float32(),
                "probabilities": pa.struct([(name, pa.float32()) for name in self.classes]),
            }
        )

    def decode(self, targets: Targets) -> list[str]:
        return [self.classes[code] for code in targets.tolist()]

    def records(self, outputs: Outputs) -> list[dict[str, Any]]:
        return [
            {
                "label": label,
                "probability": max(row),
                "probabilities": dict(zip(self.classes, row, strict=True)),
            }
            for label, row in zip(self._predict(outputs), outputs.tolist(), strict=True)
        ]

    def columns(self, outputs: Outputs, missing: NDArray[np.bool_]) -> list[pa.Array]:
        best = pa.array(outputs.argmax(axis=1), pa.int32(), mask=missing)
        by_class = [pa.array(np.ascontiguousarray(column), mask=missing) for column in outputs.T]
        fields = list(self.schema.field("probabilities").type)
        return [
            pa.array(self._labels, self._label_type.arrow).take(best),
            pa.array(outputs.max(axis=1), mask=missing),
            pa.StructArray.from_arrays(by_class, fields=fields, mask=pa.array(missing)),
        ]

    def tensors(self, outputs: Outputs) -> dict[str, tuple[str, list[int], list[Any]]]:
        rows, width = outputs.shape
        return {
            "label": (self._label_type.tensor, [rows], self._predict(outputs)),
            "probability": ("FP32", [rows], outputs.max(axis=1).tolist()),
            "probabilities": ("FP32", [rows, width], outputs.ravel().tolist()),
        }

    def parameters(self) -> dict[str, Any]:
        return {"classes": self.classes}

    def align(self, other: ModelOutputs) -> ModelOutputs | None:
        spec = other.spec
        if spec.task != "classification" or sorted(spec.classes) != sorted(self.classes):
            return None
        order = [spec.classes.index(name) for name in self.classes]
        aligned = spec.model_copy(update={"classes": self.classes})
        return ModelOutputs(aligned, other.outputs[:, order])

    def summarise(self, outputs: Outputs) -> Distributions:
        confidence = outputs.max(axis=1).astype(np.float32)
        counts = dict(Counter(self.decode(outputs.argmax(axis=1))))
        return Distributions({"predicted label": counts}, {"confidence": confidence})

    def summarise_targets(self, values: Sequence[str]) -> Distributions:
        return Distributions({"label": dict(Counter(values))}, {})

    def _predict(self, outputs: Outputs) -> list[Any]:
        """Return the most probable class of each row, as its label is in the data."""
        return [self._labels[code] for code in outputs.argmax(axis=1)]
