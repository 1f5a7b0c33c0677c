"""Gates on the network beside simple baselines, which `evaluate` compares on the test rows."""

from dataclasses import replace
from typing import Any

from conveyor.config import Gates
from conveyor.gates.evidence import Evidence, Gate, GateResult
from conveyor.metrics.paired import PairedComparison


def better_than_baselines(evidence: Evidence, config: Gates) -> list[GateResult]:
    """The network must not lose to the best simple baseline, and must be better than the trivial
    one. A reason in the configuration waives both."""
    comparison, waiver = evidence.baselines, config.must_beat_baselines
    reason = None if waiver is True else waiver.waived
    if comparison is None:
        missing = (
            "reports/evaluation/report.json does not compare the network with simple baselines; "
            "set evaluate.baselines to true, and run `dvc repro`"
        )
        return [_waive(GateResult("baselines", False, missing, {}), reason)]
    best, trivial = comparison.beside_best, comparison.beside_trivial
    title = evidence.task.metrics[best.metric].title
    results = [
        GateResult("baselines", best.relation != "loses to", comparison.describe_best(title), {
            "baseline": comparison.best, **_numbers(best), "p_value": best.p_value,
            f"{best.metric} {comparison.chosen_on}": comparison.validation_scores,
        }),
        GateResult("trivial baseline", trivial.is_better, comparison.describe_trivial(title), {
            "baseline": comparison.trivial, **_numbers(trivial),
            "one_sided_p_value": trivial.p_better,
        }),
    ]  # fmt: skip
    return [_waive(result, reason) for result in results]


def _numbers(pair: PairedComparison) -> dict[str, Any]:
    return {"metric": pair.metric, "value": pair.ours, "baseline_value": pair.theirs,
            "gain": pair.gain, "standard_error": pair.standard_error}  # fmt: skip


def _waive(result: GateResult, reason: str | None) -> GateResult:
    """Return the result with the reason for which it refuses nothing, if there is one."""
    if result.passed or reason is None:
        return result
    return replace(result, reason=f"{result.reason}. Accepted: {reason}", waived=reason)


GATES: tuple[Gate, ...] = (better_than_baselines,)
