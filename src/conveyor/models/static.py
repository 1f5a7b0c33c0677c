"""The branch of the static columns, which joins the pooled features of a sequence.

If the few encoded numbers joined as they are, the head would learn from them far more slowly than
from the hundreds of features of the sequence, which meanwhile fit the noise of few rows. A hidden
layer of as many units learns as fast, and can tell the middle of a range from both of its ends.
"""

import keras
from keras import layers

NAME = "static_columns"  # of the layer
UNITS = 256


def add_static(static: keras.KerasTensor) -> keras.KerasTensor:
    """Return features of the encoded static columns (batch, width): (batch, UNITS)."""
    return layers.Dense(UNITS, activation="relu", name=NAME)(static)
