"""Gates on the artifact: its size, its latency, and whether its answers are stable."""

from conveyor.config import Gates
from conveyor.gates.evidence import Evidence, Gate, GateResult

DROPPED = "data: dropped"  # the gate whose number is the share of rows dropped


def upper_limits(evidence: Evidence, config: Gates) -> list[GateResult]:
    """Size, latency, and differences between outputs that should be equal."""
    measured, padding_limit = evidence.measured, config.padding_tolerance
    if measured.quantised is not None:
        padding_limit = config.quantisation.padding_tolerance
    batch = "difference between a row alone and beside longer rows"
    process = "difference between this process and a fresh one"
    return [
        *_at_most("size", "bytes of the artifact", measured.size, config.max_bytes),
        *_at_most("latency", "milliseconds for one row", measured.latency, config.max_latency_ms),
        *_at_most("padding", batch, measured.padding, padding_limit),
        *_at_most("round trip", process, measured.round_trip, config.round_trip_tolerance),
    ]


def quantisation(evidence: Evidence, config: Gates) -> list[GateResult]:
    """What the int8 graph loses of the headline metric against the float graph."""
    limit, scores = config.quantisation.max_drop, evidence.measured.quantised
    if limit is None or scores is None:
        return []
    metrics = evidence.task.metrics
    name = metrics.headline
    int8, float32 = scores[name], scores[f"float_{name}"]
    drop = metrics[name].gain(float32, int8)
    passed = drop <= limit
    reason = (f"{name} {int8:.4g} in int8, {float32:.4g} in float: a drop of {drop:.4g}, "
              f"{'within' if passed else 'above'} the limit of {limit:g}")  # fmt: skip
    return [GateResult("quantisation", passed, reason, {**scores, "drop": drop, "max": limit})]


def data_checked(evidence: Evidence, config: Gates) -> list[GateResult]:
    """The data report must describe these test rows, and be within its limits."""
    limits, report = config.data, evidence.measured.data
    if limits is None:
        return []
    if report is None:
        return [GateResult("data", False, "there is no data report; run `dvc repro`", {})]
    if report["rows"]["test"] != len(evidence.targets):
        reason = (f"the data report counts {report['rows']['test']} test rows, but the split has "
                  f"{len(evidence.targets)}; run `dvc repro`")  # fmt: skip
        return [GateResult("data", False, reason, {})]
    read = max(1, report["rows"]["read"])
    counts = {reason: problem["rows"] for reason, problem in report["dropped"].items()}
    dropped = sum(counts.values()) / read
    reasons = [f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count]
    what = "share of rows dropped" + (f" ({', '.join(reasons)})" if reasons else "")
    conflicting = report["conflicting_targets"]["rows"] / read
    return [
        *_at_most(DROPPED, what, dropped, limits.max_dropped_share),
        *_rise(evidence, dropped, what, limits.max_dropped_rise),
        *_at_most("data: conflicting", "share of rows with conflicting targets", conflicting,
                  limits.max_conflicting_share),
    ]  # fmt: skip


def _rise(evidence: Evidence, dropped: float, what: str, limit: float | None) -> list[GateResult]:
    """Compare the dropped share with that of the champion's data."""
    version, before = evidence.champion_version, evidence.measured.champion_dropped
    if limit is None or version is None:
        return []
    gate, numbers = f"{DROPPED}, beside the champion's", {"value": dropped, "max": limit}
    if before is None:
        reason = f"version {version}, the champion, does not say what share of its rows was dropped"
        return [GateResult(gate, True, reason, numbers)]
    passed = dropped - before <= limit
    reason = (
        f"{what}: {dropped:.4g}, after {before:.4g} in the data of version {version}, the "
        f"champion; a rise {'within' if passed else 'above'} the limit of {limit:g}"
    )
    return [GateResult(gate, passed, reason, numbers | {"champion_value": before})]


def _at_most(gate: str, what: str, value: float | None, limit: float | None) -> list[GateResult]:
    """Compare a value with its upper limit. A missing value is refused; no limit, no result."""
    if limit is None:
        return []
    numbers = {"value": value, "max": limit}
    if value is None:
        return [GateResult(gate, False, f"{what}: not measured", numbers)]
    passed = value <= limit
    text = f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
    relation = "within" if passed else "above"
    return [
        GateResult(gate, passed, f"{what}: {text}, {relation} the limit of {limit:,g}", numbers)
    ]


GATES: tuple[Gate, ...] = (upper_limits, quantisation, data_checked)
