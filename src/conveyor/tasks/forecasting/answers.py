"""The answers of a forecast: a table of steps and quantiles."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.forecasting.options import ForecastSpec
from conveyor.tasks.forecasting.outputs import MEDIAN, Forecasts, Truth
from conveyor.tasks.options import TargetSpec
from conveyor.tasks.values import Distributions, ModelOutputs

POINT = "forecast"
INPUTS = ("series", "frequency", "horizon", "past", "known_ahead", "calendar")


class Answers:
    """`step` counts from 1; `forecast` is the median of each step, and a field such as `q0.1` has
    another quantile.

    Each is a list over the steps; with several columns it holds a list for each, by its name.
    """

    def __init__(self, spec: ForecastSpec) -> None:
        self._spec = spec
        self._names = [
            POINT if quantile == MEDIAN else f"q{quantile:g}"
            for quantile in spec.quantiles or [MEDIAN]
        ]
        self.logged = (POINT,)
        self.unit = np.repeat(spec.std, spec.horizon * len(self._names))
        kind: pa.DataType = pa.list_(pa.float64())
        if len(spec.columns) > 1:
            kind = pa.struct([(name, kind) for name in spec.columns])
        steps = ("step", pa.list_(pa.int64()))
        self.schema = pa.schema([steps, *((name, kind) for name in self._names)])

    def decode(self, targets: Targets) -> list[Any]:
        """The numbers of a row: by step or, with several columns, by column and step."""
        values = Truth(targets).values
        return values[:, 0].tolist() if values.shape[1] == 1 else values.tolist()

    def records(self, outputs: Outputs, rows: Sequence[Any] = ()) -> list[dict[str, Any]]:
        fields = {name: self._to_python(values) for name, values in self._fields(outputs).items()}
        return [
            {"step": self._steps, **dict(zip(fields, row, strict=True))}
            for row in zip(*fields.values(), strict=True)
        ]

    def columns(
        self, outputs: Outputs, missing: NDArray[np.bool_], rows: Sequence[Any] = ()
    ) -> list[pa.Array]:
        steps = np.tile(np.array(self._steps, np.int64), (len(outputs), 1))
        fields = [self._to_arrow(values, missing) for values in self._fields(outputs).values()]
        return [_to_lists(steps, missing), *fields]

    def tensors(
        self, outputs: Outputs, rows: Sequence[Any] = ()
    ) -> dict[str, tuple[str, list[int], list[Any]]]:
        """Shape (rows, steps), or (rows, columns, steps) with several columns."""
        count, columns, horizon = len(outputs), len(self._spec.columns), self._spec.horizon
        shape = [count, horizon] if columns == 1 else [count, columns, horizon]
        fields = self._fields(outputs)
        return {name: ("FP64", shape, values.ravel().tolist()) for name, values in fields.items()}

    def parameters(self) -> dict[str, Any]:
        spec = self._spec
        return {
            "columns": spec.columns, "past": spec.past, "known_ahead": spec.known_ahead,
            "calendar": list(spec.calendar), "context": spec.context, "horizon": spec.horizon,
            "frequency": spec.frequency.model_dump(), "quantiles": spec.quantiles,
        }  # fmt: skip

    def matches(self, other: TargetSpec) -> bool:
        spec = self._spec
        return (
            other.task == "forecasting"
            and other.columns == spec.columns
            and all(getattr(other, name) == getattr(spec, name) for name in INPUTS)
            and other.context == spec.context
        )

    def align(self, other: ModelOutputs) -> ModelOutputs | None:
        """Errors of both models are measured in this model's standard deviations."""
        spec = other.spec
        if spec.task != "forecasting" or spec.horizon != self._spec.horizon:
            return None
        if spec.columns != self._spec.columns or spec.frequency != self._spec.frequency:
            return None
        values = Forecasts(other.outputs, spec).values
        aligned = self._spec.model_copy(update={"quantiles": spec.quantiles, "widths": None})
        return ModelOutputs(aligned, values.reshape(len(values), -1))

    def summarise(self, outputs: Outputs) -> Distributions:
        """The mean of each forecast."""
        return self._distributions("predicted ", Forecasts(outputs, self._spec).point)

    def summarise_targets(self, values: Sequence[Any]) -> Distributions:
        """The mean of what came in the horizon of each row."""
        shape = len(values), len(self._spec.columns), self._spec.horizon
        return self._distributions("", np.array(values, np.float64).reshape(shape))

    @property
    def _steps(self) -> list[int]:
        return list(range(1, self._spec.horizon + 1))

    def _fields(self, outputs: Outputs) -> dict[str, NDArray[np.floating]]:
        """Return the numbers of each field, (rows, columns, horizon)."""
        values = Forecasts(outputs, self._spec).values
        return {name: values[..., position] for position, name in enumerate(self._names)}

    def _to_python(self, values: NDArray[np.floating]) -> list[Any]:
        if len(self._spec.columns) == 1:
            return values[:, 0].tolist()
        return [dict(zip(self._spec.columns, row, strict=True)) for row in values.tolist()]

    def _to_arrow(self, values: NDArray[np.floating], missing: NDArray[np.bool_]) -> pa.Array:
        columns = [_to_lists(column.astype(np.float64), missing)
                   for column in values.transpose(1, 0, 2)]  # fmt: skip
        if len(columns) == 1:
            return columns[0]
        return pa.StructArray.from_arrays(columns, self._spec.columns, mask=pa.array(missing))

    def _distributions(self, prefix: str, values: NDArray[np.floating]) -> Distributions:
        means = values.mean(axis=2).T.astype(np.float32)  # (columns, rows)
        names = [f"{prefix}{name}" for name in self._spec.columns]
        return Distributions({}, dict(zip(names, means, strict=True)))


def _to_lists(values: NDArray[Any], missing: NDArray[np.bool_]) -> pa.Array:
    """Return rows of numbers (rows, steps) as lists; null where `missing`."""
    rows, steps = values.shape
    offsets = np.arange(0, rows * steps + 1, steps, dtype=np.int32)
    return pa.ListArray.from_arrays(
        offsets, np.ascontiguousarray(values).ravel(), mask=pa.array(missing)
    )
