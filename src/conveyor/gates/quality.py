"""Gates on the predictions for all test rows."""

from typing import Any

import numpy as np

from conveyor.config import Bar, Gates
from conveyor.gates.evidence import Evidence, Gate, GateResult
from conveyor.metrics.resampling import paired_gain
from conveyor.tasks import Task
from conveyor.tasks.values import ModelOutputs

SEED = 0  # of the bootstrap, so that the same evidence gives the same verdict


def bars(evidence: Evidence, config: Gates) -> list[GateResult]:
    """Absolute limits of any metric."""
    return [
        judge_bar(f"bar: {name}", name, evidence.scores.get(name), bar)
        for name, bar in config.bars.items()
    ]


def judge_bar(gate: str, name: str, value: float | None, bar: Bar) -> GateResult:
    """Compare a metric with its limits. A metric that is not defined (None) is refused."""
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


def better_than_champion(evidence: Evidence, config: Gates) -> list[GateResult]:
    """A paired test against the champion on the same rows."""
    gate, champion = "better than the champion", evidence.champion
    if evidence.champion_version is None:
        return [GateResult(gate, True, "there is no champion to beat", {})]
    if champion is None:
        reason = (
            f"version {evidence.champion_version}, the champion, has another target, so the two "
            "cannot be compared. To promote the model anyway: pipeline.promote --force"
        )
        return [GateResult(gate, False, reason, {})]
    test = evidence.task.comparison.tests.get(config.champion.test)
    if test is None:
        passed, reason, numbers = _bootstrap(evidence, champion, config)
    else:
        alpha = 1 - config.champion.confidence
        challenger = ModelOutputs(evidence.task.spec, evidence.challenger)
        passed, reason, numbers = test.judge(
            evidence.targets, challenger, champion, evidence.champion_version, alpha
        )
    both = _score_both(evidence, champion, config.champion.metric)
    return [GateResult(gate, passed, reason, {**numbers, **both})]


def _score_both(evidence: Evidence, champion: ModelOutputs, metric: str) -> dict[str, Any]:
    """Return the metric of the challenger and of the champion on the same rows; nothing where it is
    not defined."""
    value = evidence.task.metrics.compute_one(metric, evidence.targets, evidence.challenger)
    table = Task(champion.spec).metrics
    champion_value = table.compute_one(metric, evidence.targets, champion.outputs)
    if not np.isfinite([value, champion_value]).all():
        return {}
    return {"metric": metric, "rows": len(evidence.targets), "value": float(value),
            "champion_value": float(champion_value),
            "champion": evidence.champion_version}  # fmt: skip


def _bootstrap(
    evidence: Evidence, champion: ModelOutputs, config: Gates
) -> tuple[bool, str, dict[str, Any]]:
    """A paired bootstrap of any metric, with a margin."""
    limits, version = config.champion, evidence.champion_version
    test = paired_gain(
        (evidence.task.metrics, Task(champion.spec).metrics), limits.metric, evidence.targets,
        evidence.challenger, champion.outputs,
        samples=limits.samples, confidence=limits.confidence, seed=SEED,
        units=evidence.task.comparison.units(evidence.targets),
    )  # fmt: skip
    passed = test["lower"] > limits.margin
    comparison = "better" if test["gain"] >= 0 else "worse"
    reason = (
        f"{limits.metric} is {abs(test['gain']):.4g} {comparison} than that of version {version}, "
        f"the champion; at confidence {limits.confidence:g} the gain is at least "
        f"{test['lower']:.4g}, which is {'above' if passed else 'not above'} the margin of "
        f"{limits.margin:g} (paired bootstrap)"
    )
    return passed, reason, {**test, "margin": limits.margin, "metric": limits.metric}


GATES: tuple[Gate, ...] = (bars, better_than_champion)
