"""Truncated back-propagation through time: rows are trained on chunk by chunk.

A batch gives one update, as without chunks. A first pass reads the chunks of the batch, with the
states carried over, and its pooled features give the loss and the gradient by them. A second pass
reads the chunks again, and each adds the gradient of what it gave to the features; none goes back
over a chunk's first step (Williams and Peng 1990, An efficient gradient-based algorithm for on-line
training of recurrent network trajectories). Where a chunk holds whole rows, this is the gradient
without chunks.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from conveyor.config import FitConfig
from conveyor.metrics import Targets
from conveyor.models.chunks import ChunkedNetwork, States
from conveyor.tasks.facets import Head
from conveyor.training.batches import Batch
from conveyor.training.steps import Steps, Update

Tensor = Any


def make_steps(
    model: keras.Model, head: Head, targets: Targets, config: FitConfig, *, look_inside: bool
) -> Steps:
    """Return the steps of a fit: on whole rows, or on chunks of `train.chunk` steps."""
    if config.train.chunk is None:
        return Steps(model, head, targets, look_inside=look_inside)
    network = ChunkedNetwork(model, config.model.pooling, config.train.chunk)
    return ChunkedSteps(model, head, targets, network, look_inside=look_inside)


class ChunkedSteps(Steps):
    """Steps of a model that reads its rows in chunks.

    Args:
        network: of the same model.
    """

    def __init__(
        self,
        model: keras.Model,
        head: Head,
        targets: Targets,
        network: ChunkedNetwork,
        *,
        look_inside: bool = False,
    ) -> None:
        super().__init__(model, head, targets, look_inside=look_inside)
        self._network = network
        features = tf.TensorSpec((None, network.width), "float32")
        static = {name: tf.TensorSpec(x.shape, x.dtype) for name, x in _static(model.input).items()}
        target = tf.TensorSpec((None, *targets.shape[1:]), targets.dtype)
        chosen = tf.TensorSpec(features.shape, "int32")

        def trace(step: Any, signature: Any) -> Any:
            return tf.function(step, signature, autograph=False)

        self._head_graph = trace(self._head_step, [features, static, target])
        self._answer_graph = trace(self._answer_step, [features, static, target])
        self._gradient_graph = trace(self._gradient_step, [*network.signature, chosen, features])
        self._apply_graph = tf.function(self._apply, autograph=False)

    def train(self, batch: Batch, *, measure_norms: bool = True) -> Update:
        inputs, targets = batch
        rows = len(targets)
        before = [np.asarray(state) for state in self._network.random_states]
        features, chosen = self._network.pool(inputs, training=True)
        loss, score, by_features, gradients = self._head_graph(features, _static(inputs), targets)
        for state, seed in zip(self._network.random_states, before, strict=True):
            state.assign(seed)  # the second pass draws what the first has drawn
        states = self._network.start_states(rows)
        for chunk in self._network.chunks(inputs):
            states, parts = self._gradient_graph(*chunk.tensors(), states, chosen, by_features)
            gradients = [_add(total, part) for total, part in zip(gradients, parts, strict=True)]
        norms = self._apply_graph(gradients, tf.constant(measure_norms))
        return Update(float(loss), float(score), norms.numpy())

    def _validate_batch(self, batch: Batch) -> list[Any]:
        inputs, targets = batch
        features, _ = self._network.pool(inputs, training=False)
        results = self._answer_graph(features, _static(inputs), targets)
        return [*(np.asarray(part) for part in results), targets]

    def _answer_step(self, features: Tensor, static: Any, targets: Tensor) -> Any:
        outputs = self._network.answer(features, static, training=False)
        return self._head.losses(targets, outputs), outputs

    def _head_step(self, features: Tensor, static: Any, targets: Tensor) -> Any:
        """Return loss and score, both summed over the rows, and the gradients of the mean loss by
        the pooled features and by the weights above them, each scaled for the precision."""
        count = tf.cast(tf.shape(targets)[0], tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(features)
            outputs = self._network.answer(features, static, training=True)
            total = tf.reduce_sum(self._head.training_losses(targets, outputs))
            scaled = self._model.optimizer.scale_loss(total / count)
        weights = self._model.trainable_variables
        by_features, *gradients = tape.gradient(scaled, [features, *weights])
        return total, self._head.score(targets, outputs), by_features, gradients

    def _gradient_step(
        self, index: Tensor, values: Tensor, steps: Tensor, lengths: Tensor, states: States,
        chosen: Tensor, by_features: Tensor,
    ) -> Any:  # fmt: skip
        """Return the states after a chunk, and its part of the gradients by all weights."""
        with tf.GradientTape() as tape:
            value, after = self._network.read(values, steps, lengths, states, training=True)
            entered = tf.expand_dims(steps > 0, 1)
            if self._network.pooling != "mean":
                entered &= tf.equal(chosen, index)
            product = tf.reduce_sum(tf.where(entered, value, 0.0) * by_features)
        return after, tape.gradient(product, self._model.trainable_variables)


def _static(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the static columns alone, which the layers above the pooling read."""
    return {name: x for name, x in inputs.items() if name == "static"}


def _add(first: Tensor, second: Tensor) -> Tensor:
    """Return the sum of two gradients. None is zero, and sparse ones of an embedding become dense
    when they are added: their slices would grow with the row."""
    if first is None or second is None:
        return second if first is None else first
    return tf.convert_to_tensor(first) + tf.convert_to_tensor(second)
