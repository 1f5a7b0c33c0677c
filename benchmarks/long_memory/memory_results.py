"""What `run.py` has measured: which fits come next, what a cell learns, and the table."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fits import CELLS, LEARNED, STOP_AT, Fit, Outcome
from problems import PROBLEMS

from conveyor import files

LENGTHS = (12, 25, 50, 100, 200, 400, 800)  # steps
RATES = (1e-2, 2e-3, 5e-4)  # learning rates, one of which is chosen for each cell and length
SIMPLE, LSTM = "SimpleRNN", "LSTM, forget bias 1"  # the cells that are compared
SEEDS = (0, 1, 2)  # the first one chooses the rate


@dataclass
class Results:
    """All outcomes so far, in the order in which they came."""

    outcomes: list[Outcome] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> "Results":
        """Read a file of `write`; no file gives no outcomes."""
        if not path.is_file():
            return cls()
        return cls([Outcome.from_json(values) for values in json.loads(path.read_text())])

    def write(self, path: Path) -> None:
        """Write one line for each outcome."""
        lines = ",\n".join(json.dumps(outcome.as_json()) for outcome in self.outcomes)
        files.write_text(path, f"[\n{lines}\n]\n")

    def next_fits(self, lengths: Sequence[int] = LENGTHS) -> list[Fit]:
        """Return the fits that can run now: the first problem before the second, the cells that are
        compared before the others, short rows before long ones.

        At each length the first seed tries one rate after the other, beginning with the one that
        was chosen at the length before, and the other seeds follow with the chosen one. A cell that
        no seed has taught at a length is not tried at longer ones.
        """
        fits = []
        for problem in PROBLEMS:
            for cell in CELLS:
                fits += self._next_fits(problem, cell, lengths)
        problems = list(PROBLEMS)
        return sorted(
            fits, key=lambda f: (problems.index(f.problem), f.cell not in (SIMPLE, LSTM), f.steps)
        )

    def _next_fits(self, problem: str, cell: str, lengths: Sequence[int]) -> list[Fit]:
        done = {outcome.fit for outcome in self.outcomes}
        first = RATES[0]
        for steps in lengths:
            rates = sorted(RATES, key=lambda rate, first=first: rate != first)
            trials = [Fit(problem, cell, steps, rate, SEEDS[0]) for rate in rates]
            missing = [fit for fit in trials if fit not in done][:1]
            if not missing:
                first = self.chosen_rate(problem, cell, steps)
                seeds = [Fit(problem, cell, steps, first, seed) for seed in SEEDS]
                missing = [fit for fit in seeds if fit not in done]
            if missing:
                return missing
            if not self.count_learned(problem, cell, steps):
                return []
        return []

    def limit(self, fit: Fit) -> int | None:
        """Return the updates after which a trial of a rate can no longer be chosen, since another
        rate has learned by then; None if it has all updates of the experiment."""
        trials = self._trials(fit.problem, fit.cell, fit.steps)
        learned = [trial.updates for trial in trials if trial.validation < STOP_AT]
        return min(learned, default=None) if fit.seed == SEEDS[0] else None

    def chosen_rate(self, problem: str, cell: str, steps: int) -> float:
        """Return the rate with which the first seed learned in the fewest updates, by validation
        rows; if none has learned, or two in as many, that of the lowest validation error."""
        trials = self._trials(problem, cell, steps)
        learned = [trial for trial in trials if trial.validation < STOP_AT]
        if learned:
            return min(learned, key=lambda trial: (trial.updates, trial.validation)).fit.rate
        return min(trials, key=lambda trial: trial.validation).fit.rate

    def _trials(self, problem: str, cell: str, steps: int) -> list[Outcome]:
        return [o for o in self._of(problem, cell, steps) if o.fit.seed == SEEDS[0]]

    def by_seed(self, problem: str, cell: str, steps: int) -> list[Outcome]:
        """Return the outcomes of all seeds at the chosen rate; none before all have run."""
        outcomes = self._of(problem, cell, steps)
        if {o.fit.rate for o in outcomes} != set(RATES):
            return []
        rate = self.chosen_rate(problem, cell, steps)
        chosen = [outcome for outcome in outcomes if outcome.fit.rate == rate]
        return chosen if len(chosen) == len(SEEDS) else []

    def count_learned(self, problem: str, cell: str, steps: int) -> int:
        """Return how many seeds have a test error under a tenth of the constant predictor's."""
        return sum(outcome.test < LEARNED for outcome in self.by_seed(problem, cell, steps))

    def longest(self, problem: str, cell: str) -> int:
        """Return the longest length that all seeds have learned; 0 if there is none."""
        lengths = [n for n in LENGTHS if self.count_learned(problem, cell, n) == len(SEEDS)]
        return max(lengths, default=0)

    def _of(self, problem: str, cell: str, steps: int) -> list[Outcome]:
        key = (problem, cell, steps)
        return [o for o in self.outcomes if (o.fit.problem, o.fit.cell, o.fit.steps) == key]


def table(results: Results) -> str:
    """Format, for each problem, the test error of each cell at each length, as Markdown.

    A cell of the table has the median of the seeds and how many of them have learned; "-" where no
    seed had learned a shorter length.
    """
    parts, pending = [], {(fit.problem, fit.cell) for fit in results.next_fits()}
    for problem in PROBLEMS:
        head = [f"{problem}, steps", *map(str, LENGTHS), "longest, 3 of 3"]
        lines = [head, ["---"] * len(head)]
        for cell in CELLS:
            waits = (problem, cell) in pending
            none = "not run yet" if waits else "-"
            outcomes = [results.by_seed(problem, cell, steps) for steps in LENGTHS]
            errors = [_describe(of_seeds) if of_seeds else none for of_seeds in outcomes]
            longest = str(results.longest(problem, cell) or "none")
            lines.append([cell, *errors, longest + " so far" * waits])
        parts.append("\n".join("| " + " | ".join(line) + " |" for line in lines))
    minutes = sum(outcome.seconds for outcome in results.outcomes) / 60
    spent = f"{len(results.outcomes)} fits, {minutes:.0f} minutes of one core"
    return "\n\n".join([*parts, *_compare(results, pending), spent])


def _describe(outcomes: Iterable[Outcome]) -> str:
    tests = sorted(outcome.test for outcome in outcomes)
    learned = sum(test < LEARNED for test in tests)
    return f"{tests[len(tests) // 2]:.2g} ({learned} of {len(tests)})"


def _compare(results: Results, pending: Collection[tuple[str, str]]) -> list[str]:
    """Compare the longest lengths of LSTM and SimpleRNN, for each problem."""
    lines = []
    for problem in PROBLEMS:
        lengths = [results.longest(problem, cell) for cell in (SIMPLE, LSTM)]
        simple, lstm = lengths
        ratio = f"{lstm / simple:.3g} times as long" if simple else "no length for comparison"
        so_far = ", so far" if any((problem, cell) in pending for cell in (SIMPLE, LSTM)) else ""
        lines.append(f"{problem}: SimpleRNN learns {simple} steps, LSTM {lstm}: {ratio}{so_far}")
    return lines
