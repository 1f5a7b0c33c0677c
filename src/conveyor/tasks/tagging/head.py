"""The head of a tagger: softmax at each step, masked cross-entropy, the end of the ONNX graph."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from conveyor.metrics import Outputs, Targets
from conveyor.metrics.steps import PADDING, join_steps
from conveyor.tasks.tagging.options import TagHead, TagSpec

Tensor = Any
OUTPUT = "probabilities"  # name of the layer and of the graph's output


class Head:
    """The last layer, and what it is trained for.

    Attributes:
        width: number of tags.
        score_name: name of the metric that `score` sums.
    """

    output_name = OUTPUT
    score_name = "tag_accuracy"
    window = None

    def __init__(self, spec: TagSpec, options: TagHead) -> None:
        self.width = len(spec.tags)
        self._spec, self._options = spec, options

    def build(self, x: keras.KerasTensor) -> Any:
        """Return probabilities (batch, time, tags) of the features of each step.

        The softmax stays float32 under mixed precision.
        """
        layer = layers.Dense(self.width, activation="softmax", dtype="float32", name=OUTPUT)
        return layer(x)

    def add_to_graph(self, graph: Any, model: keras.Model, x: str) -> None:
        """Add the head to a graph of `models.onnx_graph`; `x` names features (time, batch,
        width)."""
        kernel, bias = model.get_layer(OUTPUT).get_weights()
        x = graph.op("Transpose", x, perm=[1, 0, 2])  # (batch, time, width)
        x = graph.op("MatMul", x, graph.weight("head_kernel", kernel))
        x = graph.op("Add", x, graph.weight("head_bias", bias))
        graph.output("Softmax", OUTPUT, x, axis=-1)

    def prepare_loss(self, targets: Targets, *, few_rows: bool) -> None:
        """All steps weigh the same."""

    def constant_outputs(self, targets: Targets) -> Outputs:
        """Return the shares of the tags, (tags,)."""
        counts = np.bincount(join_steps(targets), minlength=self.width)
        return (counts / counts.sum()).astype(np.float32)

    def training_losses(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """Return the loss of each row, (rows,), with label smoothing."""
        return self._mean_of_steps(targets, outputs, self._options.label_smoothing)

    def losses(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """Return the mean negative log probability of the tags of each row, (rows,), in nats.

        Label smoothing does not enter, so that trials which differ in it compare.
        """
        return self._mean_of_steps(targets, outputs, 0.0)

    def score(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """Return the share of right tags of each row, summed over the rows."""
        right = tf.equal(tf.argmax(outputs, -1, targets.dtype), targets)  # PADDING is no tag
        steps = tf.reduce_sum(_mask(targets), axis=1)
        return tf.reduce_sum(tf.reduce_sum(tf.cast(right, tf.float32), axis=1) / steps)

    def choose_decision(self, targets: Targets, outputs: Outputs) -> TagSpec:
        """The validation rows choose nothing: how tags are decoded is an option."""
        return self._spec.model_copy(update={"decoding": self._options.decoding})

    def _mean_of_steps(self, targets: Tensor, outputs: Tensor, smoothing: float) -> Tensor:
        one_hot = tf.one_hot(targets, self.width)  # (rows, time, tags), zeros where padded
        losses = keras.losses.categorical_crossentropy(one_hot, outputs, label_smoothing=smoothing)
        mask = _mask(targets)
        return tf.reduce_sum(losses * mask, axis=1) / tf.reduce_sum(mask, axis=1)


def _mask(targets: Tensor) -> Tensor:
    """Return 1 for each step that is no padding, float32 (rows, time)."""
    return tf.cast(tf.not_equal(targets, PADDING), tf.float32)
