"""Targets that are numbers, and outputs of models that predict them."""

import numpy as np
import pyarrow as pa

from conveyor.tasks.regression.options import (
    RegressionHead,
    RegressionSpec,
    RegressionTarget,
)
from conveyor.tasks.regression.target import Target

LEVELS = [0.1, 0.5, 0.9]


ONE = RegressionSpec(columns=["rating"], mean=[2.0], std=[4.0])


TWO = RegressionSpec(columns=["price", "age"], mean=[5000.0, 3.0], std=[2000.0, 0.5])


BAND = ONE.model_copy(update={"quantiles": LEVELS})


def options(loss: str = "mse", quantiles: list[float] = LEVELS) -> RegressionHead:
    values = {"task": "regression", "loss": loss, "huber_delta": 1.0, "quantiles": quantiles}
    return RegressionHead.model_validate({**values, "calibrate": True})


def target(*columns: str) -> Target:
    return Target(RegressionTarget(task="regression", columns=list(columns)), {})


def keys(*rows: list[float]) -> pa.Array:
    return pa.array(rows, Target.key_type)


def draw(rows: int, spec: RegressionSpec, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Targets and noisy outputs of a model."""
    generator, columns = np.random.default_rng(seed), len(spec.columns)
    targets = spec.mean + generator.normal(size=(rows, columns)) * spec.std
    noise = generator.normal(size=(rows, columns, len(spec.quantiles or [0]))) * 0.3
    steps = np.sort(noise, axis=2) * np.array(spec.std)[:, None]
    return targets, (targets[:, :, None] + steps).reshape(rows, -1)
