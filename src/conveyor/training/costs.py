"""What a model costs on the prepared data: size, operations, and the time of one answer."""

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from conveyor.config import Config
from conveyor.data.store import Prepared
from conveyor.encoding import load_encoder
from conveyor.models.describe import Description, describe
from conveyor.models.export import export
from conveyor.serving import LoadedModel

REQUESTS = 200


def costs_of(model: Any, config: Config, prepared: Prepared) -> Description:
    """Costs for a sequence of the training rows' median length."""
    length = int(np.median(prepared.split("train").sequences.lengths))
    return describe(
        model,
        config.model,
        features=prepared.meta.features or config.model.embedding,
        length=length,
        batch_size=config.train.batch_size,
    )


def latency_ms(model: Any, config: Config, prepared: Prepared) -> float:
    """Median time of one request in milliseconds, as it is served: one raw row of the median
    length through ONNX Runtime on one thread. A measurement, so not the same twice."""
    meta, validation = prepared.meta, prepared.split("validation")
    size = {"features": meta.features} if meta.features else {"vocabulary": meta.vocabulary}
    card = {"classes": meta.classes, "kind": meta.kind, **size}
    middle = int(np.argsort(validation.sequences.lengths, kind="stable")[len(validation.ids) // 2])
    row = validation.rows[middle : middle + 1]
    with tempfile.TemporaryDirectory() as name:
        export(
            model, config.model, load_encoder(prepared.folder / "encoder.json"), card, Path(name)
        )
        predictor = LoadedModel.load(Path(name))
    times = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        predictor.predict(row)
        times.append(time.perf_counter() - began)
    return 1000 * median(times)
