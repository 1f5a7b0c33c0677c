"""Gates on the answers to the whole of the test rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.config import Bar, Gates
from conveyor.gates.evidence import Evidence, GateResult
from conveyor.metrics import METRICS
from conveyor.metrics.resampling import mcnemar, paired_gain

SEED = 0  # of the bootstrap; a verdict must be the same however often it is asked for


def bars(case: Evidence, config: Gates) -> list[GateResult]:
    """Absolute limits of any metric."""
    return [
        judge(f"bar: {name}", name, case.scores.get(name), bar) for name, bar in config.bars.items()
    ]


def judge(gate: str, name: str, value: float | None, bar: Bar) -> GateResult:
    """Hold one figure, None where it is not defined, against its limits."""
    numbers = {"value": value, "min": bar.min, "max": bar.max}
    if value is None:
        passed, reason = False, f"{name} is not defined on these test rows"
    elif bar.min is not None and value < bar.min:
        passed, reason = False, f"{name} {value:.4g} is below the bar of {bar.min:g}"
    elif bar.max is not None and value > bar.max:
        passed, reason = False, f"{name} {value:.4g} is above the bar of {bar.max:g}"
    else:
        passed, reason = True, f"{name} {value:.4g} meets the bar"
    return GateResult(gate, passed, reason, numbers)


def better_than_champion(case: Evidence, config: Gates) -> list[GateResult]:
    """A paired test against the champion on the same rows."""
    name, limits = "better than the champion", config.champion
    if case.champion_name is None:
        return [GateResult(name, True, "there is no champion to beat", {})]
    if case.champion is None:
        reason = f"{case.champion_name} answers with other classes; it cannot be compared"
        return [GateResult(name, False, f"{reason}. Move the alias by hand if that is wanted.", {})]
    if np.array_equal(case.challenger.argmax(axis=1), case.champion.argmax(axis=1)) and (
        limits.test == "mcnemar"
    ):
        reason = f"it gives the same answers as {case.champion_name} on every test row"
        return [GateResult(name, False, reason, {"differing_rows": 0})]
    test = _mcnemar if limits.test == "mcnemar" else _bootstrap
    passed, reason, numbers = test(case, case.champion, config)
    return [GateResult(name, passed, reason, numbers)]


def beats_baselines(case: Evidence, config: Gates) -> list[GateResult]:
    """The net must be worth its trouble; a refusal only where the configuration says so."""
    if case.baseline is None:
        return []
    value = case.scores["accuracy"]
    ahead = value > case.baseline
    word = "beats" if ahead else "does not beat"
    reason = f"accuracy {value:.4g} {word} the best simple baseline's {case.baseline:.4g}"
    if not ahead and not config.must_beat_baselines:
        reason += "; must_beat_baselines does not ask for it"
    numbers = {"value": value, "baseline": case.baseline, "required": config.must_beat_baselines}
    return [GateResult("baselines", ahead or not config.must_beat_baselines, reason, numbers)]


def _mcnemar(case: Evidence, champion: NDArray, config: Gates) -> tuple[bool, str, dict[str, Any]]:
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


def _bootstrap(
    case: Evidence, champion: NDArray, config: Gates
) -> tuple[bool, str, dict[str, Any]]:
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
