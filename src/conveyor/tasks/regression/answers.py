"""The answers of a regression: the predicted numbers, and an interval where there are quantiles."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.options import TargetSpec
from conveyor.tasks.regression.options import RegressionSpec
from conveyor.tasks.regression.outputs import NumericOutputs
from conveyor.tasks.values import Distributions, ModelOutputs


class Answers:
    """`prediction` and, of a model of quantiles, the bounds `low` and `high` of its interval.

    Each is a number; with several targets it holds a number for each column, by its name.
    """

    def __init__(self, spec: RegressionSpec) -> None:
        self._spec = spec
        self.logged = ("prediction",) if spec.quantiles is None else ("prediction", "low", "high")
        self.unit = np.repeat(spec.std, len(spec.quantiles or [None]))
        number = pa.float64()
        if len(spec.columns) > 1:
            number = pa.struct([(name, number) for name in spec.columns])
        self.schema = pa.schema([(name, number) for name in self.logged])

    def decode(self, targets: Targets) -> list[Any]:
        """A number a row or, with several columns, the list of them."""
        return targets[:, 0].tolist() if targets.shape[1] == 1 else targets.tolist()

    def records(self, outputs: Outputs, rows: Sequence[Any] = ()) -> list[dict[str, Any]]:
        fields = {name: self._to_python(values) for name, values in self._fields(outputs).items()}
        return [dict(zip(fields, row, strict=True)) for row in zip(*fields.values(), strict=True)]

    def columns(
        self, outputs: Outputs, missing: NDArray[np.bool_], rows: Sequence[Any] = ()
    ) -> list[pa.Array]:
        return [self._to_arrow(values, missing) for values in self._fields(outputs).values()]

    def tensors(
        self, outputs: Outputs, rows: Sequence[Any] = ()
    ) -> dict[str, tuple[str, list[int], list[Any]]]:
        """Shape (rows,), or (rows, columns) with several."""
        count, columns = len(outputs), len(self._spec.columns)
        shape = [count] if columns == 1 else [count, columns]
        fields = self._fields(outputs)
        return {name: ("FP64", shape, values.ravel().tolist()) for name, values in fields.items()}

    def parameters(self) -> dict[str, Any]:
        quantiles = self._spec.quantiles
        bounds = {} if quantiles is None else {"interval": [quantiles[0], quantiles[-1]]}
        return {"columns": self._spec.columns, **bounds}

    def matches(self, other: TargetSpec) -> bool:
        return other.task == "regression" and other.columns == self._spec.columns

    def align(self, other: ModelOutputs) -> ModelOutputs | None:
        """Errors of both models are measured in this model's standard deviations."""
        spec = other.spec
        if spec.task != "regression" or sorted(spec.columns) != sorted(self._spec.columns):
            return None
        order = [spec.columns.index(name) for name in self._spec.columns]
        values = NumericOutputs(other.outputs, spec).values[:, order]
        aligned = self._spec.model_copy(update={"quantiles": spec.quantiles, "widths": None})
        return ModelOutputs(aligned, values.reshape(len(values), -1))

    def summarise(self, outputs: Outputs) -> Distributions:
        return self._distributions("predicted ", NumericOutputs(outputs, self._spec).point)

    def summarise_targets(self, values: Sequence[Any]) -> Distributions:
        return self._distributions("", np.array(values, np.float64).reshape(len(values), -1))

    def _fields(self, outputs: Outputs) -> dict[str, NDArray[np.floating]]:
        """Return the numbers of each field, (rows, columns)."""
        numbers = NumericOutputs(outputs, self._spec)
        by_name = {"prediction": numbers.point, "low": numbers.low, "high": numbers.high}
        return {name: by_name[name] for name in self.logged}

    def _to_python(self, values: NDArray[np.floating]) -> list[Any]:
        if len(self._spec.columns) == 1:
            return values[:, 0].tolist()
        return [dict(zip(self._spec.columns, row, strict=True)) for row in values.tolist()]

    def _to_arrow(self, values: NDArray[np.floating], missing: NDArray[np.bool_]) -> pa.Array:
        columns = [pa.array(column.astype(np.float64), mask=missing) for column in values.T]
        if len(columns) == 1:
            return columns[0]
        return pa.StructArray.from_arrays(columns, self._spec.columns, mask=pa.array(missing))

    def _distributions(self, prefix: str, values: NDArray[np.floating]) -> Distributions:
        samples = dict(zip(self._spec.columns, values.T.astype(np.float32), strict=True))
        return Distributions({}, {f"{prefix}{name}": column for name, column in samples.items()})
