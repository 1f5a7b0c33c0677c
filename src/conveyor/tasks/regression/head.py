"""The head of a regression: numbers in the data's unit, their losses, the end of the ONNX graph."""

from statistics import NormalDist
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from onnx import TensorProto

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.regression.calibration import choose_widths
from conveyor.tasks.regression.options import RegressionHead, RegressionSpec
from conveyor.tasks.regression.outputs import MEDIAN

Tensor = Any
KERNEL = "standardised"  # name of the layer that predicts standardised numbers
OUTPUT = "prediction"  # name of the graph's output


class Head:
    """The last layers, and what they are trained for.

    Quantiles cannot cross: the network gives the lowest, and steps upwards that are positive. The
    outputs are float64, so that numbers which are large beside their deviation, such as years or
    times, keep their digits.

    Attributes:
        spec: the target, with the quantiles that the model predicts.
        width: numbers of a row: a column has one, or one for each quantile.
        score_name: name of the metric that `score` sums.
    """

    output_name = OUTPUT
    score_name = "scaled_mae"
    window = None

    def __init__(self, spec: RegressionSpec, options: RegressionHead) -> None:
        quantiles = options.quantiles if options.loss == "quantile" else None
        self.spec = spec.model_copy(update={"quantiles": quantiles})
        self._options = options
        self._quantiles = quantiles or [MEDIAN]
        self._shape = len(spec.columns), len(self._quantiles)
        self.width = len(spec.columns) * len(self._quantiles)

    def build(self, x: keras.KerasTensor) -> Any:
        """Return numbers in the data's unit, float64 (batch, width), of pooled features.

        The layers stay float32 or float64 under mixed precision.
        """
        layer = layers.Dense(self.width, dtype="float32", name=KERNEL)
        x = layer(x)
        layer.bias.assign(np.tile(_invert_steps(self._quantiles), self._shape[0]))
        if len(self._quantiles) > 1:
            split = ops.reshape(x, (-1, *self._shape))  # (batch, columns, quantiles)
            steps = ops.softplus(split[:, :, 1:])
            x = ops.cumsum(ops.concatenate([split[:, :, :1], steps], axis=-1), axis=-1)
            x = ops.reshape(x, (-1, self.width))
        std, mean = self._repeat(self.spec.std), self._repeat(self.spec.mean)
        return layers.Rescaling(std, mean, dtype="float64", name=OUTPUT)(x)

    def add_to_graph(self, graph: Any, model: keras.Model, x: str) -> None:
        """Add the head to a graph of `models.onnx_graph`; `x` names the pooled features."""
        x = graph.dense(x, "head", model.get_layer(KERNEL))
        if len(self._quantiles) > 1:
            x = graph.op("Reshape", x, graph.weight("split_columns", [-1, *self._shape], np.int64))
            sizes = graph.weight("split_sizes", [1, self._shape[1] - 1], np.int64)
            lowest, steps = graph.add("Split", x, sizes, outputs=2, axis=2)
            x = graph.op("Concat", lowest, graph.op("Softplus", steps), axis=2)
            x = graph.op("CumSum", x, graph.axis(2))
            x = graph.op("Reshape", x, graph.weight("join_columns", [-1, self.width], np.int64))
        x = graph.op("Cast", x, to=TensorProto.DOUBLE)
        std, mean = self._repeat(self.spec.std), self._repeat(self.spec.mean)
        x = graph.op("Mul", x, graph.weight("target_std", std, np.float64))
        graph.output("Add", OUTPUT, x, graph.weight("target_mean", mean, np.float64))

    def prepare_loss(self, targets: Targets, *, few_rows: bool) -> None:
        """All training rows weigh the same."""

    def constant_outputs(self, targets: Targets) -> Outputs:
        """Return the mean of each column, its median for the losses that grow evenly, or its
        quantiles: (width,)."""
        if self._options.loss == "mse":
            return targets.mean(axis=0)
        return np.quantile(targets, self._quantiles, axis=0).T.reshape(-1)

    def training_losses(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """Return the loss of each row, (rows,), of standardised numbers."""
        return self.losses(targets, outputs)

    def losses(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """Return the loss of each row, (rows,): the mean over columns and quantiles.

        Losses of different kinds do not compare; see `RegressionHead.kinds_of_loss`.
        """
        errors = self._standardised_errors(targets, outputs)
        return tf.reduce_mean(self._compute_loss(errors), axis=[1, 2])

    def score(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """Return the sum of the rows' absolute errors, in standard deviations."""
        errors = self._standardised_errors(targets, outputs)[:, :, self._quantiles.index(MEDIAN)]
        return tf.reduce_sum(tf.reduce_mean(tf.abs(errors), axis=1))

    def choose_decision(self, targets: Targets, outputs: Outputs) -> RegressionSpec:
        """With quantiles, choose how wide the interval is; see `head.calibrate`."""
        if self.spec.quantiles is None or not self._options.calibrate:
            return self.spec
        widths = choose_widths(targets, outputs, self.spec)
        return self.spec.model_copy(update={"widths": widths})

    def _standardised_errors(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """Return true less predicted, float32 (rows, columns, quantiles)."""
        predicted = tf.reshape(outputs, (-1, *self._shape))
        std = tf.constant(self.spec.std, tf.float64)[:, None]  # (columns, 1)
        return tf.cast((targets[:, :, None] - predicted) / std, tf.float32)

    def _compute_loss(self, errors: Tensor) -> Tensor:
        match self._options.loss:
            case "mse":
                return tf.square(errors)
            case "mae":
                return tf.abs(errors)
            case "huber":
                delta, size = self._options.huber_delta, tf.abs(errors)
                return tf.where(size <= delta, tf.square(errors) / 2, delta * (size - delta / 2))
            case "quantile":
                quantiles = tf.constant(self._quantiles, tf.float32)
                return tf.maximum(quantiles * errors, (quantiles - 1) * errors)

    def _repeat(self, by_column: list[float]) -> list[float]:
        """Repeat the number of each column for its quantiles, (width,)."""
        return np.repeat(by_column, len(self._quantiles)).tolist()


def _invert_steps(quantiles: list[float]) -> np.ndarray:
    """Return the biases from which the head gives the quantiles of a normal distribution, so that
    training begins near the standardised target: the lowest, and what `softplus` makes the steps.
    """
    values = np.array([NormalDist().inv_cdf(quantile) for quantile in quantiles])
    return np.concatenate([values[:1], np.log(np.expm1(np.diff(values)))])
