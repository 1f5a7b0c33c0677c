"""The answers of a classifier: a class, its probability, and the probabilities of all classes."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.classification.decision import decide
from conveyor.tasks.classification.options import ClassSpec
from conveyor.tasks.options import TargetSpec
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
        self._spec, self.classes = spec, spec.classes
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

    def records(self, outputs: Outputs, rows: Sequence[Any] = ()) -> list[dict[str, Any]]:
        codes = decide(self._spec, outputs).tolist()
        return [
            {
                "label": self._labels[code],
                "probability": row[code],
                "probabilities": dict(zip(self.classes, row, strict=True)),
            }
            for code, row in zip(codes, outputs.tolist(), strict=True)
        ]

    def columns(
        self, outputs: Outputs, missing: NDArray[np.bool_], rows: Sequence[Any] = ()
    ) -> list[pa.Array]:
        codes = decide(self._spec, outputs)
        by_class = [pa.array(np.ascontiguousarray(column), mask=missing) for column in outputs.T]
        fields = list(self.schema.field("probabilities").type)
        return [
            pa.array(self._labels, self._label_type.arrow).take(pa.array(codes, mask=missing)),
            pa.array(_select(outputs, codes), mask=missing),
            pa.StructArray.from_arrays(by_class, fields=fields, mask=pa.array(missing)),
        ]

    def tensors(
        self, outputs: Outputs, rows: Sequence[Any] = ()
    ) -> dict[str, tuple[str, list[int], list[Any]]]:
        [count, width], codes = outputs.shape, decide(self._spec, outputs)
        labels = [self._labels[code] for code in codes]
        return {
            "label": (self._label_type.tensor, [count], labels),
            "probability": ("FP32", [count], _select(outputs, codes).tolist()),
            "probabilities": ("FP32", [count, width], outputs.ravel().tolist()),
        }

    def parameters(self) -> dict[str, Any]:
        return {"classes": self.classes}

    def matches(self, other: TargetSpec) -> bool:
        """A class that is new to the model counts as an error."""
        return other.task == "classification"

    def align(self, other: ModelOutputs) -> ModelOutputs | None:
        spec = other.spec
        if spec.task != "classification" or sorted(spec.classes) != sorted(self.classes):
            return None
        order = [spec.classes.index(name) for name in self.classes]
        aligned = spec.model_copy(update={"classes": self.classes})
        return ModelOutputs(aligned, other.outputs[:, order])

    def summarise(self, outputs: Outputs) -> Distributions:
        confidence = outputs.max(axis=1).astype(np.float32)
        counts = dict(Counter(self.decode(decide(self._spec, outputs))))
        return Distributions({"predicted label": counts}, {"confidence": confidence})

    def summarise_targets(self, values: Sequence[str]) -> Distributions:
        return Distributions({"label": dict(Counter(values))}, {})


def _select(outputs: Outputs, codes: NDArray[np.integer]) -> Outputs:
    """Return the probability of the class that each row's code names, (rows,)."""
    return np.take_along_axis(outputs, codes[:, None], axis=1)[:, 0]
