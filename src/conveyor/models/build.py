"""Build a stack of recurrent layers from the configuration: the whole architecture."""

import logging
from collections.abc import Callable

import keras
from keras import layers

from conveyor.config import Model
from conveyor.encoding.token_values import FIRST_CHARACTER
from conveyor.models.cells import find_cell
from conveyor.models.devices import gpus
from conveyor.models.front import add_front
from conveyor.models.kernels.library import KernelError, operators
from conveyor.models.masks import mask_of
from conveyor.models.pooling import find_pooling, mean
from conveyor.models.static import add_static
from conveyor.models.token_features import add_token_features
from conveyor.models.wide import count_words, summarise
from conveyor.models.window import close_window, open_window
from conveyor.tasks.facets import Head, reads_windows

log = logging.getLogger(__name__)


def build(
    config: Model,
    head: Head,
    *,
    features: int | None = None,
    vocabulary: int | None = None,
    length: int = 1,
    static_width: int | None = None,
    characters: int | None = None,
    alphabet: int | None = None,
) -> keras.Model:
    """Stack layers of `config.units` under pooling and a task's head; `config.front` adds
    convolutions below them, and `config.wide` a branch beside them.

    Args:
        head: adds the last layer.
        features: values of each step of a series; None for text.
        vocabulary: number of tokens, with the padding token; None for series.
        length: steps of a typical training row: the front's strides follow from it.
        static_width: numbers of the encoded static columns; None where the data set has none.
        characters: of each token, where the tokens of texts are given; else None.
        alphabet: number of different characters, with padding.

    Returns:
        A model of two inputs, {"values": float32 (batch, time, features), int32 (batch, time) or,
        of given tokens, int32 (batch, time, 2 + characters),
        "lengths": int32 (batch,)}, rows padded on the right, each at least one step long; with
        static columns also of "static", float32 (batch, static_width), whose branch joins the
        pooled features; and one output (batch, head.width), of the type that the head gives it.
        With `pooling=none` nothing is pooled, and the output is (batch, time, head.width).
        Padding a row further changes nothing.
        With `kernel=keras` it consists of stock Keras layers and operations, so that its file loads
        without this package. The weights are the same with every kernel.

    Raises:
        KernelError: `kernel=fused`, and the kernel cannot be compiled or loaded here.
    """
    lengths = keras.Input((), dtype="int32", name="lengths")
    if characters is not None:
        width = FIRST_CHARACTER + characters
        values = keras.Input((None, width), dtype="int32", name="values")
        x = add_token_features(values, config, vocabulary, alphabet)
    elif vocabulary is not None:
        values = keras.Input((None,), dtype="int32", name="values")
        x = layers.Embedding(vocabulary, config.embedding, name="embedding")(values)
        if config.word_dropout:
            whole_words = (None, None, 1)
            x = layers.Dropout(config.word_dropout, whole_words, name="word_dropout")(x)
    else:
        steps = None if head.window is None else head.window.steps
        x = values = keras.Input((steps, features), name="values")
    beside = []  # what joins the pooled features, each (batch, width)
    if config.wide and vocabulary is not None:
        beside.append(count_words(values, lengths, vocabulary, config.embedding))
    elif config.wide and head.window is None:
        beside.append(summarise(values, lengths, length))
    inputs = {"values": values, "lengths": lengths}
    if static_width is not None:
        inputs["static"] = keras.Input((static_width,), name="static")
        beside.append(add_static(inputs["static"]))
    frame = None
    if reads_windows(head):
        frame = open_window(values, lengths, head)
        x, lengths = frame.x, frame.lengths
    if config.front == "convolution":
        x, steps, mask = add_front(x, lengths, length)
        beside.append(mean(x, mask, steps))
    else:
        steps, mask = lengths, mask_of(x, lengths)
    for depth in range(len(config.units)):
        x = _recurrent_block(config, depth, x, mask)
    if config.pooling not in ("last", "none"):  # "last": the top layer returns its last state only
        x = find_pooling(config.pooling)(x, mask, steps)  # (batch, width)
    if beside:
        x = layers.Concatenate(name="features")([x, *beside])
    if config.head_dropout:
        x = layers.Dropout(config.head_dropout, name="head_dropout")(x)
    if frame is not None and reads_windows(head):
        x = close_window(x, frame, head, wide=config.wide)
    return keras.Model(inputs, head.build(x), name=f"stacked_{config.cell}")


def returns_last_state(config: Model, depth: int) -> bool:
    """Tell whether layer `depth` returns only its last state: that of the forward direction at the
    last step, that of the backward direction at the first."""
    return depth == len(config.units) - 1 and config.pooling == "last"


def wants_kernel(config: Model) -> bool:
    """Tell whether the compiled kernel is used, if it can be compiled and loaded here."""
    if config.kernel == "keras" or find_cell(config.cell).fused_layer is None:
        return False
    return config.kernel == "fused" or not gpus()


def _recurrent_layer(config: Model) -> Callable[..., layers.Layer]:
    cell = find_cell(config.cell)
    if cell.fused_layer is None or not wants_kernel(config):
        return cell.layer
    try:
        operators(config.cell)
    except KernelError as error:
        if config.kernel == "fused":
            raise
        log.warning("training with Keras's own operations, which is slower: %s", error)
        return cell.layer
    return cell.fused_layer


def _recurrent_block(
    config: Model, depth: int, x: keras.KerasTensor, mask: keras.KerasTensor
) -> keras.KerasTensor:
    cell = find_cell(config.cell)
    settings = {name: getattr(config, name) for name in {*cell.activations, *cell.settings}}
    layer = _recurrent_layer(config)(
        config.units[depth],
        dropout=config.dropout,
        recurrent_dropout=config.recurrent_dropout,
        return_sequences=not returns_last_state(config, depth),
        name=f"{config.cell}_{depth}",
        **settings,
    )
    if config.bidirectional:
        layer = layers.Bidirectional(layer, name=f"bidirectional_{depth}")
    y = layer(x, mask=mask)
    if config.residual and not returns_last_state(config, depth) and x.shape[-1] == y.shape[-1]:
        y = layers.Add(name=f"residual_{depth}")([x, y])
    if config.layer_norm:
        y = layers.LayerNormalization(name=f"norm_{depth}")(y)
    return y
