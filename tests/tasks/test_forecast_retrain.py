"""Series that went on are new origins of forecasts; none of the champion's origins is gone."""

from pathlib import Path

from forecast_files import hours, last_value_model, prepare_steps

from conveyor.config import Config
from conveyor.retraining.profile import compute_profile
from conveyor.retraining.review import review_data


def test_the_origins_that_arrived_are_counted_wherever_the_cuts_are(
    tmp_path: Path, toy_config: Config
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    after.mkdir()
    prepared, _ = prepare_steps(before, hours(61), horizon=4)
    assert len(prepared.rows_between()[0].rows) > 0
    model = last_value_model(prepared)
    profile = compute_profile(prepared, model)
    today, _ = prepare_steps(after, hours(91), horizon=4)
    review = review_data(toy_config.retrain, today, "1", 0.0, model, profile)
    assert (review.gone, review.inputs.unit) == (0, "origins")
    # 14 blocks of 4 hours follow the first context of 3 hours, then 7 more. The block across a cut
    # of today was there before.
    assert (review.inputs.before, review.inputs.arrived) == (14, 7)
    assert review.inputs.score is not None
    reasons = " ".join(reason.message for reason in review.decision.reasons)
    assert " rows " not in reasons
