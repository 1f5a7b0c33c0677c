"""Gates on parts of the test rows: a good average must not hide a bad part."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from conveyor.config import Gates
from conveyor.gates.evidence import Evidence, GateResult
from conveyor.gates.quality import judge
from conveyor.metrics import METRICS
from conveyor.metrics.slices import slices_by_length


def slice_bars(case: Evidence, config: Gates) -> list[GateResult]:
    """Absolute limits of any metric on every slice that a pattern names.

    On the rows of one class, accuracy is the class's recall.
    """
    results = []
    parts = dict(_slices(case, config))
    for pattern, bars in config.slices.bars.items():
        named = [name for name in parts if fnmatchcase(name, pattern)]
        if not named:
            reason = (f"no slice of at least {config.slices.min_rows} rows is called {pattern!r}; "
                      f"there are {', '.join(parts) or 'none'}")  # fmt: skip
            results.append(GateResult(f"slice: {pattern}", False, reason, {}))
        for name in named:
            rows = parts[name]
            for metric, bar in bars.items():
                value = METRICS[metric].compute(case.labels[rows], case.challenger[rows])
                found = float(value) if np.isfinite(value) else None
                results.append(judge(f"slice: {name}", f"on {name}, {metric}", found, bar))
    return results


def no_slice_loses(case: Evidence, config: Gates) -> list[GateResult]:
    """No slice may be worse than the champion's by more than the tolerance."""
    limits = config.slices
    if limits.tolerance is None or case.champion is None:
        return []
    metric, gains = METRICS[limits.metric], {}
    for name, rows in _slices(case, config):
        ours, theirs = (
            metric.compute(case.labels[rows], answers[rows])
            for answers in (case.challenger, case.champion)
        )
        if np.isfinite([ours, theirs]).all():
            gains[name] = float(metric.gain(ours, theirs))
    lost = {name: gain for name, gain in gains.items() if gain < -limits.tolerance}
    numbers = {"metric": limits.metric, "tolerance": limits.tolerance, "gains": gains}
    told = ", ".join(f"{name} by {-gain:.4g}" for name, gain in lost.items())
    reason = f"{limits.metric} falls by more than {limits.tolerance:g} on {told}"
    if not lost:
        reason = f"{limits.metric} falls on no slice by more than {limits.tolerance:g}"
        reason += "" if gains else f"; no slice has {limits.min_rows} rows"
    return [GateResult("slices beside the champion's", not lost, reason, numbers)]


def _slices(case: Evidence, config: Gates) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Name and rows, bool (rows,), of every slice that is large enough to judge."""
    every = [(f"class {name}", case.labels == i) for i, name in enumerate(case.classes)]
    if case.lengths is not None:
        found = slices_by_length(case.lengths, config.slices.lengths)
        every += [(f"length {low} to {high}", rows) for low, high, rows in found]
    for name, rows in every:
        if rows.sum() >= config.slices.min_rows:
            yield name, rows
