"""A short form of benchmarks/promotion.py: chance is not promoted, what is better is."""

from pathlib import Path

from scipy.stats import binom

from benchmarks.promotion import EFFECT, count_promoted
from conveyor.compose import compose
from conveyor.paths import Paths

CONFIG = compose(Paths(Path(__file__).parents[1])).gates
SIMULATIONS = 150


def test_a_challenger_that_is_no_better_is_promoted_at_most_as_often_as_configured() -> None:
    error = 1 - CONFIG.champion.confidence
    wrongly = count_promoted(CONFIG, 0.0, SIMULATIONS, seed=5)
    assert wrongly <= binom.ppf(0.99, SIMULATIONS, error)


def test_a_challenger_that_is_better_by_three_points_is_promoted_four_times_of_five() -> None:
    assert count_promoted(CONFIG, EFFECT, SIMULATIONS, seed=5) >= 0.8 * SIMULATIONS
