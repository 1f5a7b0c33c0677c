"""The wide branch: what a simple model would see of a row, beside the recurrent layers.

A text is a bag of its words and pairs of words, hashed into one table of vectors (Joulin et al.
2017, Bag of tricks); a series is its summary statistics. Both join the pooled features before the
head, as in wide and deep networks (Cheng et al. 2016).
"""

from typing import Any

import keras
from keras import layers, ops

from conveyor.models.masks import mask_of, zero_padding
from conveyor.models.pooling import maximum, mean

PAIRS = 1 << 14  # rows of the table of word pairs
FACTOR = 7919  # a prime, that spreads pairs over the table
PAIRS_LAYER = "wide_pairs"


def summarise(values: keras.KerasTensor, lengths: keras.KerasTensor, length: int) -> Any:
    """Return mean, deviation, minimum, maximum, first and last step of each channel, and the length
    in typical lengths: (batch, 6 x channels + 1).

    Args:
        values: scaled steps, (batch, time, channels).
        length: steps of a typical training row.
    """
    mask = mask_of(values, lengths)
    average = mean(values, mask, lengths)
    deviations = values - ops.expand_dims(average, 1)
    deviation = ops.sqrt(mean(ops.square(deviations), mask, lengths))
    highest, lowest = maximum(values, mask, lengths), -maximum(-values, mask, lengths)
    last_step = mask != mask_of(values, lengths - 1)  # (batch, time)
    last = ops.sum(zero_padding(values, last_step), axis=1)
    steps = ops.cast(ops.expand_dims(lengths, -1), average.dtype) / length
    parts = [average, deviation, lowest, highest, values[:, 0], last, steps]
    return ops.concatenate(parts, axis=-1)


def count_words(
    tokens: keras.KerasTensor, lengths: keras.KerasTensor, vocabulary: int, width: int
) -> Any:
    """Return the sum of the vectors of all words and pairs of words, over the root of their number:
    (batch, width).

    Args:
        tokens: int32 (batch, time).
    """
    single = layers.Embedding(vocabulary, width, name="wide_words")(tokens)
    before, after = tokens[:, :-1], tokens[:, 1:]
    pairs = ops.mod(ops.mod(before, PAIRS) * FACTOR + after, PAIRS)  # no overflow
    paired = layers.Embedding(PAIRS, width, name=PAIRS_LAYER)(pairs)
    total = ops.sum(zero_padding(single, mask_of(tokens, lengths)), axis=1)
    total += ops.sum(zero_padding(paired, mask_of(pairs, lengths - 1)), axis=1)
    count = ops.cast(ops.expand_dims(2 * lengths - 1, -1), total.dtype)
    return total / ops.sqrt(count)
