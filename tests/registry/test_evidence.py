"""What the gates are told of an artefact is measured on the artefact."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_registry import YES, register

from conveyor import files
from conveyor.data.store import Prepared
from conveyor.models.quantise import quantise
from conveyor.paths import Paths
from conveyor.registry.evidence import collect_evidence
from conveyor.registry.registry import Registry
from conveyor.serving import LoadedModel, measurements
from conveyor.serving.digests import write_digests
from conveyor.serving.predict_process import predict_in_fresh_process


@pytest.fixture
def evaluated(toy_project: Paths) -> Paths:
    files.write_json(toy_project.data_report, {"rows": {"test": 20}})
    return toy_project


def test_a_good_artefact_is_measured_as_good(evaluated: Paths) -> None:
    register(evaluated, YES)
    case = collect_evidence(evaluated, Registry("toys", evaluated).champion())
    assert case.champion_version == "1"
    measured = case.measured
    assert measured.size == sum(p.stat().st_size for p in evaluated.model.iterdir())
    assert measured.latency is not None
    assert 0 < measured.latency < 1000
    assert measured.padding is not None
    assert measured.padding < 1e-5
    assert measured.round_trip is not None
    assert measured.round_trip < 1e-6
    assert measured.data == {"rows": {"test": 20}}
    assert measured.quantised is None
    assert case.champion is not None
    np.testing.assert_array_equal(case.champion.outputs, case.challenger)
    assert case.lengths is not None
    assert len(case.lengths) == len(case.targets)


def test_what_int8_costs_is_counted_on_the_test_rows_against_the_float_graph(
    evaluated: Paths,
) -> None:
    quantise(evaluated.model)
    write_digests(evaluated.model)
    test = Prepared(evaluated.prepared).split("test")
    answers = LoadedModel.load(evaluated.model).predict(test.rows).outputs
    found = collect_evidence(evaluated, None).measured.quantised
    assert found is not None
    assert found["accuracy"] == (answers.argmax(axis=1) == test.targets).mean()
    assert 0 < found["largest_difference"] < 0.1
    labels = 1 - np.asarray(test.targets)  # all that is right becomes wrong
    turned = measurements.compare_with_float(evaluated.model, test.rows, labels, answers[:, ::-1])
    assert turned is not None
    assert turned["accuracy"] == found["accuracy"]
    assert turned["float_accuracy"] == pytest.approx(1 - found["float_accuracy"])


class Leaking(LoadedModel):
    """A model whose answers depend on the rows beside them."""

    def predict(self, rows: Any, **more: Any) -> Any:
        answers = super().predict(rows, **more)
        shift = 0.01 * (len(rows) > 1)
        return replace(answers, outputs=answers.outputs + np.float32(shift))


def test_an_answer_that_depends_on_its_batch_is_seen(evaluated: Paths) -> None:
    rows = list(Prepared(evaluated.prepared).split("test").rows)
    leaking = Leaking.load(evaluated.model)
    assert measurements.padding_difference(leaking, rows) == pytest.approx(0.01, abs=1e-4)


def test_a_folder_that_answers_otherwise_in_a_fresh_process_is_seen(
    evaluated: Paths, tmp_path: Path
) -> None:
    rows = list(Prepared(evaluated.prepared).split("test").rows)
    here = LoadedModel.load(evaluated.model)
    assert measurements.round_trip_difference(here, evaluated.model, rows) < 1e-6
    other = tmp_path / "other"
    shutil.copytree(evaluated.model, other)
    encoder = files.read_json(other / "encoder.json")
    files.write_json(other / "encoder.json", {**encoder, "shift": [9.0, 9.0]})
    write_digests(other)
    assert measurements.round_trip_difference(here, other, rows) > 1e-3


def test_a_model_that_does_not_open_in_a_fresh_process_says_why(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"card\.json: expected a file; got none"):
        predict_in_fresh_process(tmp_path, [[[1.0, 2.0]]])


@pytest.mark.parametrize(
    ("tag", "value"),
    [('{"passed": true, "numbers": {"value": 0.03, "max": 0.05}}', 0.03),
     ('{"passed": false, "numbers": {}}', None), ('{"numbers": "in verdict.json"}', None),
     (None, None)],
)  # fmt: skip
def test_the_champions_share_of_dropped_rows_is_that_of_its_own_verdict(
    evaluated: Paths, tag: str | None, value: float | None
) -> None:
    register(evaluated, YES)
    champion = Registry("toys", evaluated).champion()
    assert champion is not None
    tags = {**champion.tags, **({} if tag is None else {"gate.data: dropped": tag})}
    evidence = collect_evidence(evaluated, replace(champion, tags=tags))
    assert evidence.measured.champion_dropped == value
