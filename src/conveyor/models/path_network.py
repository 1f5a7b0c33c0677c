"""A fitted network along the straight path from a row that says nothing to a row.

Words are no numbers, so of a text the outputs of the embeddings move, from zero vectors to those of
the row's tokens; of a series the steps move, and so do static columns. What says which steps there
are (lengths, and the tokens of which masks are made) is that of the row everywhere on the path.
"""

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from conveyor.encoding.network_inputs import NetworkInputs
from conveyor.models.step_gradients import use_step_gradients
from conveyor.models.wide import PAIRS_LAYER
from conveyor.serving.card import TRAIN_ANEW
from conveyor.stored import FormatError

Array = NDArray[np.float64]
Tensors = dict[str, Any]
VALUES, STATIC = "values", "static"  # inputs, see `encoding.network_inputs`
# That are kept of all points that are computed together: about 1 GB. A step of a recurrent layer
# takes about as long for twenty points as for four, so long rows are faster the more is allowed.
MAX_NUMBERS = 125_000_000
KEPT_BY_RECURRENT = 12  # numbers for each one that a recurrent layer returns: states and slopes


class PathNetwork:
    """A network in float64: differences between float32 outputs have too few digits to be compared
    with a sum of gradients.

    Args:
        network: that `models.export` wrote.

    Attributes:
        max_steps: of the points that are computed together, so that memory stays bounded.
    """

    def __init__(self, network: Any) -> None:
        network = _as_float64(network)
        embeddings = {
            layer.name: layer.output
            for layer in network.layers
            if isinstance(layer, layers.Embedding)
        }
        own_inputs = {tensor.name: tensor for tensor in network.inputs}
        self._embed = keras.Model(own_inputs, embeddings) if embeddings else None
        inputs = {**own_inputs, **embeddings}
        self._names = list(inputs)
        # As a list: in a dictionary, Keras wants each tensor to have the name of its key.
        self._after = keras.Model(list(inputs.values()), network.output)
        moving = embeddings or {VALUES: own_inputs[VALUES]}
        moving |= {STATIC: own_inputs[STATIC]} if STATIC in own_inputs else {}
        fixed = {name: tensor for name, tensor in own_inputs.items() if name not in moving}
        # With the shapes of any row, so that it is traced once.
        weights = tf.TensorSpec(network.output.shape[1:], tf.float64)
        self._differentiate = tf.function(
            self._compute_gradients, input_signature=[_specs(fixed), _specs(moving), weights]
        )
        self._fixed_names = list(fixed)
        self.max_steps = MAX_NUMBERS // _numbers_of_step(network)

    @classmethod
    def load(cls, folder: Path) -> "PathNetwork":
        """Load the network of a model folder.

        Raises:
            FormatError: its Keras file is missing or damaged.
        """
        path = folder / "model.keras"
        try:
            return cls(keras.models.load_model(path, safe_mode=True))
        except (ValueError, OSError, KeyError) as error:
            got = "another one" if path.is_file() else "none"
            raise FormatError(
                path, f"expected a network of Keras; got {got}", TRAIN_ANEW
            ) from error

    def slopes(
        self, inputs: NetworkInputs, blank: NDArray[Any], weights: Array, positions: Array
    ) -> tuple[Array, Array, Array]:
        """Compute the network at some points of the path to a row.

        Args:
            inputs: of one row, as the served network reads them.
            blank: encoded values of a series that say nothing, (steps, features).
            weights: of the outputs of a row, whose weighted sum is followed.
            positions: of the points, from 0 to 1, (points,).

        Returns:
            The weighted sum at each point, (points,); how fast each part of the sequence changes it
            along the path, (points, steps, features), or (points, steps, 1) of a text; and likewise
            each static input, (points, width), of width 0 where there are none. At the very start
            some of these slopes may be infinite.
        """
        start, end = self._ends(inputs, blank)
        size = max(1, self.max_steps // inputs[VALUES].shape[1])
        batches = [positions[first : first + size] for first in range(0, len(positions), size)]
        results = [self._slopes_of_batch(inputs, start, end, weights, batch) for batch in batches]
        values, sequences, statics = (np.concatenate(parts) for parts in zip(*results, strict=True))
        return values, sequences, statics

    def _ends(self, inputs: NetworkInputs, blank: NDArray[Any]) -> tuple[Tensors, Tensors]:
        """Return what moves, at both ends of the path, by name, first axis (1,)."""
        if self._embed is None:
            end = {VALUES: inputs[VALUES].astype(np.float64)}
            start = {VALUES: blank[None].astype(np.float64)}
        else:
            vectors = self._embed(inputs)
            end = {name: value.numpy() for name, value in vectors.items()}
            start = {name: np.zeros_like(value) for name, value in end.items()}
        if STATIC in inputs:  # 0: the mean of the training rows, and no category
            end[STATIC] = inputs[STATIC].astype(np.float64)
            start[STATIC] = np.zeros_like(end[STATIC])
        return start, end

    def _slopes_of_batch(
        self, inputs: NetworkInputs, start: Tensors, end: Tensors, weights: Array, positions: Array
    ) -> tuple[Array, Array, Array]:
        count, steps = len(positions), inputs[VALUES].shape[1]
        movements = {name: end[name] - start[name] for name in end}
        points = {
            name: tf.constant(start[name] + _outer(positions, movement))
            for name, movement in movements.items()
        }
        fixed = {name: tf.repeat(inputs[name], count, axis=0) for name in self._fixed_names}
        with tf.device("CPU"):  # cuDNN knows no float64
            values, gradients = self._differentiate(fixed, points, weights)
        slopes = {name: gradients[name].numpy() * move for name, move in movements.items()}
        static = slopes.pop(STATIC, np.zeros((count, 0)))
        if self._embed is None:
            return values.numpy(), slopes[VALUES], static
        sequence = sum(_by_token(name, each, steps) for name, each in slopes.items())
        return values.numpy(), np.asarray(sequence)[:, :, None], static

    def _compute_gradients(self, fixed: Tensors, points: Tensors, weights: Any) -> Any:
        """Return the weighted sum of the outputs of each point, and its gradient by what moves."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(points)
            inputs = {**fixed, **points}
            outputs = self._after([inputs[name] for name in self._names], training=False)
            axes = list(range(1, len(outputs.shape)))
            sums = tf.reduce_sum(tf.cast(outputs, tf.float64) * weights, axis=axes)
        zero = tf.UnconnectedGradients.ZERO
        return sums, tape.gradient(sums, points, unconnected_gradients=zero)


class RootOfVariance(keras.Operation):
    """The square root, whose slope at 0 is 0: a channel that is constant in a row has no deviation,
    and Keras's operation would give NaN for its slope."""

    def call(self, x: Any) -> Any:
        root = tf.sqrt(tf.where(x > 0, x, tf.ones_like(x)))
        return tf.where(x > 0, root, tf.zeros_like(x))

    def compute_output_spec(self, x: Any) -> Any:
        return keras.KerasTensor(x.shape, dtype=x.dtype)


def _by_token(name: str, slopes: Array, steps: int) -> Array:
    """Sum the slopes of an embedding, (points, steps, ...), by token, (points, steps): those of its
    characters are its own, and those of a pair of words are halved between them."""
    sums = slopes.sum(axis=tuple(range(2, slopes.ndim)))
    if name != PAIRS_LAYER:
        return sums
    by_token = np.zeros((len(sums), steps))
    by_token[:, :-1] += sums / 2
    by_token[:, 1:] += sums / 2
    return by_token


def _outer(positions: Array, movement: Array) -> Array:
    """Multiply a movement (1, ...) by each position: (positions, ...)."""
    return positions.reshape(-1, *[1] * (movement.ndim - 1)) * movement


def _specs(tensors: Tensors) -> dict[str, tf.TensorSpec]:
    """Return what a function takes for these inputs, of any number of rows and steps."""
    return {
        name: tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype)
        for name, tensor in tensors.items()
    }


def _numbers_of_step(network: Any) -> int:
    """Return about how many numbers a gradient keeps of each step of a row."""
    outputs = [
        (isinstance(operation, layers.RNN | layers.Bidirectional), tensor.shape)
        for operation in network.operations
        for tensor in keras.tree.flatten(operation.output)
    ]
    return sum(
        # A recurrent layer may return its last state only, and keeps those of all steps.
        KEPT_BY_RECURRENT * shape[-1] if is_recurrent else math.prod(shape[2:])
        for is_recurrent, shape in outputs
    )


def _as_float64(network: Any) -> Any:
    """Return a copy that computes in float64, with a square root that has a slope at 0, and with
    gradients of recurrent layers that suit long rows."""
    config = _replace_dtype(network.get_config())
    copy = keras.Model.from_config(config, custom_objects={"Sqrt": RootOfVariance})
    copy.set_weights(network.get_weights())
    for layer in copy.layers:
        use_step_gradients(layer)
    return copy


def _replace_dtype(value: Any) -> Any:
    """Return a configuration of Keras with float64 wherever it says float32."""
    if isinstance(value, dict):
        return {key: _replace_dtype(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_replace_dtype(item) for item in value)
    return "float64" if value == "float32" else value
