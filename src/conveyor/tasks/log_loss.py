"""The logarithm of a probability, as every log loss takes it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

EPSILON = 1e-7  # lower bound of a probability, since the log loss of 0 is infinite


def negative_logs(probabilities: NDArray[Any]) -> NDArray[np.float64]:
    """Return the negative logarithm of each probability, in nats, of the same shape."""
    return -np.log(np.clip(probabilities, EPSILON, 1.0))
