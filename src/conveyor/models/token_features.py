"""Features of tokens: the vector of the word, of its case, and what a convolution over its
characters finds (Ma & Hovy 2016, End-to-end sequence labeling)."""

from typing import Any

import keras
from keras import layers, ops

from conveyor.config import Model
from conveyor.encoding.token_values import CASE, CASES, FIRST_CHARACTER, PADDING, WORD

CASE_WIDTH = 8
CHARACTER_WIDTH = 32
CHANNELS, WIDTH = 64, 3  # of the convolution


def add_token_features(
    values: keras.KerasTensor, config: Model, vocabulary: int | None, alphabet: int | None
) -> Any:
    """Return the features of tokens, (batch, time, features).

    Args:
        values: int32 (batch, time, 2 + characters).
        vocabulary: number of words, with padding and unknown.
        alphabet: number of characters, likewise.
    """
    x: Any = layers.Embedding(vocabulary, config.embedding, name="embedding")(values[:, :, WORD])
    if config.word_dropout:
        x = layers.Dropout(config.word_dropout, (None, None, 1), name="word_dropout")(x)
    parts = [x, layers.Embedding(CASES, CASE_WIDTH, name="case")(values[:, :, CASE])]
    if values.shape[-1] > FIRST_CHARACTER:
        parts.append(_add_characters(values[:, :, FIRST_CHARACTER:], alphabet))
    return layers.Concatenate(name="token_features")(parts)


def _add_characters(characters: Any, alphabet: int | None) -> Any:
    """Return the largest value of each channel over the characters of a token, (batch, time,
    CHANNELS); padding changes none.

    Args:
        characters: int32 (batch, time, characters).
    """
    present = ops.expand_dims(ops.not_equal(characters, PADDING), -1)
    x = layers.Embedding(alphabet, CHARACTER_WIDTH, name="characters")(characters)
    x = ops.where(present, x, ops.zeros_like(x))  # (batch, time, characters, CHARACTER_WIDTH)
    x = layers.Conv2D(CHANNELS, (1, WIDTH), padding="same", activation="relu", name="spelling")(x)
    return ops.max(ops.where(present, x, ops.zeros_like(x)), axis=2)
