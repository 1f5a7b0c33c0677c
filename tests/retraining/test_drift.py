"""Drift is found where it is, and seldom where it is not."""

import numpy as np
import pytest

from conveyor.config import Drift
from conveyor.retraining.drift import Rate, Summary, adjust, compare

Draw = np.random.Generator
LIMITS = Drift(correction="holm", level=0.05, effect=0.0, rows=1)


def rows(draw: Draw, count: int, *, weights: tuple[float, ...] = (0.5, 0.3, 0.2),
         longer: float = 0.0, shift: float = 0.0, unknown: float = 0.05) -> Summary:  # fmt: skip
    """Texts of three classes: lengths, ten channels, unknown tokens that come in runs."""
    labels = draw.choice(list("abc"), count, p=weights)
    lengths = draw.poisson(12 + longer, count) + 1
    odd = draw.beta(0.5 * unknown / 0.05, 9.5, count)  # texts differ in how odd their words are
    samples = {f"channel {i}": draw.normal(size=count).astype(np.float32) for i in range(10)}
    samples["channel 3"] += np.float32(shift)
    return Summary(
        counts={"label": {name: int((labels == name).sum()) for name in "abc"}},
        samples={"length": lengths.astype(np.float32), **samples},
        rates={"unknown": Rate.of(draw.binomial(lengths, odd).tolist(), lengths.tolist())},
    )


def alarms(correction: str, **changed: float | tuple[float, ...]) -> list[list[str]]:
    """Features that drift, in each of 120 nights."""
    limits = LIMITS.model_copy(update={"correction": correction})
    found = []
    for night in range(120):
        draw = np.random.default_rng(night)
        now = rows(draw, 150, **changed)  # type: ignore[arg-type]
        found.append([f.feature for f in compare(rows(draw, 600), now, limits) if f.drifts])
    return found


def test_where_nothing_moved_a_false_alarm_is_as_rare_as_the_level_says() -> None:
    false = sum(bool(night) for night in alarms("holm"))
    assert false <= 13  # 6 are expected of 120; more than 13 come once in 200 tries
    uncorrected = sum(bool(night) for night in alarms("none"))
    assert uncorrected > 30  # 13 tests a night: about half of the nights


@pytest.mark.parametrize("correction", ["holm", "benjamini_hochberg"])
@pytest.mark.parametrize(
    ("feature", "changed"),
    [
        ("label", {"weights": (0.2, 0.3, 0.5)}),
        ("length", {"longer": 3.0}),
        ("channel 3", {"shift": 0.8}),
        ("unknown", {"unknown": 0.15}),
    ],
)
def test_what_moved_is_found_and_the_rest_is_left(
    correction: str, feature: str, changed: dict[str, float]
) -> None:
    found = alarms(correction, **changed)
    assert sum(feature in night for night in found) >= 114
    others = sum(len(set(night) - {feature}) for night in found)
    assert others <= 20


def test_a_significant_trifle_is_no_drift_where_an_effect_is_asked() -> None:
    draw = np.random.default_rng(1)
    before, now = rows(draw, 60_000), rows(draw, 60_000, shift=0.04)
    strict = LIMITS.model_copy(update={"effect": 0.1})
    (told,) = [f for f in compare(before, now, strict) if f.feature == "channel 3"]
    assert told.adjusted < 0.01
    assert not told.drifts
    assert [f.feature for f in compare(before, now, LIMITS) if f.drifts] == ["channel 3"]


def test_tokens_of_one_text_do_not_count_as_independent() -> None:
    """Texts whose tokens are all known or all unknown: more tokens are no more news."""
    short = Rate.of([1] * 20 + [0] * 180, [1] * 200)
    long = Rate.of([20] * 20 + [0] * 180, [20] * 200)
    assert long.variance == pytest.approx(short.variance)


def test_few_rows_are_judged_by_simulation_and_a_new_class_is_drift() -> None:
    few = compare(Summary(counts={"label": {"a": 4, "b": 3}}),
                  Summary(counts={"label": {"a": 3, "b": 4}}), LIMITS)  # fmt: skip
    assert few[0].test == "chi-square, simulated"
    assert not few[0].drifts
    (one,) = compare(Summary(counts={"label": {"a": 200, "b": 200}}),
                     Summary(counts={"label": {"a": 20, "b": 20, "new": 20}}), LIMITS)  # fmt: skip
    assert one.drifts
    assert 0 < one.effect < 1


def test_nothing_to_compare_is_no_drift() -> None:
    empty = Summary({"label": {}}, {"length": np.zeros(0, np.float32)}, {"u": Rate.of([], [])})
    assert [f.p for f in compare(empty, empty, LIMITS)] == [1.0, 1.0, 1.0]
    assert compare(Summary(), empty, LIMITS) == []


@pytest.mark.parametrize(
    ("correction", "wanted"),
    [("none", [0.01, 0.04, 0.03]), ("holm", [0.03, 0.06, 0.06]),
     ("benjamini_hochberg", [0.03, 0.04, 0.04])],
)  # fmt: skip
def test_corrections_are_those_of_the_papers(correction: str, wanted: list[float]) -> None:
    assert adjust([0.01, 0.04, 0.03], correction) == pytest.approx(wanted)
