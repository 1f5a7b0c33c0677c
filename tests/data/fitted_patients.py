"""Networks that are fitted to patients, and what they answer."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from patients import (
    Patient,
)

from conveyor.config import Config
from conveyor.data.store import Prepared
from conveyor.raw_row import Row
from conveyor.serving import LoadedModel

# Each layout has another architecture, of the branches that static columns join.
NETWORKS: dict[str, dict[str, Any]] = {
    "text": {"model.wide": True, "model.pooling": "max", "model.embedding": 4},
    "series": {"model.wide": True, "model.front": "convolution", "model.pooling": "mean_max"},
    "wide": {"model.wide": False, "model.pooling": "last"},
    "long": {"model.wide": False, "model.pooling": "mean", "model.cell": "gru"},
}


SMALL = {
    "name": "patients", "model.units": [4], "model.bidirectional": False, "model.dropout": 0.0,
    "model.front": "none", "model.head_dropout": 0.0, "model.word_dropout": 0.0,
    "train.epochs": None, "train.updates": 90, "train.patience": None,
    "train.patience_updates": None, "train.batch_size": 16, "train.learning_rate": 0.03,
    "train.schedule": "constant", "train.refit": False, "train.folds": None,
    "sweep.enabled": False,
}  # fmt: skip


@dataclass(frozen=True)
class Fitted:
    config: Config
    prepared: Prepared
    folder: Path
    served: LoadedModel

    @property
    def accuracy(self) -> float:
        test = self.prepared.split("test")
        outputs = self.served.predict(test.rows).outputs
        return self.served.task.metrics.compute_one("accuracy", test.targets, outputs)


Fit = Callable[..., Fitted]


def expected_records(fitted: Fitted, rows: list[Patient], layout: str) -> list[dict[str, Any]]:
    column = "text" if layout == "text" else "series"
    width = 1 if layout == "wide" else 2
    raw = [
        Row(row[column] if layout == "text" else np.array(row[column])[:, :width],
            {"age": row["age"], "ward": row["ward"]})
        for row in rows
    ]  # fmt: skip
    return fitted.served.predict(raw).records()


def require_equal(answers: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    for answer, record in zip(answers, expected, strict=True):
        assert answer["label"] == record["label"]
        assert answer["probability"] == pytest.approx(record["probability"], abs=1e-6)
