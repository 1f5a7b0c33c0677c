"""Collects the gates' evidence: both models on the same test rows, and measurements."""

import numpy as np

from conveyor import files
from conveyor.data.store import Prepared
from conveyor.encoding.ragged import spread_over_lengths
from conveyor.gates import Evidence, Measurements
from conveyor.metrics import BASELINE, score_all
from conveyor.paths import Paths
from conveyor.registry.model_version import ModelVersion
from conveyor.serving import LoadedModel, measurements
from conveyor.serving.latency import measure_latency

SAMPLE = 32  # rows, spread over all lengths, on which probabilities are compared


def collect_evidence(paths: Paths, champion: ModelVersion | None) -> Evidence:
    """Predict the test rows with the project's model and with the champion, and measure.

    Args:
        champion: None before the first champion.
    """
    champion_folder = None if champion is None else champion.fetch(paths)
    test = Prepared(paths.prepared).split("test")
    model = LoadedModel.load(paths.model)
    labels, lengths = np.asarray(test.labels), test.sequences.lengths  # (rows,)
    sample = [test.rows[int(row)] for row in spread_over_lengths(lengths, SAMPLE)]
    probabilities = model.predict(test.rows).probabilities  # (rows, classes)
    champion_probabilities = None
    if champion_folder is not None:
        champion_model = LoadedModel.load(champion_folder)
        champion_probabilities = champion_model.predict_as(model.classes, model.kind, test.rows)
    report = paths.data_report
    measured = Measurements(
        size=measurements.size(paths.model),
        latency=measure_latency(model, sample[len(sample) // 2]),
        padding=measurements.padding_difference(model, sample),
        round_trip=measurements.round_trip_difference(model, paths.model, sample),
        quantised=measurements.compare_with_float(paths.model, test.rows, labels, probabilities),
        data=files.read_json(report) if report.is_file() else None,
    )
    return Evidence(
        labels=labels,
        challenger=probabilities,
        champion=champion_probabilities,
        champion_version=None if champion is None else champion.version,
        scores=score_all(labels, probabilities),
        baseline=files.read_json(paths.metrics).get(BASELINE),
        classes=model.classes,
        lengths=lengths,
        measured=measured,
    )
