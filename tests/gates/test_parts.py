"""Gates on parts of the rows and on the artefact: limits, reasons, and what was not measured."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from test_baselines import make_comparison
from test_gates import LIMITS

from conveyor import gates
from conveyor.config import ConfigError, Gates
from conveyor.tasks import Task
from conveyor.tasks.classification.options import ClassSpec
from conveyor.tasks.values import ModelOutputs

TASK = Task(ClassSpec(classes=["a", "b", "c"]))
REPORT = {
    "rows": {"read": 100, "test": 90},
    "dropped": {"missing_target": {"rows": 4, "ids": []}, "not_finite": {"rows": 2, "ids": []}},
    "conflicting_targets": {"rows": 3, "ids": []},
}
DATA = {"max_dropped_share": 0.1, "max_dropped_rise": None, "max_conflicting_share": 0.1}


def limits(**changes: Any) -> Gates:
    sliced = {**LIMITS["slices"], **changes.pop("slices", {})}
    return Gates.model_validate({**LIMITS, "bars": {}, "slices": sliced, **changes})


def answers(labels: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    given = np.where(wrong, (labels + 1) % 3, labels)
    return np.where(np.eye(3)[given] > 0, 0.8, 0.1)


def case(wrong: slice = slice(0, 0), champion: slice | None = None, **more: Any) -> gates.Evidence:
    """90 rows, 30 of each class in turn, of 1 to 9 steps; wrong on a range of them."""
    labels, at = np.repeat([0, 1, 2], 30), np.arange(90)
    ours = answers(labels, np.isin(at, at[wrong]))
    theirs = (
        None
        if champion is None
        else ModelOutputs(TASK.spec, answers(labels, np.isin(at, at[champion])))
    )
    return gates.Evidence(
        TASK, labels, ours, theirs, None, TASK.metrics.score_all(labels, ours), None, 1 + at // 10,
        gates.Measurements(**more),
    )  # fmt: skip


def refused(one: gates.Evidence, config: Gates) -> list[str]:
    return [result.gate for result in gates.decide(one, config).results
            if result.outcome == "refused"]  # fmt: skip


def test_a_good_average_does_not_hide_a_bad_class_or_length() -> None:
    bar = {"accuracy": {"min": 0.7, "max": None}}
    config = limits(slices={"bars": {"class *": bar, "length *": bar}})
    verdict = gates.decide(case(slice(0, 12)), config)
    assert verdict.reasons == ["on class a, accuracy 0.6 is below the bar of 0.7"]
    verdict = gates.decide(case(slice(70, 90)), config)
    assert refused(case(slice(70, 90)), config) == ["slice: class c", "slice: length 5 to 9"]
    assert gates.decide(case(), config).promote


def test_a_bar_for_a_slice_that_there_is_not_refuses_and_lists_those_that_there_are() -> None:
    config = limits(slices={"bars": {"class z": {"accuracy": {"min": 0.1, "max": None}}}})
    (reason,) = gates.decide(case(), config).reasons
    assert "is called 'class z'; there are class a, class b, class c, length 1 to 4" in reason


@pytest.mark.parametrize(
    ("ours", "tolerance", "lost"),
    [(slice(0, 6), 0.1, True), (slice(0, 6), 0.25, False), (slice(0, 6), None, False),
     (slice(0, 0), 0.0, False)],
)  # fmt: skip
def test_no_slice_may_lose_more_than_the_tolerance_against_the_champion(
    ours: slice, tolerance: float | None, lost: bool
) -> None:
    config = limits(slices={"tolerance": tolerance})
    assert refused(case(ours, slice(0, 0)), config) == ["slices beside the champion's"] * lost


def test_a_small_slice_is_not_judged() -> None:
    config = limits(slices={"tolerance": 0.1, "min_rows": 31, "lengths": 1})
    assert gates.decide(case(slice(0, 9), slice(0, 0)), config).promote


@pytest.mark.parametrize(
    ("limit", "most", "measure", "good", "bad"),
    [
        ("max_bytes", 1000, "size", 1000, 1001),
        ("max_latency_ms", 5.0, "latency", 4.9, 5.1),
        ("padding_tolerance", 1e-5, "padding", 1e-7, 1e-3),
        ("round_trip_tolerance", 0.0, "round_trip", 0.0, 1e-9),
    ],
)
def test_what_was_measured_is_held_against_its_limit(
    limit: str, most: float, measure: str, good: float, bad: float
) -> None:
    config = limits(**{limit: most})
    assert gates.decide(case(**{measure: good}), config).promote
    assert not gates.decide(case(**{measure: bad}), config).promote
    (reason,) = gates.decide(case(), config).reasons
    assert reason.endswith("not measured")
    assert gates.decide(case(), limits()).promote


def quantisation(max_drop: float | None, padding: float | None = None) -> dict[str, Any]:
    return {"max_drop": max_drop, "padding_tolerance": padding}


INT8 = {"accuracy": 0.92, "float_accuracy": 0.94, "largest_difference": 0.1}


@pytest.mark.parametrize(
    ("limit", "found", "gate"),
    [(0.021, INT8, []), (0.019, INT8, ["quantisation"]), (None, INT8, []), (0.0, None, []),
     (0.0, {**INT8, "accuracy": 0.95}, [])],
)  # fmt: skip
def test_int8_may_cost_so_much_accuracy_and_no_more(
    limit: float | None, found: Any, gate: list[str]
) -> None:
    assert refused(case(quantised=found), limits(quantisation=quantisation(limit))) == gate


def test_an_int8_graph_has_its_own_limit_of_what_padding_changes() -> None:
    config = limits(padding_tolerance=0.001, quantisation=quantisation(None, 0.05))
    assert refused(case(padding=0.02), config) == ["padding"]
    assert refused(case(padding=0.02, quantised=INT8), config) == []
    assert refused(case(padding=0.06, quantised=INT8), config) == ["padding"]


def test_the_drop_is_told_with_both_accuracies() -> None:
    (reason,) = gates.decide(case(quantised=INT8), limits(quantisation=quantisation(0.01))).reasons
    assert "0.92 in int8, 0.94 in float: a drop of 0.02, above the limit of 0.01" in reason


def test_confidence_that_means_nothing_refuses() -> None:
    def bar(limit: float) -> dict[str, dict[str, float | None]]:
        return {"ece": {"min": None, "max": limit}}

    assert refused(case(), limits(bars=bar(0.1))) == ["bar: ece"]  # 0.8 sure, always right
    assert refused(case(), limits(bars=bar(0.3))) == []


@pytest.mark.parametrize(
    ("report", "changes", "gate"),
    [
        (REPORT, {}, None),
        (None, {}, "data"),
        ({**REPORT, "rows": {"read": 100, "test": 80}}, {}, "data"),
        (REPORT, {"max_dropped_share": 0.05}, "data: dropped"),
        (REPORT, {"max_conflicting_share": 0.02}, "data: conflicting"),
    ],
)
def test_the_report_on_the_data_must_be_there_of_these_rows_and_within_limits(
    report: Any, changes: dict[str, float], gate: str | None
) -> None:
    config = limits(data=DATA | changes)
    assert refused(case(data=report), config) == ([gate] if gate else [])


@pytest.mark.parametrize(
    ("champion_share", "limit", "refusal"),
    [(0.03, 0.02, True), (0.05, 0.02, False), (0.5, 0.02, False), (None, 0.02, False),
     (0.0, None, False)],
)  # fmt: skip
def test_a_jump_of_the_dropped_share_refuses_though_the_share_is_within_its_limit(
    champion_share: float | None, limit: float | None, refusal: bool
) -> None:
    evidence = replace(case(data=REPORT, champion_dropped=champion_share), champion_version="3")
    verdict = gates.decide(evidence, limits(data=DATA | {"max_dropped_rise": limit}))
    results = {result.gate: result for result in verdict.results}
    result = results.get("data: dropped, beside the champion's")
    assert (result is None) is (limit is None)
    assert results["data: dropped"].passed
    if result is not None:
        assert result.passed is not refusal
    if refusal and result is not None:
        assert result.reason == (
            "share of rows dropped (4 missing target, 2 not finite): 0.06, after 0.03 in the data "
            "of version 3, the champion; a rise above the limit of 0.02"
        )


def test_metrics_of_slices_that_there_are_not_are_refused() -> None:
    bars = {"class a": {"recal": {"min": 0.1, "max": None}}}
    with pytest.raises(
        ConfigError, match=r"gates\.slices\.bars\.class a\.recal: expected one of accuracy"
    ):
        gates.check_gates(limits(slices={"bars": bars}), "classification")


def test_every_gate_of_the_table_answers_with_numbers_that_json_can_say() -> None:
    config = limits(
        bars={"accuracy": {"min": 0.1, "max": None}}, max_bytes=9, max_latency_ms=1.0,
        padding_tolerance=1.0, round_trip_tolerance=1.0,
        quantisation=quantisation(0.1, 1.0),
        data=DATA | {"max_dropped_share": 1.0},
        slices={"tolerance": 0.1, "bars": {"class a": {"accuracy": {"min": 0.1, "max": None}}}},
    )  # fmt: skip
    one = case(
        champion=slice(0, 9),
        size=1,
        latency=0.1,
        padding=0.0,
        round_trip=0.0,
        quantised=INT8,
        data=REPORT,
    )
    one = replace(one, baselines=make_comparison(70, 40, 10), champion_version="1")
    for gate in gates.GATES:
        results = gate(one, config)
        assert results, gate
        assert all(result.passed and result.reason and result.numbers for result in results), gate
