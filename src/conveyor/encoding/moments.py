"""Mean, deviation and range of channels, over series that are read one after the other."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ROUNDING = 1e-12  # a range below this share of the values is what rounding makes of one value


class ChannelMoments:
    """Moments of each channel, (channels,); missing values (NaN) count nowhere.

    They are merged series by series (Chan et al. 1979), since a plain sum of squares loses all
    digits of a large, steady channel.

    Attributes:
        count: of values. All arrays are of shape (0,) until a series with a step is added.
        squares: sum of squared deviations from the mean.
    """

    def __init__(self) -> None:
        self.count = np.empty(0, np.int64)
        self.mean = self.squares = self.low = self.high = np.empty(0)

    def add(self, steps: Floats) -> None:
        """Add a series (steps, channels)."""
        if not len(steps):
            return
        present = ~np.isnan(steps)
        count = present.sum(axis=0)
        mean = np.where(present, steps, 0.0).sum(axis=0) / np.maximum(count, 1)
        squares = (np.where(present, steps - mean, 0.0) ** 2).sum(axis=0)
        low, high = np.fmin.reduce(steps, axis=0), np.fmax.reduce(steps, axis=0)
        if not self.count.size:
            self.count, self.mean, self.squares, self.low, self.high = (
                count, mean, squares, low, high
            )  # fmt: skip
            return
        total = np.maximum(self.count + count, 1)
        difference = mean - self.mean
        self.squares = self.squares + squares + difference**2 * self.count * count / total
        self.mean = self.mean + difference * count / total
        self.low, self.high = np.fmin(self.low, low), np.fmax(self.high, high)
        self.count = self.count + count

    def replace_constant(self, scales: Floats) -> Floats:
        """Return scales to divide by, (channels,): 1 for a channel that has only one value.

        A deviation cannot tell: that of 100 times 0.1 is 2.8e-17, since their mean is rounded.
        """
        return np.where(self.varies & (scales > 0), scales, 1.0)

    @property
    def varies(self) -> NDArray[np.bool_]:
        """Whether a channel has different values, (channels,)."""
        return self.high - self.low > ROUNDING * np.maximum(np.abs(self.low), np.abs(self.high))
