"""Every trigger, on and off, with what it says."""

from typing import Any

import pytest

from conveyor.config.retrain import When
from conveyor.retraining.triggers import TRIGGERS, Evidence, decide

OFF = When(always=False, rows=None, share=None, age_days=None, drift=False, accuracy=None)
CALM = Evidence(champion="3", arrived=9, before=100, age_days=2.0, tested=3, accuracy=0.9, scored=9)


def when(**on: Any) -> When:
    return When.model_validate({**OFF.model_dump(), **on})


@pytest.mark.parametrize(
    ("on", "found", "words"),
    [
        ({"rows": 10}, {"arrived": 10}, "10 rows are new or relabelled, and 10 are a reason"),
        ({"share": 0.1}, {"arrived": 10}, "new or relabelled rows are 10.0% of those before"),
        ({"age_days": 7}, {"age_days": 7.5}, "the champion is 7.5 days old, and 7 are a reason"),
        ({"drift": True}, {"drifting": ("label", "length")}, "2 features drift: label, length"),
        ({"accuracy": {"below": 0.8, "rows": 20}}, {"accuracy": 0.7, "scored": 20},
         "the champion's accuracy on 20 new rows is 0.7000, and less than 0.8 is a reason"),
    ],
)  # fmt: skip
def test_a_trigger_fires_at_its_limit_and_not_before(
    on: dict[str, Any], found: dict[str, Any], words: str
) -> None:
    calm = decide(CALM, when(**on))
    assert not calm.train
    assert len(calm.reasons) == 1
    fired = decide(Evidence(**{**CALM.__dict__, **found}), when(**on))
    assert fired.train
    assert fired.words.startswith(words)
    assert not decide(Evidence(**{**CALM.__dict__, **found}), OFF).train


def test_no_champion_unknown_rows_and_always_train() -> None:
    assert decide(Evidence(), OFF).words == "there is no champion yet"
    lost = Evidence(champion="3", unknown="its rows are not known here")
    assert decide(lost, OFF).words == "its rows are not known here"
    assert decide(CALM, when(always=True)).train


def test_drift_that_was_not_tested_is_not_called_absent() -> None:
    few = Evidence(champion="3", arrived=4)
    assert decide(few, when(drift=True)).words.startswith("drift was not tested: 4 new rows")
    assert decide(CALM, when(drift=True)).words == "none of 3 features drifts"


def test_few_scored_rows_are_no_verdict_and_no_trigger_says_so() -> None:
    told = decide(CALM, when(accuracy={"below": 1.0, "rows": 20}))
    assert told.words == "9 new rows were scored, and 20 are needed to judge"
    assert decide(CALM, OFF).words == "no trigger is on; see retrain.when"


def test_all_that_is_on_answers_and_what_fired_is_told_first() -> None:
    every = when(always=True, rows=5, share=0.5, age_days=7, drift=True,
                 accuracy={"below": 0.5, "rows": 5})  # fmt: skip
    told = decide(CALM, every)
    assert len(told.reasons) == len(TRIGGERS) - 1
    assert [r.trigger for r in told.reasons if r.fired] == ["always", "rows"]
