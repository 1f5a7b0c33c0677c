"""Measure a model on the prepared data: its costs, and the time of one prediction."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from conveyor.config import FitConfig
from conveyor.config.budget import plan_budget
from conveyor.data.store import Prepared, typical_length
from conveyor.models.costs import Costs, compute_costs
from conveyor.models.export import export
from conveyor.serving import LoadedModel
from conveyor.serving.card import CARD_FORMAT
from conveyor.serving.latency import measure_latency


def measure_costs(model: Any, config: FitConfig, prepared: Prepared) -> Costs:
    """Compute the costs for a sequence of the training rows' median length."""
    length = typical_length(prepared)
    batch_size = plan_budget(config.train, prepared.meta.counts["train"]).batch_size
    return compute_costs(
        model, config.model, length=length, batch_size=batch_size, chunk=config.train.chunk
    )


def measure_latency_ms(model: Any, config: FitConfig, prepared: Prepared) -> float:
    """Measure the median time of one request in milliseconds, as the model is served.

    One raw validation row of median length passes through ONNX Runtime on one thread. A
    measurement differs from call to call.
    """
    validation = prepared.split("validation")
    lengths = validation.sequences.lengths
    middle = int(np.argsort(lengths, kind="stable")[len(lengths) // 2])
    encoder = prepared.encoder
    with tempfile.TemporaryDirectory() as folder:
        head = prepared.task.head(config.head)
        export(model, config.model, head, encoder, describe_data(prepared), Path(folder))
        served = LoadedModel.load(Path(folder))
    return measure_latency(served, validation.rows[middle])


OPTIONAL = ("characters", "alphabet", "static_width")  # sizes that not every data set has


def describe_data(prepared: Prepared) -> dict[str, Any]:
    """Return the part of a model's card that the prepared data decides."""
    meta, options = prepared.meta, prepared.meta.target_options
    size = {"features": meta.features} if meta.features else {"vocabulary": meta.vocabulary}
    return {
        "format": CARD_FORMAT,
        "kind": meta.kind,
        "target": meta.target.model_dump(mode="json"),
        "columns": None if meta.columns is None else meta.columns.describe(),
        "dialect": None if meta.dialect is None else meta.dialect.model_dump(mode="json"),
        "target_options": options and options.model_dump(mode="json"),
        **size,
        **{name: value for name in OPTIONAL if (value := getattr(meta, name)) is not None},
        "length": typical_length(prepared),
    }
