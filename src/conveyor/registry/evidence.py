"""Collects the gates' evidence: both models on the same test rows, and measurements."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor import files
from conveyor.data.store import Prepared, Split
from conveyor.gates import Evidence, Measurements
from conveyor.metrics import BASELINE, score_all
from conveyor.paths import Paths
from conveyor.registry import cost
from conveyor.registry.model_version import ModelVersion
from conveyor.serving import LoadedModel
from conveyor.serving.latency import latency

SAMPLE = 32  # rows, spread over all lengths, on which probabilities are compared


def collect_evidence(paths: Paths, champion: ModelVersion | None) -> Evidence:
    """Predict the test rows with the project's model and with the champion, and measure.

    Args:
        champion: None before the first champion.
    """
    model, test = LoadedModel.load(paths.model), Prepared(paths.prepared).split("test")
    labels, probabilities = np.asarray(test.labels), model.predict(test.rows).probabilities
    champion_probabilities = None
    if champion is not None:
        champion_model = LoadedModel.load(champion.fetch(paths))
        champion_probabilities = champion_model.predict_as(model.classes, model.kind, test.rows)
    return Evidence(
        labels=labels,
        challenger=probabilities,
        champion=champion_probabilities,
        champion_version=None if champion is None else champion.version,
        scores=score_all(labels, probabilities),
        baseline=files.read_json(paths.metrics).get(BASELINE),
        classes=model.classes,
        lengths=np.asarray(test.sequences.lengths),
        measured=measure(model, test, paths, probabilities),
    )


def measure(
    model: LoadedModel, test: Split, paths: Paths, probabilities: NDArray[np.float32]
) -> Measurements:
    """What the gates need to know of the artifact beside its predictions.

    Args:
        probabilities: of the test rows, (rows, classes).
    """
    sample = _sample(test)
    report = paths.data_report
    return Measurements(
        size=cost.size(paths.model),
        latency=latency(model, sample[len(sample) // 2]),
        padding=cost.padding_difference(model, sample),
        round_trip=cost.round_trip_difference(model, paths.model, sample),
        quantised=cost.quantised(paths.model, test.rows, np.asarray(test.labels), probabilities),
        data=files.read_json(report) if report.is_file() else None,
    )


def _sample(test: Split) -> Sequence[Any]:
    """Up to `SAMPLE` raw rows from the shortest to the longest."""
    by_length = np.argsort(test.sequences.lengths, kind="stable")
    offsets = np.linspace(0, len(by_length) - 1, min(SAMPLE, len(by_length))).round().astype(int)
    return [test.rows[int(row)] for row in by_length[offsets]]
