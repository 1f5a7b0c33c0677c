"""Verdicts: what promotes, what refuses, and the words for it."""

from typing import Any

import numpy as np
import pytest

from conveyor import gates
from conveyor.config import ConfigError, Gates
from conveyor.files import read_json
from conveyor.metrics.baselines import BaselineComparison
from conveyor.registry import verdict_files
from conveyor.registry.model_version import ModelVersion
from conveyor.tasks import Task
from conveyor.tasks.classification.options import ClassSpec
from conveyor.tasks.values import ModelOutputs

LIMITS: dict[str, Any] = {
    "bars": {"accuracy": {"min": 0.6, "max": None}},
    "champion": {"test": "mcnemar", "metric": "accuracy", "margin": 0.0, "confidence": 0.95,
                 "samples": 200},
    "must_beat_baselines": {"waived": "a test of other gates"},
    "slices": {"bars": {}, "metric": "accuracy", "tolerance": None, "min_rows": 10, "lengths": 2},
    "max_bytes": None, "max_latency_ms": None, "padding_tolerance": None,
    "round_trip_tolerance": None, "data": None,
    "own": {}, "quantisation": {"max_drop": None, "padding_tolerance": None},
}  # fmt: skip
TASK = Task(ClassSpec(classes=["a", "b"]))
BOOTSTRAP = {**LIMITS["champion"], "test": "bootstrap"}


def limits(**changes: Any) -> Gates:
    return Gates.model_validate({**LIMITS, **changes})


def case(
    right: int, champion: int | None = None, baselines: BaselineComparison | None = None
) -> gates.Evidence:
    """100 rows of two classes; models that are right on their first so many rows."""
    labels = np.tile([0, 1], 50)

    def answers(count: int) -> np.ndarray:
        given = np.where(np.arange(100) < count, labels, 1 - labels)
        return np.where(np.eye(2)[given] > 0, 0.9, 0.1)

    name = None if champion is None else "3"
    theirs = None if champion is None else ModelOutputs(TASK.spec, answers(champion))
    ours = answers(right)
    return gates.Evidence(
        TASK, labels, ours, theirs, name, TASK.metrics.score_all(labels, ours), baselines
    )


@pytest.mark.parametrize("test", [LIMITS["champion"], BOOTSTRAP])
@pytest.mark.parametrize(
    ("right", "champion", "promoted"),
    [(70, None, True), (50, None, False), (90, 70, True), (71, 70, False), (70, 70, False),
     (70, 90, False)],
)  # fmt: skip
def test_a_challenger_must_meet_the_bar_and_beat_the_champion(
    test: dict[str, Any], right: int, champion: int | None, promoted: bool
) -> None:
    verdict = gates.decide(case(right, champion), limits(champion=test))
    assert verdict.promote is promoted
    assert bool(verdict.reasons) is not promoted


def test_a_verdict_gives_every_reason_not_only_the_first() -> None:
    verdict = gates.decide(case(50, 90), limits(must_beat_baselines=True))
    assert [result.gate for result in verdict.results if not result.passed] == [
        "bar: accuracy", "better than the champion", "baselines"
    ]  # fmt: skip
    assert "accuracy 0.5 is below the bar of 0.6" in verdict.reasons
    assert any("version 3, the champion, wrong on 0 rows;" in r for r in verdict.reasons)
    assert "| **refused** |" in verdict_files.render_markdown(verdict)


def test_an_upper_bar_refuses_what_lies_above() -> None:
    config = limits(bars={"log_loss": {"min": None, "max": 0.1}})
    (reason,) = gates.decide(case(70), config).reasons
    assert reason.endswith("is above the bar of 0.1")


def test_a_metric_that_is_not_defined_refuses() -> None:
    one = case(70)
    bare = gates.Evidence(TASK, one.targets, one.challenger, None, None, {"accuracy": 0.7}, None)
    config = limits(bars={"roc_auc": {"min": 0.5, "max": None}})
    assert gates.decide(bare, config).reasons == ["roc_auc is not defined on these test rows"]


def test_a_margin_asks_for_more_than_better() -> None:
    wide = {**BOOTSTRAP, "margin": 0.3}
    assert gates.decide(case(90, 70), limits(champion=BOOTSTRAP)).promote
    assert not gates.decide(case(90, 70), limits(champion=wide)).promote


def test_a_champion_of_other_classes_is_not_silently_replaced() -> None:
    one = case(90)
    other = gates.Evidence(TASK, one.targets, one.challenger, None, "3", one.scores, None)
    (reason,) = gates.decide(other, limits()).reasons
    assert "version 3, the champion, has another target" in reason


def test_the_same_case_gives_the_same_verdict() -> None:
    one = gates.decide(case(80, 70), limits(champion=BOOTSTRAP))
    assert one == gates.decide(case(80, 70), limits(champion=BOOTSTRAP))


def test_bad_limits_are_refused_all_at_once() -> None:
    config = limits(
        bars={"acuracy": {"min": 0.5, "max": None}},
        champion={**LIMITS["champion"], "metric": "macro_f1", "margin": 0.1},
    )
    with pytest.raises(ConfigError) as told:
        gates.check_gates(config, "classification")
    for part in (
        "gates.bars.acuracy: expected one of accuracy",
        "got 'acuracy'. Change it in params.yaml or in conf/gates.",
        "mcnemar tests accuracy",
        "has no margin",
    ):
        assert part in str(told.value)
    gates.check_gates(limits(), "classification")


def test_the_report_holds_the_verdict_for_people_and_for_jobs(tmp_path: Any) -> None:
    verdict = gates.decide(case(50), limits())
    version = ModelVersion("toys", "4", "run", 0.0, {"git.revision": "<abc>", "reasons": "none"})
    verdict_files.write(tmp_path / "promotion", version, verdict)
    told = read_json(tmp_path / "promotion" / "verdict.json")
    assert (told["version"], told["promote"]) == ("4", False)
    assert told["gates"][0]["numbers"]["value"] == 0.5
    page = (tmp_path / "promotion" / "verdict.md").read_text()
    assert page.startswith("# toys, version 4, 1970-01-01: registered, not promoted")
    html = (tmp_path / "promotion" / "verdict.html").read_text()
    assert "http" not in html  # it needs no network
    for part in ("registered, not promoted", "is below the bar of 0.6", "&lt;abc&gt;", "min 0.6"):
        assert part in html
