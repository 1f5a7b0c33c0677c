"""The two graphs of a fit: a training step, and a validation step.

Each is traced once, whatever shapes its batches have. Keras's own `fit` traces its training step
twice, since the first trace creates the variables of its metrics, and computes metrics and batches
in graphs too. Here NumPy does both, and a short epoch of many small batches takes half the time.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from conveyor.metrics import compute_metrics
from conveyor.training.batches import Batch

VALIDATION_METRICS = ("accuracy", "macro_f1")  # names in METRICS, beside the loss
Tensor = Any


class Steps:
    """Training and validation steps of a compiled model, on the devices of its strategy.

    Args:
        model: a model of `models.build`, compiled, with a built optimizer.
        smoothing: label smoothing, in training only.
        weights: weight of each class in training, float32 (classes,); None weighs them equally.
    """

    def __init__(
        self, model: keras.Model, *, smoothing: float, weights: NDArray[np.float32] | None
    ) -> None:
        self._model, self._smoothing, self._weights = model, smoothing, weights
        self._strategy: Any = model.distribute_strategy
        self._classes = int(model.output_shape[-1])
        inputs = {x.name: tf.TensorSpec(x.shape, x.dtype) for x in model.inputs}
        signature = [inputs["values"], inputs["lengths"], tf.TensorSpec((None,), tf.int32)]

        def trace(step: Any) -> Any:
            return tf.function(step, signature, autograph=False, jit_compile=False)

        self._train_graph = trace(self._train_step)
        self._validation_graph = trace(self._validation_step)

    def train(self, batch: Batch) -> tuple[float, int]:
        """Run one training step.

        Returns:
            The loss, summed over the batch's rows, and the number of rows classified correctly.
        """
        loss, correct = self._train_graph(*batch)
        return float(loss), int(correct)

    def validate(
        self, batches: Iterable[Batch], metrics: Sequence[str] = VALIDATION_METRICS
    ) -> dict[str, float]:
        """Compute the loss and `metrics` (names in METRICS) of rows that are not trained on.

        Label smoothing and class weights do not enter, so that trials which differ in them compare.

        Returns:
            `loss` (mean negative log probability of the true class) and each metric by its name.
        """
        parts = [[np.asarray(part) for part in self._validation_graph(*batch)] for batch in batches]
        losses, probabilities, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
        # losses (rows,), probabilities (rows, classes), labels (rows,)
        scores = compute_metrics(metrics, labels, probabilities)
        return {"loss": float(losses.mean(dtype=np.float64)), **scores}

    def _train_step(self, values: Tensor, lengths: Tensor, labels: Tensor) -> Any:
        count = tf.cast(tf.shape(labels)[0], tf.float32)

        def step(values: Tensor, lengths: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
            values, lengths, labels = _replica_rows(values, lengths, labels)
            with tf.GradientTape() as tape:
                probabilities = self._model({"values": values, "lengths": lengths}, training=True)
                losses = self._losses(labels, probabilities, self._smoothing)  # (rows,)
                if self._weights is not None:
                    losses *= tf.gather(tf.constant(self._weights), labels)
                total = tf.reduce_sum(losses)
                scaled = self._model.optimizer.scale_loss(total / count)
            variables = self._model.trainable_variables
            self._model.optimizer.apply(tape.gradient(scaled, variables), variables)
            correct = tf.equal(tf.argmax(probabilities, -1, tf.int32), labels)
            return total, tf.reduce_sum(tf.cast(correct, tf.int32))

        results = self._strategy.run(step, args=(values, lengths, labels))
        return [self._strategy.reduce("SUM", part, axis=None) for part in results]

    def _validation_step(self, values: Tensor, lengths: Tensor, labels: Tensor) -> Any:
        def step(values: Tensor, lengths: Tensor, labels: Tensor) -> Any:
            values, lengths, labels = _replica_rows(values, lengths, labels)
            probabilities = self._model({"values": values, "lengths": lengths}, training=False)
            return self._losses(labels, probabilities, smoothing=0.0), probabilities, labels

        results = self._strategy.run(step, args=(values, lengths, labels))
        return [tf.concat(self._strategy.experimental_local_results(part), 0) for part in results]

    def _losses(self, labels: Tensor, probabilities: Tensor, smoothing: float) -> Tensor:
        one_hot = tf.one_hot(labels, self._classes)  # (rows, classes)
        return keras.losses.categorical_crossentropy(
            one_hot, probabilities, label_smoothing=smoothing
        )


def _replica_rows(*parts: Tensor) -> tuple[Tensor, ...]:
    """Select the rows of this replica: of n replicas, each takes each n-th row."""
    context: Any = tf.distribute.get_replica_context()
    index, count = context.replica_id_in_sync_group, context.num_replicas_in_sync
    return parts if count == 1 else tuple(part[index::count] for part in parts)
