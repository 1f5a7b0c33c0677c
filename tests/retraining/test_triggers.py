"""Every trigger, on and off, with what it says."""

from typing import Any

import pytest

from conveyor.config.retrain import When
from conveyor.retraining.triggers import TriggerInputs, check_triggers
from conveyor.tasks.values import Better, Score

OFF = When(always=False, rows=None, share=None, age_days=None, drift=False, score=None)


def score(value: float, rows: int, better: Better = "higher") -> Score:
    return Score(rows, "accuracy", value, (0.0, 1.0), {}, better)


CALM = TriggerInputs(
    champion="3", arrived=9, before=100, age_days=2.0, tested=3, score=score(0.9, 9)
)


def when(**on: Any) -> When:
    return When.model_validate({**OFF.model_dump(), **on})


@pytest.mark.parametrize(
    ("on", "changes", "message"),
    [
        ({"rows": 10}, {"arrived": 10}, "10 rows are new or relabelled (trains from 10)"),
        ({"share": 0.1}, {"arrived": 10}, "new or relabelled rows are 10.0% of the champion's"),
        ({"age_days": 7}, {"age_days": 7.5}, "the champion is 7.5 days old (trains from 7)"),
        ({"drift": True}, {"drifting": ("label", "length")}, "2 features drift: label, length"),
        ({"score": {"worse_than": 0.8, "rows": 20}}, {"score": score(0.7, 20)},
         "the champion's accuracy on 20 new rows is 0.7000 (trains if worse than 0.8)"),
        ({"score": {"worse_than": 0.8, "rows": 20}}, {"score": score(0.9, 20, "lower")},
         "the champion's accuracy on 20 new rows is 0.9000 (trains if worse than 0.8)"),
    ],
)  # fmt: skip
def test_a_trigger_fires_at_its_limit_and_not_before(
    on: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    calm = check_triggers(CALM, when(**on))
    assert not calm.train
    assert len(calm.reasons) == 1
    fired = check_triggers(TriggerInputs(**{**CALM.__dict__, **changes}), when(**on))
    assert fired.train
    assert fired.summary.startswith(message)
    assert not check_triggers(TriggerInputs(**{**CALM.__dict__, **changes}), OFF).train


def test_no_champion_unknown_rows_and_always_train() -> None:
    assert check_triggers(TriggerInputs(), OFF).summary == "there is no champion"
    lost = TriggerInputs(champion="3", unknown="its rows are not known here")
    assert check_triggers(lost, OFF).summary == "its rows are not known here"
    assert check_triggers(CALM, when(always=True)).train


def test_drift_that_was_not_tested_is_not_called_absent() -> None:
    few = TriggerInputs(champion="3", arrived=4)
    assert check_triggers(few, when(drift=True)).summary.startswith(
        "drift was not tested: 4 new rows"
    )
    assert check_triggers(CALM, when(drift=True)).summary == "none of 3 features drifts"


def test_few_scored_rows_are_no_verdict_and_no_trigger_says_so() -> None:
    decision = check_triggers(CALM, when(score={"worse_than": 1.0, "rows": 20}))
    assert decision.summary == "9 new rows were scored; a score needs 20"
    assert check_triggers(CALM, OFF).summary == "no trigger is on; see retrain.when"


def test_all_that_is_on_answers_and_what_fired_comes_first() -> None:
    limits = when(always=True, rows=5, share=0.5, age_days=7, drift=True,
                  score={"worse_than": 0.5, "rows": 5})  # fmt: skip
    decision = check_triggers(CALM, limits)
    names = [r.trigger for r in decision.reasons]
    assert names == ["always", "rows", "share", "age", "drift", "score"]
    assert [r.trigger for r in decision.reasons if r.fired] == ["always", "rows"]
