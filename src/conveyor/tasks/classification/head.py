"""The head of a classifier: softmax, cross-entropy, and the end of the ONNX graph."""

import logging
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.classification.decision import choose_decision, complete_costs
from conveyor.tasks.classification.options import ClassHead, ClassSpec

log = logging.getLogger(__name__)

Tensor = Any
UNEVEN = 0.1  # of the rows of the largest class: classes are uneven if one has fewer
FEW_ROWS_SMOOTHING = 0.1  # `label_smoothing: auto` where rows are few
OUTPUT = "probabilities"  # name of the layer and of the graph's output


class Head:
    """The last layer, and what it is trained for.

    Attributes:
        width: number of classes.
        score_name: name of the metric that `score` sums.

    Raises:
        InputError: `head.costs` names a class that the target does not have.
    """

    score_name = "accuracy"
    window = None

    def __init__(self, spec: ClassSpec, options: ClassHead) -> None:
        self.width, self.output_name = len(spec.classes), OUTPUT
        self._spec, self._options = spec, options
        # Read here, so that a wrong name stops a fit before it begins.
        self._costs = None if options.costs is None else complete_costs(options.costs, spec.classes)
        self._weights: Any = None  # of each class, (classes,)
        self._smoothing = 0.0

    def build(self, x: keras.KerasTensor) -> Any:
        """Return probabilities (batch, classes) of pooled features (batch, width).

        The softmax stays float32 under mixed precision.
        """
        layer = layers.Dense(self.width, activation="softmax", dtype="float32", name=OUTPUT)
        return layer(x)

    def add_to_graph(self, graph: Any, model: keras.Model, x: str) -> None:
        """Add the head to a graph of `models.onnx_graph`; `x` names the pooled features."""
        x = graph.dense(x, "head", model.get_layer(OUTPUT))
        graph.output("Softmax", OUTPUT, x, axis=-1)

    def prepare_loss(self, targets: Targets, *, few_rows: bool) -> None:
        """Smooth the targets and weigh the classes in training, if the options say so.

        Balanced weights are rows / (classes x rows of the class). Those of `auto` are their square
        roots, as in the sampling of Mahajan et al. 2018 (Exploring the limits of weakly supervised
        pretraining): where a hundred classes have very different rows, balanced weights lose
        accuracy without finding more of the rare ones. Their mean over the rows is 1.

        Args:
            targets: of the training rows, (rows,).
            few_rows: whether these are few, so that a network soon is too sure of its answers.
        """
        smoothing = self._options.label_smoothing
        self._smoothing = FEW_ROWS_SMOOTHING * few_rows if smoothing == "auto" else smoothing
        self._weigh(targets)

    def _weigh(self, targets: Targets) -> None:
        counts = np.bincount(targets, minlength=self.width)  # (classes,)
        smallest, largest = int(counts[counts > 0].min()), int(counts.max())
        is_auto = self._options.class_weights == "auto"
        if is_auto and smallest < UNEVEN * largest:
            log.info("classes are weighed by their rows, since the rarest has %d and the most "
                     "frequent %d; head.class_weights=none weighs all rows alike",
                     smallest, largest)  # fmt: skip
        elif self._options.class_weights != "balanced":
            return
        weights = len(targets) / (self.width * np.maximum(counts, 1))  # (classes,)
        if is_auto:
            weights = np.sqrt(weights)
            weights /= weights[targets].mean()
        self._weights = weights.astype(np.float32)

    def constant_outputs(self, targets: Targets) -> Outputs:
        """Return the shares of the classes, (classes,), as the rows weigh."""
        weights = None if self._weights is None else self._weights[targets]
        counts = np.bincount(targets, weights, minlength=self.width)
        return (counts / counts.sum()).astype(np.float32)

    def training_losses(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """Return the loss of each row, (rows,), with label smoothing and class weights.

        The focal loss multiplies the cross-entropy by (1 - p) ** gamma, where p is the probability
        of the true class, so that easy rows count less (Lin et al. 2017).
        """
        losses = self._cross_entropy(targets, outputs, self._smoothing)
        if self._options.loss == "focal":
            of_true_class = tf.gather(outputs, targets, axis=1, batch_dims=1)  # (rows,)
            losses *= (1.0 - of_true_class) ** self._options.gamma
        if self._weights is not None:
            losses *= tf.gather(tf.constant(self._weights), targets)
        return losses

    def losses(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """Return the negative log probability of each row's class, (rows,), in nats.

        Focal loss, label smoothing and class weights do not enter, so that trials which differ in
        them compare.
        """
        return self._cross_entropy(targets, outputs, 0.0)

    def score(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """Return the number of rows whose most probable class is the true one."""
        correct = tf.equal(tf.argmax(outputs, -1, tf.int32), targets)
        return tf.reduce_sum(tf.cast(correct, tf.int32))

    def choose_decision(self, targets: Targets, outputs: Outputs) -> ClassSpec:
        """Return the target with the decision that costs least by `head.costs`, if it is set."""
        if self._costs is None:
            return self._spec
        return choose_decision(self._spec, self._costs, targets, outputs)

    def _cross_entropy(self, targets: Tensor, outputs: Tensor, smoothing: float) -> Tensor:
        one_hot = tf.one_hot(targets, self.width)  # (rows, classes)
        return keras.losses.categorical_crossentropy(one_hot, outputs, label_smoothing=smoothing)
