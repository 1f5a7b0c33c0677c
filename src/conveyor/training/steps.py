"""The two graphs of a fit: a training step, and a validation step.

Each is traced once, whatever shapes its batches have. Keras's own `fit` traces its training step
twice, since the first trace creates the variables of its metrics, and computes metrics and batches
in graphs too. Here NumPy does both, and a short epoch of many small batches takes half the time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from conveyor.metrics import Outputs, Targets
from conveyor.metrics.steps import PADDING, cut_padding, has_steps, pad_steps
from conveyor.tasks import Task
from conveyor.tasks.facets import Head
from conveyor.tasks.options import TargetSpec
from conveyor.training.batches import Batch
from conveyor.training.layer_norms import LayerNorms

Tensor = Any
Tensors = dict[str, Tensor]  # by the name of an input


@dataclass(frozen=True)
class Update:
    """What one training step measures.

    Attributes:
        loss: summed over the rows of the batch.
        score: of the head, summed likewise.
        gradient_norms: of the mean loss by the weights of each layer of `LayerNorms`, before any
            clipping, float32 (layers,); on several devices the mean of what each has for its rows.
            NaN, or empty, where they are not asked for.
    """

    loss: float
    score: float
    gradient_norms: NDArray[np.float32]


@dataclass(frozen=True)
class Validation:
    """What a network answers for the validation rows.

    Attributes:
        scores: `loss`, the mean of the head's `losses`, and metrics by their names.
        target: with the decision that is best on these rows, by which the metrics judge them.
        outputs: (rows, width), in the order of the batches.
    """

    scores: dict[str, float]
    target: TargetSpec
    outputs: Outputs


class Steps:
    """Training and validation steps of a compiled model, on the devices of its strategy.

    Args:
        model: a model of `models.build`, compiled, with a built optimizer.
        head: with which the model was built.
        targets: of some rows, for their shape and type.
        look_inside: allow `train` to compute the norms of the gradients.

    Attributes:
        norms: of the model's layers; None without `look_inside`.
    """

    def __init__(
        self, model: keras.Model, head: Head, targets: Targets, *, look_inside: bool = False
    ) -> None:
        self._model, self._head = model, head
        self.norms = LayerNorms(model) if look_inside else None
        self._strategy: Any = model.distribute_strategy
        inputs = {x.name: tf.TensorSpec(x.shape, x.dtype) for x in model.inputs}
        self._per_step = has_steps(targets)
        if self._per_step:
            target = tf.TensorSpec((None, None), pad_steps(targets[:1]).dtype)
        else:
            target = tf.TensorSpec((None, *targets.shape[1:]), targets.dtype)
        signature = [inputs, target]

        self._train_graph = tf.function(
            self._train_step, [*signature, tf.TensorSpec((), "bool")],
            autograph=False, jit_compile=False,
        )  # fmt: skip
        self._validation_graph = tf.function(
            self._validation_step, signature, autograph=False, jit_compile=False
        )

    def train(self, batch: Batch, *, measure_norms: bool = True) -> Update:
        """Run one training step.

        Args:
            measure_norms: of the gradients, which takes a text's step 2 % longer.
        """
        loss, score, norms = self._train_graph(*batch, measure_norms)
        return Update(float(loss), float(score), norms.numpy())

    def validate(self, batches: Iterable[Batch], metrics: Sequence[str]) -> "Validation":
        """Compute the loss and some metrics of rows that are not trained on.

        Args:
            metrics: of the task, by name.
        """
        parts = [self._validate_batch(batch) for batch in batches]
        losses, outputs, targets = (np.concatenate(part) for part in zip(*parts, strict=True))
        # losses (rows,), outputs (rows, width), targets (rows, ...)
        target = self._head.choose_decision(targets, outputs)
        scores = Task(target).metrics.compute(metrics, targets, outputs)
        return Validation({"loss": float(losses.mean(dtype=np.float64)), **scores}, target, outputs)

    def _validate_batch(self, batch: Batch) -> list[Any]:
        """Return losses, outputs and targets of a batch, without padding."""
        losses, outputs, targets = (np.asarray(part) for part in self._validation_graph(*batch))
        if self._per_step:
            lengths = (targets != PADDING).sum(axis=1)
            outputs, targets = cut_padding(outputs, lengths), cut_padding(targets, lengths)
        return [losses, outputs, targets]

    def _train_step(self, inputs: Tensors, targets: Tensor, measure_norms: Tensor) -> Any:
        count = tf.cast(tf.shape(targets)[0], tf.float32)

        def step(inputs: Tensors, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            inputs, targets = _replica_rows(inputs, targets)
            with tf.GradientTape() as tape:
                outputs = self._model(inputs, training=True)
                losses = self._head.training_losses(targets, outputs)  # (rows,)
                total = tf.reduce_sum(losses)
                scaled = self._model.optimizer.scale_loss(total / count)
            gradients = tape.gradient(scaled, self._model.trainable_variables)
            norms = self._apply(gradients, measure_norms)
            return total, self._head.score(targets, outputs), norms

        results = self._strategy.run(step, args=(inputs, targets))
        return [self._strategy.reduce("SUM", part, axis=None) for part in results]

    def _apply(self, gradients: list[Tensor], measure_norms: Tensor) -> Tensor:
        """Update the weights, and return the norms of the gradients; see `Update`."""
        optimizer = self._model.optimizer
        of_layers, norms = self.norms, tf.zeros(0)
        if of_layers is not None:
            # Of float16 the optimizer has scaled the loss, and may change the scale as it updates.
            scale = optimizer.scale_loss(1.0)
            norms = tf.cond(
                measure_norms,
                lambda: of_layers.compute(gradients) / scale,
                lambda: tf.fill([len(of_layers.layers)], np.float32(np.nan)),
            )
        optimizer.apply(gradients, self._model.trainable_variables)
        return norms

    def _validation_step(self, inputs: Tensors, targets: Tensor) -> Any:
        def step(inputs: Tensors, targets: Tensor) -> Any:
            inputs, targets = _replica_rows(inputs, targets)
            outputs = self._model(inputs, training=False)
            return self._head.losses(targets, outputs), outputs, targets

        results = self._strategy.run(step, args=(inputs, targets))
        return [tf.concat(self._strategy.experimental_local_results(part), 0) for part in results]


def _replica_rows(inputs: Tensors, targets: Tensor) -> tuple[Tensors, Tensor]:
    """Select the rows of this replica: of n replicas, each takes each n-th row."""
    context: Any = tf.distribute.get_replica_context()
    index, count = context.replica_id_in_sync_group, context.num_replicas_in_sync
    if count == 1:
        return inputs, targets
    own = {name: values[index::count] for name, values in inputs.items()}
    return own, targets[index::count]
