"""A row that comes step by step, and the answer to what has come so far."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from conveyor.encoding import RowError
from conveyor.encoding.series import SeriesEncoder, carry_forward
from conveyor.metrics import Outputs
from conveyor.serving.loaded_model import LoadedModel, Predictions, make_session
from conveyor.serving.stream_graph import StreamError, split_graph

Values = NDArray[np.float32]


class StreamingModel:
    """A model that reads rows step by step.

    Args:
        model: of series, of one direction, with the pooling last, mean or max.

    Attributes:
        graph: the model's graph in two parts.
        reader, answer: sessions of ONNX Runtime with these parts; see `StreamGraph`.

    Raises:
        StreamError: the model has another kind, task or network; the message names what prevents
            it.
    """

    def __init__(self, model: LoadedModel) -> None:
        if not isinstance(model.encoder, SeriesEncoder):
            raise StreamError(f"a session: expected a model of series; got one of {model.kind}. "
                              "Send whole rows")  # fmt: skip
        if model.task.spec.per_step or model.task.spec.reads_windows:
            raise StreamError(
                "a session: expected a model that answers whole rows; got one of the task "
                f"{model.task.name}. Send whole rows"
            )
        self.model, self.encoder = model, model.encoder
        self.graph = split_graph(onnx.load_from_string(model.graph))
        self.reader = make_session(self.graph.reader.SerializeToString())
        self.answer = make_session(self.graph.answer.SerializeToString())

    def start(self, static: Any = None) -> "Stream":
        """Start a row without steps.

        Args:
            static: values of the static columns by name, where the model has some.

        Raises:
            RowError: one of them is missing, or cannot be read.
        """
        encoder, encoded = self.encoder.static, None
        if encoder is not None:
            encoded = encoder.encode_rows([encoder.check(static or {})])  # (1, width)
        states = {name: np.zeros((1, 1, units), np.float32)
                  for name, units in self.graph.states.items()}  # fmt: skip
        last = np.full((1, self.encoder.channels), np.nan)
        return Stream(self, encoded, 0, states, np.zeros(0), last)


@dataclass
class Stream:
    """One row, whose steps come one after the other.

    Attributes:
        static: encoded static columns, (1, width); None if the model has none.
        steps: that have been read.
    """

    model: StreamingModel
    static: NDArray[np.float32] | None
    steps: int
    _states: dict[str, Values]  # of the layers after the last step, each (1, 1, units)
    _pooled: NDArray[np.float64]  # of all steps, (1, width); see `_pool`
    _last: NDArray[np.float64]  # the last step as it was read, missing values filled, (1, channels)

    def read(self, steps: Any) -> Predictions:
        """Read the next steps, and answer the row as far as it has come.

        Args:
            steps: raw, a list of steps as in a whole row.

        Raises:
            RowError: they cannot be read. The row is then as it was before.
        """
        encoder = self.model.encoder
        series = encoder.check_sequence(steps)
        longest, count = encoder.max_length, self.steps + len(series)
        if longest is not None and count > longest:
            raise RowError(
                f"expected at most {longest} steps of a row (dataset.encoding.max_length), of "
                f"which {self.steps} have been read; got {len(series)} more"
            )
        filled = self._fill(series)
        values = encoder.encode_one(filled)  # (steps, features)
        inputs = {"values": values[None], "lengths": np.array([len(values)], np.int32)}
        part, *states = self.model.reader.run(None, inputs | self._states)
        self._pooled = self._pool(part)
        self._states = dict(zip(self._states, states, strict=True))
        self._last, self.steps = filled[-1:], count
        return Predictions(self.model.model.task, self._answer())

    def _fill(self, series: NDArray[np.float64]) -> NDArray[np.float64]:
        """Carry the values of the step before on, where the model fills missing ones so."""
        if self.model.encoder.missing != "forward":
            return series
        joined = np.concatenate([self._last, series])
        unknown = np.isnan(joined[:2]).all(axis=0)
        if unknown.any():
            raise RowError(
                "expected a value in each channel of a row's first step, since the model fills "
                "what is missing with the value before it; got none in channel "
                f"{int(np.argmax(unknown))}"
            )
        return carry_forward(joined, np.array([0, len(joined)]))[1:]

    def _pool(self, part: Values) -> NDArray[np.float64]:
        """Return the part of some steps, (1, width), merged with that of the steps before: the
        newest, the largest or, for a mean, their sum, which float32 would round too much."""
        pooling, new = self.model.graph.pooling, part.astype(np.float64)
        if not self.steps or pooling == "last":
            return new
        return self._pooled + new if pooling == "mean" else np.maximum(self._pooled, new)

    def _answer(self) -> Outputs:
        """Return the outputs for the steps so far, (1, width)."""
        is_mean = self.model.graph.pooling == "mean"
        pooled = self._pooled / self.steps if is_mean else self._pooled
        inputs = {self.model.graph.pooled: pooled.astype(np.float32)}
        if self.static is not None:
            inputs["static"] = self.static
        return self.model.answer.run(None, inputs)[0]
