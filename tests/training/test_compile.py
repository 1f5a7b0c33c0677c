"""The optimizers of a fit."""

from typing import Any

import keras
import numpy as np
import pytest

from conveyor.config import Config
from conveyor.training.compile import OPTIMIZERS, make_optimizer


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_every_optimizer_shrinks_weights_by_the_decay_alone(
    toy_config: Config, name: Any, decay: float
) -> None:
    """Without a gradient, an update takes off the decay's share, times the learning rate."""
    settings = {"optimizer": name, "weight_decay": decay, "clip_norm": None}
    optimizer = make_optimizer(toy_config.train.model_copy(update=settings), 0.5)
    weight = keras.Variable(np.ones(3, np.float32))
    optimizer.build([weight])
    optimizer.apply([np.zeros(3, np.float32)], [weight])
    assert np.asarray(weight) == pytest.approx(np.full(3, 1 - 0.5 * decay))
