"""What benchmarks/long_memory draws, fits and makes of its outcomes."""

import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks" / "long_memory"))
import cell_fit  # noqa: E402
import lag_plots  # noqa: E402
import memory_results  # noqa: E402
import problems  # noqa: E402
from fits import LEARNED, Fit, Outcome  # noqa: E402
from memory_results import LENGTHS, RATES, SEEDS, Results  # noqa: E402

LSTM = "LSTM, forget bias 1"


@pytest.mark.parametrize(("problem", "halves"), [("adding", [1.0, 1.0]), ("recall", [0.5, 0.5])])
def test_an_answer_is_the_sum_of_the_marked_numbers(problem: str, halves: list[float]) -> None:
    rows, answers = problems.draw_rows(problem, np.random.default_rng(1), 4000, 11)
    assert answers[:, 0] == pytest.approx((rows[:, :, 0] * rows[:, :, 1]).sum(axis=1))
    marks = rows[:, :, 1]
    assert np.unique(marks).tolist() == [0.0, 1.0]
    steps = [marks[:, :5].sum() / 4000, marks[:, 5:].sum() / 4000]
    assert steps == pytest.approx(halves, abs=0.06)
    mean, std = problems.moments(problem)
    assert (answers.mean(), answers.std()) == pytest.approx((mean, std), abs=0.02)


def outcomes(errors: dict[int, list[float]], cell: str = LSTM) -> list[Outcome]:
    """Outcomes of the adding problem, all rates and seeds: test errors by length, the chosen rate
    being the second one."""
    made = []
    for steps, tests in errors.items():
        fits = [Fit("adding", cell, steps, rate, SEEDS[0]) for rate in RATES]
        made += [Outcome(fit, 0.5, 0.9, 10, 1.0, [0, 1], [1.0, 0.5], [1.0, 0.9]) for fit in fits]
        made[-2].validation, made[-2].test = 0.01, tests[0]
        for seed, test in zip(SEEDS[1:], tests[1:], strict=True):
            fit = Fit("adding", cell, steps, RATES[1], seed)
            made.append(Outcome(fit, 0.2, test, 10, 1.0, [0, 1], [1.0, 0.5], [1.0, 0.9]))
    return made


def waiting(results: Results, cell: str = LSTM) -> list[tuple[int, float, int]]:
    fits = [fit for fit in results.next_fits() if (fit.problem, fit.cell) == ("adding", cell)]
    return [(fit.steps, fit.rate, fit.seed) for fit in fits]


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    """One rate after the other, then seeds with the best rate, then the next length beginning with
    that rate, until none has learned."""
    first = outcomes({LENGTHS[0]: [0.01, 0.02, 0.5]})
    trials, rest = first[: len(RATES)], first[len(RATES) :]
    assert waiting(Results()) == [(LENGTHS[0], RATES[0], SEEDS[0])]
    assert waiting(Results(trials[:2])) == [(LENGTHS[0], RATES[2], SEEDS[0])]
    assert waiting(Results([*trials, rest[0]])) == [(LENGTHS[0], RATES[1], SEEDS[2])]
    assert waiting(Results(first)) == [(LENGTHS[1], RATES[1], SEEDS[0])]
    failed = first + outcomes({LENGTHS[1]: [0.5, 0.2, 0.1]})
    assert waiting(Results(failed)) == []
    Results(failed).write(tmp_path / "results.json")
    assert Results.read(tmp_path / "results.json").outcomes == failed
    assert Results.read(tmp_path / "none.json").outcomes == []


def test_the_rate_is_the_one_that_learns_soonest() -> None:
    """By the validation rows of the first seed; no other rate gets more updates than it."""
    made = outcomes({LENGTHS[0]: [0.01, 0.02, 0.5]})
    results, [slow, soon, never] = Results(made), made[: len(RATES)]
    other = Fit("adding", LSTM, LENGTHS[1], RATES[0], SEEDS[0])
    for trial, updates, validation in [(slow, 900, 0.01), (soon, 400, 0.04), (never, 300, 0.2)]:
        trial.updates, trial.validation = updates, validation
    assert results.chosen_rate("adding", LSTM, LENGTHS[0]) == soon.fit.rate
    assert results.limit(never.fit) == 400
    assert results.limit(made[-1].fit) is None  # another seed
    assert results.limit(other) is None
    soon.validation = slow.validation = 0.3
    assert results.chosen_rate("adding", LSTM, LENGTHS[0]) == never.fit.rate
    assert results.limit(slow.fit) is None


def test_the_longest_length_is_one_that_all_seeds_have_learned(tmp_path: Path) -> None:
    lstm = outcomes({12: [0.01, 0.02, 0.09], 25: [0.01, 0.02, 0.03], 50: [0.01, 0.02, 0.1]})
    simple = outcomes({12: [0.01, 0.02, 0.09]}, "SimpleRNN")
    results = Results(lstm + simple[:-1])
    assert results.longest("adding", LSTM) == 25
    assert results.longest("adding", "SimpleRNN") == 0  # a seed is missing
    results = Results(lstm + simple)
    text = memory_results.table(results)
    assert "| LSTM, forget bias 1 | 0.02 (3 of 3) | 0.02 (3 of 3) | 0.02 (2 of 3) | not" in text
    assert "adding: SimpleRNN learns 12 steps, LSTM 25: 2.08 times as long, so far" in text
    results.outcomes += outcomes({25: [0.2, 0.3, 0.4]}, "SimpleRNN")
    assert "| SimpleRNN | 0.02 (3 of 3) | 0.3 (0 of 3) | - |" in memory_results.table(results)
    lag_plots.plot_lengths(results, tmp_path / "lengths.png")
    lag_plots.plot_gradients(results, tmp_path / "gradients.png")
    assert (tmp_path / "gradients.png").read_bytes()[:4] == b"\x89PNG"


def test_a_fit_learns_and_knows_the_gradient_at_each_lag() -> None:
    fit = Fit("recall", LSTM, 4, 1e-2, 0)
    assert cell_fit.run_fit(fit, limit=7).updates == 7
    outcome = cell_fit.run_fit(fit)
    assert outcome.test < LEARNED
    assert outcome.updates < 3000
    assert outcome.lags == [0, 1, 2, 3]

    class Weighted(tf.Module):
        """Answers 10 x the last number + the first number."""

        def __call__(self, inputs: dict[str, tf.Tensor], training: bool) -> tf.Tensor:
            return 10 * inputs["values"][:, -1, :1] + inputs["values"][:, 0, :1]

    lags, norms = cell_fit.gradient_by_lag(Weighted(), fit)
    assert (lags, norms) == ([0, 1, 2, 3], [10.0, 0.0, 0.0, 1.0])


def test_the_page_has_the_stored_table() -> None:
    page = (ROOT / "docs" / "memory.md").read_text("utf-8")
    stored = Results.read(ROOT / "benchmarks" / "long_memory" / "results.json")
    assert memory_results.table(stored) in page
