"""The two graphs of a fit: one training step, and one look at rows that are not trained on.

Each is traced once, whatever shapes its batches have. Keras's own `fit` traces its training step
twice, since the first trace makes the variables of its metrics, and keeps metrics and batches in
graphs too; here both are NumPy's, and a short epoch of many small batches takes half the time.
"""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from conveyor.metrics.table import Answers, accuracy, macro_f1
from conveyor.training.batches import Batch

MetricValues = dict[str, float]
Tensor = Any


class Steps:
    """Training steps and validation passes of a compiled model, on the devices of its strategy.

    Args:
        model: as `models.build` makes it; its optimizer is built.
        smoothing: of the labels, in training only.
        weights: of each class in training, float32 (classes,); None weighs them equally.
    """

    def __init__(
        self,
        model: keras.Model,
        *,
        smoothing: float,
        weights: NDArray[np.float32] | None,
    ) -> None:
        self._model, self._smoothing = model, smoothing
        self._strategy: Any = model.distribute_strategy
        self._classes = int(model.output_shape[-1])
        self._weights = weights
        inputs = {x.name: tf.TensorSpec(x.shape, x.dtype) for x in model.inputs}
        signature = [inputs["values"], inputs["lengths"], tf.TensorSpec((None,), tf.int32)]

        def graph(step: Any) -> Any:
            return tf.function(
                step, input_signature=signature, autograph=False, jit_compile=False
            )  # fmt: skip

        self._train, self._look = graph(self._train_step), graph(self._look_step)

    def train(self, batch: Batch) -> tuple[float, int]:
        """One step. Returns the batch's loss, a sum over its rows, and how many rows were right."""
        loss, right = self._train(*batch)
        return float(loss), int(right)

    def look(self, batches: Iterable[Batch]) -> MetricValues:
        """Figures of rows as they are: free of smoothing and of class weights, so that trials
        which differ in them compare.

        Returns:
            `loss` (mean negative log probability of the true class), `accuracy`, `macro_f1`.
        """
        found = [[np.asarray(part) for part in self._look(*batch)] for batch in batches]
        losses, predicted, labels = (np.concatenate(parts) for parts in zip(*found, strict=True))
        answers = Answers(labels, np.eye(self._classes)[predicted])
        return {
            "loss": float(losses.mean(dtype=np.float64)),
            "accuracy": accuracy(answers),
            "macro_f1": macro_f1(answers),
        }

    def _train_step(self, values: Tensor, lengths: Tensor, labels: Tensor) -> Any:
        count = tf.cast(tf.shape(labels)[0], tf.float32)

        def step(values: Tensor, lengths: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
            values, lengths, labels = self._own(values, lengths, labels)
            with tf.GradientTape() as tape:
                probabilities = self._model({"values": values, "lengths": lengths}, training=True)
                losses = self._losses(labels, probabilities, self._smoothing)
                if self._weights is not None:
                    losses *= tf.gather(tf.constant(self._weights), labels)
                total = tf.reduce_sum(losses)
                scaled = self._model.optimizer.scale_loss(total / count)
            variables = self._model.trainable_variables
            self._model.optimizer.apply(tape.gradient(scaled, variables), variables)
            hits = tf.equal(tf.argmax(probabilities, -1, tf.int32), labels)
            return total, tf.reduce_sum(tf.cast(hits, tf.int32))

        made = self._strategy.run(step, args=(values, lengths, labels))
        return [self._strategy.reduce("SUM", part, axis=None) for part in made]

    def _look_step(self, values: Tensor, lengths: Tensor, labels: Tensor) -> Any:
        def step(values: Tensor, lengths: Tensor, labels: Tensor) -> Any:
            values, lengths, labels = self._own(values, lengths, labels)
            probabilities = self._model({"values": values, "lengths": lengths}, training=False)
            losses = self._losses(labels, probabilities, 0.0)
            return losses, tf.argmax(probabilities, -1, tf.int32), labels

        made = self._strategy.run(step, args=(values, lengths, labels))
        return [tf.concat(self._strategy.experimental_local_results(part), 0) for part in made]

    def _own(self, *parts: Tensor) -> tuple[Tensor, ...]:
        """The rows of this replica: every n-th."""
        context: Any = tf.distribute.get_replica_context()
        first, every = context.replica_id_in_sync_group, context.num_replicas_in_sync
        return parts if every == 1 else tuple(part[first::every] for part in parts)

    def _losses(self, labels: Tensor, probabilities: Tensor, smoothing: float) -> Tensor:
        one_hot = tf.one_hot(labels, self._classes)
        return keras.losses.categorical_crossentropy(
            one_hot, probabilities, label_smoothing=smoothing
        )
