"""The head of a forecast: quantiles of each step in the data's unit, their loss, their ONNX."""

from statistics import NormalDist
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from onnx import TensorProto

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.forecasting.calibration import choose_widths
from conveyor.tasks.forecasting.options import ForecastHead, ForecastSpec
from conveyor.tasks.forecasting.outputs import MARKS, MEDIAN, Truth
from conveyor.tasks.forecasting.target import window_of
from conveyor.tasks.window import Window

Tensor = Any
OUTPUT = "forecast"  # name of the graph's output
FIRST_SPREAD = 0.5  # of the first quantiles, in the scale of a context
SAMPLED_ROWS = 5000  # of which the constant answer is computed


class Head:
    """The last layers, and what they are trained for; see `tasks.facets.WindowHead`.

    Quantiles cannot cross: the network gives the median, and steps away from it that are positive.

    Attributes:
        spec: the target, with the quantiles that the model predicts.
        width: numbers of a row: columns x horizon x quantiles.
    """

    output_name = OUTPUT
    score_name = "scaled_mae"

    def __init__(self, spec: ForecastSpec, options: ForecastHead) -> None:
        self.spec = spec.model_copy(update={"quantiles": options.quantiles})
        self.level, self.spread = options.level, options.spread
        self._calibrate, self._quantiles = options.calibrate, options.quantiles
        self._window = window_of(spec)
        self.parameters = len(options.quantiles)
        self.middle = options.quantiles.index(MEDIAN)
        self._shape = len(spec.columns), spec.horizon, self.parameters
        self.width = int(np.prod(self._shape))

    @property
    def window(self) -> Window:
        return self._window

    def build(self, x: Any) -> Any:
        """Return quantiles in the data's unit, float64 (batch, width).

        Args:
            x: of `models.window.close_window`: parameters (batch, horizon, columns, quantiles),
                level and spread (batch, 1, columns), in standard deviations of the training steps.
        """
        parameters, level, spread = x
        middle = self.middle
        offsets = ops.convert_to_tensor(self._first_offsets(), "float32")
        steps = ops.softplus(parameters + offsets)
        point = parameters[..., middle : middle + 1]
        below = ops.flip(ops.cumsum(ops.flip(steps[..., :middle], -1), axis=-1), -1)
        above = ops.cumsum(steps[..., middle + 1 :], axis=-1)
        y = ops.concatenate([point - below, point, point + above], axis=-1)
        # In this order: Keras takes a second summand (n, 1, 1, 1) for the biases of n quantiles.
        y = ops.expand_dims(level, -1) + y * ops.expand_dims(spread, -1)
        y = ops.reshape(ops.transpose(y, (0, 2, 1, 3)), (-1, self.width))
        std, mean = self._repeat(self.spec.std), self._repeat(self.spec.mean)
        return layers.Rescaling(std, mean, dtype="float64", name=OUTPUT)(y)

    def add_to_graph(self, graph: Any, model: keras.Model, x: Any) -> None:
        """Add the head to a graph of `models.onnx_graph`; `x` are the names of what `build`
        takes."""
        del model
        parameters, level, spread = x
        middle, count = self.middle, self.parameters
        offsets = graph.weight("first_offsets", self._first_offsets())
        steps = graph.op("Softplus", graph.op("Add", parameters, offsets))
        point = graph.cut(parameters, 3, middle, middle + 1)
        below = graph.op("CumSum", graph.cut(steps, 3, 0, middle), graph.axis(3), reverse=1)
        above = graph.op("CumSum", graph.cut(steps, 3, middle + 1, count), graph.axis(3))
        below, above = graph.op("Sub", point, below), graph.op("Add", point, above)
        y = graph.op("Concat", below, point, above, axis=3)
        y = graph.op("Mul", y, graph.op("Unsqueeze", spread, graph.axis(3)))
        y = graph.op("Add", y, graph.op("Unsqueeze", level, graph.axis(3)))
        y = graph.op("Transpose", y, perm=[0, 2, 1, 3])
        y = graph.op("Reshape", y, graph.weight("join_steps", [-1, self.width], np.int64))
        y = graph.op("Cast", y, to=TensorProto.DOUBLE)
        std, mean = self._repeat(self.spec.std), self._repeat(self.spec.mean)
        y = graph.op("Mul", y, graph.weight("target_std", std, np.float64))
        graph.output("Add", OUTPUT, y, graph.weight("target_mean", mean, np.float64))

    def prepare_loss(self, targets: Targets, *, few_rows: bool) -> None:
        """All training rows weigh the same."""

    def constant_outputs(self, targets: Targets) -> Outputs:
        """Return the quantiles of each step over evenly spaced rows: (width,)."""
        rows = np.linspace(0, len(targets) - 1, min(SAMPLED_ROWS, len(targets))).astype(np.int64)
        values = Truth(targets[rows]).values
        return np.quantile(values, self._quantiles, axis=0).transpose(1, 2, 0).reshape(-1)

    def training_losses(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """Return the loss of each row, (rows,)."""
        return self.losses(targets, outputs)

    def losses(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """Return the pinball loss of each row, (rows,), in standard deviations: the mean over
        columns, steps and quantiles (Koenker & Bassett 1978, Regression quantiles)."""
        errors = self._standardised_errors(targets, outputs)
        quantiles = tf.constant(self._quantiles, tf.float32)
        losses = tf.maximum(quantiles * errors, (quantiles - 1) * errors)
        return tf.reduce_mean(losses, axis=[1, 2, 3])

    def score(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """Return the sum of the rows' absolute errors, in standard deviations."""
        errors = self._standardised_errors(targets, outputs)[..., self.middle]
        return tf.reduce_sum(tf.reduce_mean(tf.abs(errors), axis=[1, 2]))

    def choose_decision(self, targets: Targets, outputs: Outputs) -> ForecastSpec:
        """Choose how wide the intervals are; see `head.calibrate`."""
        if not self._calibrate:
            return self.spec
        widths = choose_widths(targets, outputs, self.spec)
        return self.spec.model_copy(update={"widths": widths})

    def _standardised_errors(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """Return true less predicted, float32 (rows, columns, horizon, quantiles)."""
        predicted = tf.reshape(outputs, (-1, *self._shape))
        std = tf.constant(self.spec.std, tf.float64)[:, None, None]  # (columns, 1, 1)
        return tf.cast((targets[:, :, :-MARKS, None] - predicted) / std, tf.float32)

    def _first_offsets(self) -> np.ndarray:
        """Return what is added to the parameters, (quantiles,), so that those of 0 give the
        quantiles of a normal distribution."""
        values = np.array([NormalDist().inv_cdf(quantile) for quantile in self._quantiles])
        offsets = np.zeros(len(values), np.float32)
        steps = FIRST_SPREAD * np.diff(values)  # between neighbours
        offsets[np.arange(len(values)) != self.middle] = np.log(np.expm1(steps))
        return offsets

    def _repeat(self, by_column: list[float]) -> list[float]:
        """Repeat the number of each column for its steps and quantiles, (width,)."""
        return np.repeat(by_column, self.spec.horizon * self.parameters).tolist()
