"""A network that reads long rows chunk by chunk, with the states of its layers carried over.

The layers below the pooling read one chunk of all rows of a batch at a time, and what the pooling
needs of it is merged with that of the chunks before. So the activations of one chunk are in memory,
and not those of whole rows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from numpy.typing import NDArray

from conveyor.encoding.network_inputs import NetworkInputs
from conveyor.models.masks import mask_of, zero_padding
from conveyor.models.pooling import LOWEST, maximum

Tensor = Any
States = list[list[Tensor]]  # of each recurrent layer, each (batch, units)


@dataclass(frozen=True)
class Chunk:
    """The same steps of all rows of a batch.

    Attributes:
        index: from 0.
        values: (batch, steps, ...).
        steps: of each row from the chunk's first one on, int32 (batch,); 0 or less where the row
            has ended before, and more than the chunk has where it goes on.
        lengths: of the whole rows, int32 (batch,).
    """

    index: int
    values: NDArray[Any]
    steps: NDArray[np.int32]
    lengths: NDArray[np.int32]

    def tensors(self) -> list[Tensor]:
        return [tf.constant(self.index), tf.constant(self.values),
                tf.constant(self.steps), tf.constant(self.lengths)]  # fmt: skip


class ChunkedNetwork:
    """A network of `build` of one direction, without front and wide branch, on chunks of its rows.

    Args:
        model: whose weights it uses.
        pooling: of the model: last, mean or max.
        chunk: steps of a chunk.

    Attributes:
        width: of the pooled features.
        random_states: of the layers below, such as of their dropout.
        signature: what a graph takes that reads a chunk: the tensors of `Chunk`, and the states.
    """

    def __init__(self, model: keras.Model, pooling: str, chunk: int) -> None:
        self.pooling, self.chunk = pooling, chunk
        by_name = {layer.name: layer for layer in model.layers}
        self._below = [by_name[name] for name in ("embedding", "word_dropout") if name in by_name]
        recurrent = [layer for layer in model.layers if isinstance(layer, layers.RNN)]
        self._layers: list[Any] = [_with_states(layer) for layer in recurrent]
        self._residual = [f"residual_{depth}" in by_name for depth in range(len(recurrent))]
        self._norms = [by_name.get(f"norm_{depth}") for depth in range(len(recurrent))]
        pooled = _find_pooled(by_name)
        self.width: int = pooled.shape[-1]
        beside = [model.input["static"]] if "static" in model.input else []
        self._pooled_type = pooled.dtype
        self._above = keras.Model([pooled, *beside], model.output)  # the layers above the pooling
        below = [*self._below, *recurrent]
        self.random_states = [v for layer in below for v in layer.variables if not v.trainable]
        values = model.input["values"]
        row = tf.TensorSpec((None,), "int32")
        states = [[tf.TensorSpec((None, units), layer.compute_dtype) for units in layer.state_size]
                  for layer in self._layers]  # fmt: skip
        features = tf.TensorSpec((None, self.width), "float32")
        self.signature = [tf.TensorSpec((), "int32"), tf.TensorSpec(values.shape, values.dtype),
                          row, row, states]  # fmt: skip
        chosen = tf.TensorSpec((None, self.width), "int32")
        signature = [*self.signature, features, chosen]
        self._pool_graphs = {
            training: tf.function(self._pool_step(training=training), signature, autograph=False)
            for training in (False, True)
        }

    def chunks(self, inputs: NetworkInputs) -> Iterator[Chunk]:
        """Cut a batch, and give each chunk the same random numbers, so that a row has one dropout
        mask over all of its steps."""
        values, lengths = inputs["values"], inputs["lengths"]
        seeds = [np.asarray(state) for state in self.random_states]
        for index, first in enumerate(range(0, values.shape[1], self.chunk)):
            for state, seed in zip(self.random_states, seeds, strict=True):
                state.assign(seed)
            part = values[:, first : first + self.chunk]
            yield Chunk(index, part, lengths - np.int32(first), lengths)

    def start_states(self, rows: int) -> States:
        """Return the states before the first step."""
        return [layer.get_initial_state(rows) for layer in self._layers]

    def pool(self, inputs: NetworkInputs, *, training: bool) -> tuple[Tensor, Tensor]:
        """Read a batch, and return its pooled features, float32 (batch, width); and for each the
        index of the chunk that gave it, int32 (batch, width), which has no meaning for a mean."""
        rows = len(inputs["lengths"])
        states = self.start_states(rows)
        features = tf.fill((rows, self.width), 0.0 if self.pooling == "mean" else LOWEST)
        chosen = tf.zeros((rows, self.width), "int32")
        for chunk in self.chunks(inputs):
            graph = self._pool_graphs[training]
            states, features, chosen = graph(*chunk.tensors(), states, features, chosen)
        return features, chosen

    def predict(self, inputs: NetworkInputs) -> NDArray[Any]:
        """Return the outputs of a batch, (batch, head.width)."""
        features, _ = self.pool(inputs, training=False)
        return np.asarray(self.answer(features, inputs, training=False))

    def answer(self, features: Tensor, inputs: Mapping[str, Any], *, training: bool) -> Tensor:
        """Return the outputs of pooled features, (batch, head.width)."""
        pooled = tf.cast(features, self._pooled_type)
        beside = [inputs["static"]] if "static" in inputs else []
        return self._above([pooled, *beside], training=training)

    def read(
        self, values: Tensor, steps: Tensor, lengths: Tensor, states: States, *, training: bool
    ) -> tuple[Tensor, States]:
        """Read one chunk; see `Chunk`.

        Returns:
            What it adds to the pooled features, float32 (batch, width), which has no meaning for
            rows that have ended before; and the states after it.
        """
        # Of this chunk; at least one, since cuDNN takes no empty row.
        own_steps = tf.clip_by_value(steps, 1, tf.shape(values)[1])
        x = values
        for layer in self._below:
            x = layer(x, training=training)
        mask, after = mask_of(x, own_steps), []
        for layer, residual, norm, before in zip(
            self._layers, self._residual, self._norms, states, strict=True
        ):
            y, *new = layer(x, initial_state=before, mask=mask, training=training)
            x = x + y if residual else y
            x = x if norm is None else norm(x)
            goes_on = tf.expand_dims(steps > 0, 1)
            after.append([tf.where(goes_on, n, b) for n, b in zip(new, before, strict=True)])
        match self.pooling:
            case "last":
                value = tf.gather(x, own_steps - 1, batch_dims=1)
            case "mean":
                total = ops.sum(zero_padding(ops.cast(x, "float32"), mask), axis=1)
                value = total / tf.cast(tf.expand_dims(lengths, 1), total.dtype)
            case _:
                value = maximum(x, mask, own_steps)
        return tf.cast(value, "float32"), after

    def choose(self, steps: Tensor, features: Tensor, value: Tensor) -> Tensor:
        """Return where a chunk's value enters the pooled features, bool (batch, width).

        Args:
            features: of the chunks before it.
        """
        goes_on = tf.broadcast_to(tf.expand_dims(steps > 0, 1), tf.shape(value))
        return goes_on & (value > features) if self.pooling == "max" else goes_on

    def _pool_step(self, *, training: bool) -> Any:
        def step(
            index: Tensor, values: Tensor, steps: Tensor, lengths: Tensor, states: States,
            features: Tensor, chosen: Tensor,
        ) -> tuple[States, Tensor, Tensor]:  # fmt: skip
            value, states = self.read(values, steps, lengths, states, training=training)
            enters = self.choose(steps, features, value)
            merged = features + value if self.pooling == "mean" else value
            return states, tf.where(enters, merged, features), tf.where(enters, index, chosen)

        return step


def _with_states(layer: layers.RNN) -> layers.RNN:
    """Return a layer that shares the cell, and so the weights, of another one, and which gives the
    outputs of all steps and its last states."""
    config = layer.get_config() | {"return_sequences": True, "return_state": True}
    sharing = type(layer).from_config(config)
    sharing.cell = layer.cell
    return sharing


def _find_pooled(by_name: Mapping[str, Any]) -> Any:
    """Return the pooled features in the graph of a network: what its next layer reads."""
    dense = (layer for layer in by_name.values() if isinstance(layer, layers.Dense))
    following = by_name.get("features") or by_name.get("head_dropout") or next(dense)
    return keras.tree.flatten(following.input)[0]
