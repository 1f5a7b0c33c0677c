"""The gates and the verdict. To add a gate: one function, its row of GATES, its limits."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.config import ConfigError, Gates
from conveyor.metrics import METRICS
from conveyor.metrics.resampling import mcnemar, paired_gain

SEED = 0  # of the bootstrap; a verdict must be the same however often it is asked for


@dataclass(frozen=True)
class Case:
    """A challenger and the champion on the same test rows.

    Attributes:
        labels: true classes, int (rows,), positions in the challenger's classes.
        challenger: probabilities (rows, classes).
        champion: probabilities of the champion, columns in the challenger's order; None without
            a champion, or where its classes are others.
        champion_name: how to call it; None without one.
        scores: the challenger's metrics.
        baseline: accuracy of the best simple baseline on these rows; None if none was scored.
    """

    labels: NDArray[np.integer]
    challenger: NDArray[np.floating]
    champion: NDArray[np.floating] | None
    champion_name: str | None
    scores: Mapping[str, float]
    baseline: float | None


@dataclass(frozen=True)
class Result:
    """One gate's answer: passed or not, a sentence that says why, and the numbers behind it."""

    gate: str
    passed: bool
    reason: str
    numbers: dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """All gates' answers; the model is promoted only if every one passed."""

    results: list[Result]

    @property
    def promote(self) -> bool:
        return all(result.passed for result in self.results)

    @property
    def reasons(self) -> list[str]:
        """Why not; empty for a promotion."""
        return [result.reason for result in self.results if not result.passed]

    def as_json(self) -> dict[str, Any]:
        return {"promote": self.promote, "gates": [asdict(result) for result in self.results]}

    def as_markdown(self) -> str:
        rows = [f"| {r.gate} | {'passed' if r.passed else '**refused**'} | {r.reason} |"
                for r in self.results]  # fmt: skip
        return "\n".join(["| gate | | why |", "| --- | --- | --- |", *rows])


def decide(case: Case, config: Gates) -> Verdict:
    """Ask every gate, whatever the others said."""
    return Verdict([result for gate in GATES.values() for result in gate(case, config)])


def check(config: Gates) -> None:
    """Refuse limits on metrics that there are not.

    Raises:
        ConfigError: an unknown metric, or McNemar's test of another metric than accuracy.
    """
    problems = []
    for place, name in [(f"gates.bars.{n}", n) for n in config.bars] + [
        ("gates.champion.metric", config.champion.metric)
    ]:
        if name not in METRICS:
            problems.append(
                f"  {place}: no metric is called {name!r}; there are {', '.join(METRICS)}"
            )
    if config.champion.test == "mcnemar" and config.champion.metric != "accuracy":
        problems.append(
            "  gates.champion: mcnemar tests accuracy; for another metric take bootstrap"
        )
    if config.champion.test == "mcnemar" and config.champion.margin:
        problems.append("  gates.champion: mcnemar knows no margin; for a margin take bootstrap")
    if problems:
        raise ConfigError("\n".join(["the gates are not valid:", *problems]))


def bars(case: Case, config: Gates) -> list[Result]:
    """Absolute limits of any metric."""
    results = []
    for name, bar in config.bars.items():
        value = case.scores.get(name)
        numbers = {"value": value, "min": bar.min, "max": bar.max}
        if value is None:
            passed, reason = False, f"{name} is not defined on these test rows"
        elif bar.min is not None and value < bar.min:
            passed, reason = False, f"{name} {value:.4g} is below the bar of {bar.min:g}"
        elif bar.max is not None and value > bar.max:
            passed, reason = False, f"{name} {value:.4g} is above the bar of {bar.max:g}"
        else:
            passed, reason = True, f"{name} {value:.4g} meets the bar"
        results.append(Result(f"bar: {name}", passed, reason, numbers))
    return results


def better_than_champion(case: Case, config: Gates) -> list[Result]:
    """A paired test against the champion on the same rows."""
    name, limits = "better than the champion", config.champion
    if case.champion_name is None:
        return [Result(name, True, "there is no champion to beat", {})]
    if case.champion is None:
        reason = f"{case.champion_name} answers with other classes; it cannot be compared"
        return [Result(name, False, f"{reason}. Move the alias by hand if that is wanted.", {})]
    if np.array_equal(case.challenger.argmax(axis=1), case.champion.argmax(axis=1)) and (
        limits.test == "mcnemar"
    ):
        reason = f"it gives the same answers as {case.champion_name} on every test row"
        return [Result(name, False, reason, {"differing_rows": 0})]
    test = _mcnemar if limits.test == "mcnemar" else _bootstrap
    passed, reason, numbers = test(case, case.champion, config)
    return [Result(name, passed, reason, numbers)]


def beats_baselines(case: Case, config: Gates) -> list[Result]:
    """The net must be worth its trouble; a refusal only where the configuration says so."""
    if case.baseline is None:
        return []
    value = case.scores["accuracy"]
    ahead = value > case.baseline
    word = "beats" if ahead else "does not beat"
    reason = f"accuracy {value:.4g} {word} the best simple baseline's {case.baseline:.4g}"
    numbers = {"value": value, "baseline": case.baseline, "required": config.must_beat_baselines}
    return [Result("baselines", ahead or not config.must_beat_baselines, reason, numbers)]


GATES: dict[str, Callable[[Case, Gates], list[Result]]] = {
    "bars": bars,
    "champion": better_than_champion,
    "baselines": beats_baselines,
}


def _mcnemar(case: Case, champion: NDArray, config: Gates) -> tuple[bool, str, dict[str, Any]]:
    ours, theirs = (p.argmax(axis=1) == case.labels for p in (case.challenger, champion))
    found = mcnemar(ours, theirs)
    alpha = 1 - config.champion.confidence
    numbers = {**found, "alpha": alpha, "accuracy": float(ours.mean()),
               "champion_accuracy": float(theirs.mean())}  # fmt: skip
    passed = found["p_value"] < alpha
    reason = (
        f"right where {case.champion_name} is wrong on {found['only_ours']} rows, the other way "
        f"round on {found['only_theirs']}: p = {found['p_value']:.3g}, "
        f"{'below' if passed else 'not below'} {alpha:.3g} (McNemar)"
    )
    return passed, reason, numbers


def _bootstrap(case: Case, champion: NDArray, config: Gates) -> tuple[bool, str, dict[str, Any]]:
    limits = config.champion
    found = paired_gain(
        METRICS[limits.metric], case.labels, case.challenger, champion,
        samples=limits.samples, confidence=limits.confidence, seed=SEED,
    )  # fmt: skip
    passed = found["lower"] > limits.margin
    reason = (
        f"{limits.metric} gains {found['gain']:.4g} over {case.champion_name}; with confidence "
        f"{limits.confidence:g} it is above {found['lower']:.4g}, which is "
        f"{'above' if passed else 'not above'} the margin of {limits.margin:g} (paired bootstrap)"
    )
    return passed, reason, {**found, "margin": limits.margin, "metric": limits.metric}
