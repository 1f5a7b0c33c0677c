"""Collects the gates' evidence: both models on the same test rows, and measurements."""

import numpy as np

from conveyor import files
from conveyor.data.store import Prepared
from conveyor.encoding.ragged import spread_over_lengths
from conveyor.gates import Evidence, Measurements
from conveyor.gates.artifact import DROPPED
from conveyor.metrics.baselines import BaselineComparison
from conveyor.paths import Paths
from conveyor.progress import show_clock
from conveyor.registry.champion import load_champion
from conveyor.registry.model_version import ModelVersion
from conveyor.serving import LoadedModel, measurements
from conveyor.serving.latency import measure_latency

SAMPLE = 32  # rows, spread over all lengths, on which outputs are compared


@show_clock("measuring the model")
def collect_evidence(paths: Paths, champion: ModelVersion | None) -> Evidence:
    """Predict the test rows with the project's model and with the champion, and measure.

    Args:
        champion: None before the first champion.
    """
    champion_model = None if champion is None else load_champion(champion, paths)
    test = Prepared(paths.prepared).split("test")
    model = LoadedModel.load(paths.model)
    targets, lengths = np.asarray(test.targets), test.sequences.lengths
    sample = [test.rows[int(row)] for row in spread_over_lengths(lengths, SAMPLE)]
    outputs = model.predict(test.rows).outputs  # (rows, width)
    champion_predictions = None
    if champion_model is not None:
        champion_predictions = champion_model.predict_as(model, test.rows)
    report = paths.data_report
    measured = Measurements(
        size=measurements.size(paths.model),
        latency=measure_latency(model, sample[len(sample) // 2]),
        padding=measurements.padding_difference(model, sample),
        round_trip=measurements.round_trip_difference(model, paths.model, sample),
        quantised=measurements.compare_with_float(paths.model, test.rows, targets, outputs),
        data=files.read_json(report) if report.is_file() else None,
        champion_dropped=None if champion is None else champion.gate_value(DROPPED),
    )
    return Evidence(
        task=model.task,
        targets=targets,
        challenger=outputs,
        champion=champion_predictions,
        champion_version=None if champion is None else champion.version,
        scores=model.task.metrics.score_all(targets, outputs),
        baselines=_read_baselines(paths),
        lengths=lengths,
        measured=measured,
    )


def _read_baselines(paths: Paths) -> BaselineComparison | None:
    """Return what `evaluate` says of simple baselines; None where it did not compare them, as in a
    report of an earlier version."""
    report = paths.evaluation / "report.json"
    values = files.read_json(report).get("baseline_comparison") if report.is_file() else None
    return None if values is None else BaselineComparison.from_json(values)
