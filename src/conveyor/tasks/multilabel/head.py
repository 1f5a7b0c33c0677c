"""The head of a multi-label network: sigmoids, binary cross-entropy, the end of the ONNX graph."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.multilabel.decision import DEFAULT, choose_thresholds
from conveyor.tasks.multilabel.options import LabelHead, LabelSpec

Tensor = Any
OUTPUT = "probabilities"  # name of the layer and of the graph's output


class Head:
    """See `conveyor.tasks.facets.Head`."""

    score_name = "hamming_loss"
    window = None

    def __init__(self, spec: LabelSpec, options: LabelHead) -> None:
        self.width, self.output_name = len(spec.labels), OUTPUT
        self._spec, self._options = spec, options
        # Of rows without and with each label, (2, labels).
        self._weights = np.ones((2, self.width), np.float32)

    def build(self, x: keras.KerasTensor) -> Any:
        """Return probabilities (batch, labels) of pooled features (batch, width).

        The sigmoid stays float32 under mixed precision.
        """
        layer = layers.Dense(self.width, activation="sigmoid", dtype="float32", name=OUTPUT)
        return layer(x)

    def add_to_graph(self, graph: Any, model: keras.Model, x: str) -> None:
        x = graph.dense(x, "head", model.get_layer(OUTPUT))
        graph.output("Sigmoid", OUTPUT, x)

    def prepare_loss(self, targets: Targets, *, few_rows: bool) -> None:
        """Weigh the rows with a label by rows / (2 x rows with it) in training, and those without
        it likewise, if the options say so.

        Args:
            targets: of the training rows, bool (rows, labels).
            few_rows: changes nothing.
        """
        if self._options.label_weights == "balanced":
            with_label = targets.sum(axis=0)
            counts = np.stack([len(targets) - with_label, with_label])  # (2, labels)
            self._weights = (len(targets) / (2 * np.maximum(counts, 1))).astype(np.float32)

    def constant_outputs(self, targets: Targets) -> Outputs:
        """Return the share of the rows with each label, (labels,), as the rows weigh."""
        without, with_label = np.stack([~targets, targets]).sum(axis=1) * self._weights
        return (with_label / (without + with_label)).astype(np.float32)

    def training_losses(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """Return the loss of each row, (rows,), the mean over its labels, with label weights.

        The focal loss multiplies the cross-entropy by (1 - p) ** gamma, where p is the probability
        of the truth, so that easy rows count less (Lin et al. 2017).
        """
        truth = tf.cast(targets, tf.float32)  # (rows, labels)
        losses = keras.ops.binary_crossentropy(truth, outputs)
        if self._options.loss == "focal":
            losses *= tf.abs(truth - outputs) ** self._options.gamma
        without, with_label = tf.unstack(tf.constant(self._weights))
        return tf.reduce_mean(losses * tf.where(targets, with_label, without), axis=-1)

    def losses(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """Return the binary cross-entropy of each row, (rows,), the mean over its labels, in nats.

        Focal loss and weights do not enter, so that trials which differ in them compare.
        """
        truth = tf.cast(targets, tf.float32)
        return tf.reduce_mean(keras.ops.binary_crossentropy(truth, outputs), axis=-1)

    def score(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """Return the rows' share of labels that are wrong at a threshold of 0.5, summed."""
        wrong = tf.not_equal(outputs >= DEFAULT, targets)
        return tf.reduce_sum(tf.reduce_mean(tf.cast(wrong, tf.float32), axis=-1))

    def choose_decision(self, targets: Targets, outputs: Outputs) -> LabelSpec:
        """Return the target with the thresholds that are best for the metric of the options."""
        if self._options.thresholds is None:
            return self._spec
        thresholds = choose_thresholds(targets, outputs, self._options.thresholds)
        return self._spec.model_copy(update={"thresholds": thresholds})
