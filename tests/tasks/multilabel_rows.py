"""Targets of several labels a row, and outputs of models that predict them."""

from typing import Any

import numpy as np

from conveyor.tasks.multilabel.options import (
    LabelSpec,
    LabelTarget,
)
from conveyor.tasks.multilabel.target import Target

NAMES = ["news", "sport", "weather"]


SPEC = LabelSpec(labels=NAMES)


def make_target(**options: Any) -> Target:
    settings = {"task": "multilabel", "column": "topics", **options}
    return Target(LabelTarget.model_validate(settings), {})


def make_rows(rows: int = 200, labels: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """True labels, of different frequency, and probabilities that follow them, with ties."""
    draw = np.random.default_rng(seed)
    targets = draw.random((rows, labels)) < np.linspace(0.1, 0.5, labels)
    outputs = 1 / (1 + np.exp(-(2.0 * targets - 2.0 + draw.normal(size=targets.shape))))
    return targets, outputs.round(2).clip(0.01, 0.99)
