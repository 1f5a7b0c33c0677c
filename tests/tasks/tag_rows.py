"""Targets of a tag for each step, and outputs of models that predict them."""

from typing import Any

import numpy as np

from conveyor.metrics.steps import as_rows
from conveyor.tasks.tagging.options import TagSpec, TagTarget
from conveyor.tasks.tagging.target import Target

IOB_TAGS = ["B-city", "B-day", "I-city", "I-day", "O"]


def make_spec(tags: list[str] = IOB_TAGS, **values: Any) -> TagSpec:
    settings = {"scheme": "iob2", "outside": "O", "of_text": True, "decoding": "constrained"}
    return TagSpec(tags=tags, **{**settings, **values})


def make_target(kind: str = "text", **options: Any) -> Target:
    settings = {"task": "tagging", "column": "tags", **options}
    return Target(TagTarget.model_validate(settings), {}, kind)


def make_rows(rows: int = 60, tags: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Tags of rows of 1 to 9 steps, in any order, and probabilities that follow most of them."""
    draw = np.random.default_rng(seed)
    targets = [draw.integers(0, tags, draw.integers(1, 10)) for _ in range(rows)]
    outputs = []
    for row in targets:
        scores = 1.5 * np.eye(tags)[row] + draw.normal(size=(len(row), tags))
        outputs.append(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True))
    return as_rows(targets), as_rows(outputs)
