"""Gates on the artefact as a thing: what it weighs, how fast and how steadily it answers."""

from conveyor.config import Gates
from conveyor.gates.evidence import Evidence, GateResult


def calibration(case: Evidence, config: Gates) -> list[GateResult]:
    """Confidence must mean something."""
    return _at_most("calibration", "expected calibration error", case.scores.get("ece"),
                    config.max_ece)  # fmt: skip


def size(case: Evidence, config: Gates) -> list[GateResult]:
    return _at_most("size", "bytes of the artefact", case.measured.size, config.max_bytes)


def latency(case: Evidence, config: Gates) -> list[GateResult]:
    return _at_most("latency", "milliseconds for one row", case.measured.latency,
                    config.max_latency_ms)  # fmt: skip


def padding(case: Evidence, config: Gates) -> list[GateResult]:
    """A row's answer must not depend on the rows that share its batch."""
    return _at_most("padding", "difference between a row alone and beside longer rows",
                    case.measured.padding, config.padding_tolerance)  # fmt: skip


def round_trip(case: Evidence, config: Gates) -> list[GateResult]:
    """What is served must be what was scored."""
    return _at_most("round trip", "difference between this process and a fresh one",
                    case.measured.round_trip, config.round_trip_tolerance)  # fmt: skip


def quantisation(case: Evidence, config: Gates) -> list[GateResult]:
    """A smaller graph may cost this much accuracy against the float one, on the test rows."""
    limit, found = config.quantisation.max_drop, case.measured.quantised
    if limit is None or found is None:
        return []
    drop = found["float_accuracy"] - found["accuracy"]
    passed = drop <= limit
    word = "within" if passed else "above"
    reason = (f"accuracy {found['accuracy']:.4g} in int8, {found['float_accuracy']:.4g} in float: "
              f"a drop of {drop:.4g}, {word} the limit of {limit:g}")  # fmt: skip
    return [GateResult("quantisation", passed, reason, {**found, "drop": drop, "max": limit})]


def data_checked(case: Evidence, config: Gates) -> list[GateResult]:
    """The report on the data must be of these test rows, and within its limits."""
    limits, report = config.data, case.measured.data
    if limits is None:
        return []
    if report is None:
        return [GateResult("data", False, "there is no report on the data; run `dvc repro`", {})]
    if report["rows"]["test"] != len(case.labels):
        reason = (f"the report on the data counts {report['rows']['test']} test rows, these are "
                  f"{len(case.labels)}; run `dvc repro`")  # fmt: skip
        return [GateResult("data", False, reason, {})]
    read = max(1, report["rows"]["read"])
    dropped = sum(problem["rows"] for problem in report["dropped"].values()) / read
    conflicting = report["conflicting_labels"]["rows"] / read
    return [
        *_at_most("data: dropped", "share of rows dropped", dropped, limits.max_dropped_share),
        *_at_most("data: conflicting", "share of rows with conflicting labels", conflicting,
                  limits.max_conflicting_share),
    ]  # fmt: skip


def _at_most(gate: str, what: str, value: float | None, limit: float | None) -> list[GateResult]:
    """No result where there is no limit; what was not measured is refused."""
    if limit is None:
        return []
    numbers = {"value": value, "max": limit}
    if value is None:
        return [GateResult(gate, False, f"{what}: not measured", numbers)]
    passed = value <= limit
    word = "within" if passed else "above"
    shown = f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
    return [GateResult(gate, passed, f"{what}: {shown}, {word} the limit of {limit:,g}", numbers)]
