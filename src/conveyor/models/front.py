"""The convolutional front: local patterns of a sequence, before the recurrent layers read them.

Three convolutions with batch normalisation, as in the fully convolutional network of Wang et al.
2017 (Time series classification from scratch), with half its channels. The second and third skip
steps of long sequences, so that the recurrent layers above read some dozens of steps.
"""

from dataclasses import dataclass

import keras
from keras import layers, ops

from conveyor.models.masks import mask_of, zero_padding

NORM_SUFFIX = "_norm"  # after the name of a convolution: that of its normalisation
MOMENTUM = 0.9  # of the moving averages: a fit may have few updates


@dataclass(frozen=True)
class Convolution:
    """One convolution: its name in the network, output channels, width and stride in steps."""

    name: str
    channels: int
    width: int
    stride: int


# Training rows of more steps than the number have these strides.
STRIDES = ((1000, (2, 4, 2)), (400, (2, 2, 2)), (120, (1, 2, 2)), (50, (1, 2, 1)), (0, (1, 1, 1)))


def convolutions(length: int) -> list[Convolution]:
    """Return the convolutions from bottom to top.

    Args:
        length: steps of a typical training row, from which the strides follow.
    """
    strides = next(strides for longer_than, strides in STRIDES if length > longer_than)
    sizes = zip((64, 128, 128), (7, 5, 3), strides, strict=True)
    return [Convolution(f"convolution_{i}", *size) for i, size in enumerate(sizes)]


def add_front(
    x: keras.KerasTensor, lengths: keras.KerasTensor, length: int
) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor]:
    """Add the convolutions to a network.

    Padding a row further changes nothing: padded steps are zero before each convolution, and
    statistics of a batch leave them out.

    Args:
        x: (batch, time, width).
        lengths: steps of each row, int32 (batch,).

    Returns:
        Features (batch, shorter time, channels); the steps that each row has now, (batch,); and
        their mask, (batch, shorter time).
    """
    mask = mask_of(x, lengths)
    x = zero_padding(x, mask)
    for convolution in convolutions(length):
        name = convolution.name
        # Explicit zeros on both sides: Keras's own "same" depends on the padded length.
        x = layers.ZeroPadding1D(convolution.width // 2, name=f"{name}_border")(x)
        x = layers.Conv1D(
            convolution.channels,
            convolution.width,
            strides=convolution.stride,
            use_bias=False,
            name=name,
        )(x)
        lengths = ops.floor_divide(lengths + convolution.stride - 1, convolution.stride)
        mask = mask_of(x, lengths)
        x = layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}{NORM_SUFFIX}")(x, mask=mask)
        x = zero_padding(ops.relu(x), mask)
    return x, lengths, mask
