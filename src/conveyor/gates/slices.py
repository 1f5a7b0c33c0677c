"""Gates on slices of the test rows, so that a good average cannot hide a bad slice."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from conveyor.config import Gates
from conveyor.gates.evidence import Evidence, Gate, GateResult
from conveyor.gates.quality import judge_bar
from conveyor.metrics.slices import slices_by_length
from conveyor.tasks import Task
from conveyor.tasks.values import ModelOutputs


def slice_bars(evidence: Evidence, config: Gates) -> list[GateResult]:
    """Absolute limits of any metric on each slice that a pattern names."""
    results, slices = [], dict(_slices(evidence, config))
    for pattern, bars in config.slices.bars.items():
        names = [name for name in slices if fnmatchcase(name, pattern)]
        if not names:
            reason = (f"no slice of at least {config.slices.min_rows} rows is called {pattern!r}; "
                      f"there are {', '.join(slices) or 'none'}")  # fmt: skip
            results.append(GateResult(f"slice: {pattern}", False, reason, {}))
        for name in names:
            rows = slices[name]
            for metric, bar in bars.items():
                value = evidence.task.metrics.compute_one(
                    metric, evidence.targets[rows], evidence.challenger[rows]
                )
                defined = float(value) if np.isfinite(value) else None
                results.append(judge_bar(f"slice: {name}", f"on {name}, {metric}", defined, bar))
    return results


def no_slice_loses(evidence: Evidence, config: Gates) -> list[GateResult]:
    """No slice may be worse than the champion's by more than the tolerance."""
    limits = config.slices
    if limits.tolerance is None or evidence.champion is None:
        return []
    gains = _gains(evidence, evidence.champion, config)
    losses = {name: -gain for name, gain in gains.items() if gain < -limits.tolerance}
    if losses:
        details = ", ".join(f"{name} by {loss:.4g}" for name, loss in losses.items())
        reason = f"{limits.metric} falls by more than {limits.tolerance:g} on {details}"
    elif gains:
        reason = f"{limits.metric} falls on no slice by more than {limits.tolerance:g}"
    else:
        reason = f"no slice has {limits.min_rows} rows, so none is compared"
    numbers = {"metric": limits.metric, "tolerance": limits.tolerance, "gains": gains}
    return [GateResult("slices beside the champion's", not losses, reason, numbers)]


def _gains(evidence: Evidence, champion: ModelOutputs, config: Gates) -> dict[str, float]:
    """By slice, how much better the challenger is; only slices where the metric is defined."""
    name, gains = config.slices.metric, {}
    metrics, champion_metrics = evidence.task.metrics, Task(champion.spec).metrics
    for part, rows in _slices(evidence, config):
        targets = evidence.targets[rows]
        value = metrics.compute_one(name, targets, evidence.challenger[rows])
        champion_value = champion_metrics.compute_one(name, targets, champion.outputs[rows])
        if np.isfinite([value, champion_value]).all():
            gains[part] = float(metrics[name].gain(value, champion_value))
    return gains


def _slices(evidence: Evidence, config: Gates) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Name and rows, bool (rows,), of each slice that is large enough."""
    slices = evidence.task.comparison.slices(evidence.targets)
    if evidence.lengths is not None:
        by_length = slices_by_length(evidence.lengths, config.slices.lengths)
        slices += [(f"length {low} to {high}", rows) for low, high, rows in by_length]
    for name, rows in slices:
        if rows.sum() >= config.slices.min_rows:
            yield name, rows


GATES: tuple[Gate, ...] = (slice_bars, no_slice_loses)
