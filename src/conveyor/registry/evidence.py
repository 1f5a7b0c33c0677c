"""The case for the gates: both models on the same test rows, and what was measured."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from conveyor import files
from conveyor.data.store import Prepared, Split
from conveyor.gates import Evidence, Measurements
from conveyor.metrics import BASELINE, score_all
from conveyor.paths import Paths
from conveyor.registry import cost
from conveyor.serving import LoadedModel
from conveyor.serving.latency import latency

SAMPLE = 32  # rows, spread over all lengths, on which answers are compared


def collect_evidence(paths: Paths, champion: Path | None, champion_name: str | None) -> Evidence:
    """Answer the test rows with the model folder and with the champion's, and measure.

    Args:
        champion: its exported folder; None without one.
    """
    ours, test = LoadedModel.load(paths.model), Prepared(paths.prepared).split("test")
    labels, answers = np.asarray(test.labels), ours.predict(test.rows).probabilities
    theirs = None
    if champion is not None:
        theirs = LoadedModel.load(champion).predict_as(ours.classes, ours.kind, test.rows)
    return Evidence(
        labels=labels,
        challenger=answers,
        champion=theirs,
        champion_name=champion_name,
        scores=score_all(labels, answers),
        baseline=files.read_json(paths.metrics).get(BASELINE),
        classes=ours.classes,
        lengths=np.asarray(test.sequences.lengths),
        measured=measured(ours, test, paths, answers),
    )


def measured(
    model: LoadedModel, test: Split, paths: Paths, answers: NDArray[np.float32]
) -> Measurements:
    """Everything the gates want to know of the artefact beside its answers."""
    by_length = np.argsort(test.sequences.lengths, kind="stable")
    spread = np.linspace(0, len(by_length) - 1, min(SAMPLE, len(by_length))).round().astype(int)
    some = [test.rows[int(i)] for i in by_length[spread]]
    report = paths.data_report
    return Measurements(
        size=cost.size(paths.model),
        latency=latency(model, some[len(some) // 2]),
        padding=cost.padding_difference(model, some),
        round_trip=cost.round_trip_difference(model, paths.model, some),
        quantised=cost.quantised(paths.model, test.rows, np.asarray(test.labels), answers),
        data=files.read_json(report) if report.is_file() else None,
    )
