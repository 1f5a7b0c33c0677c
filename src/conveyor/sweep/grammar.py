"""One line of a search space, in Hydra's sweep grammar, as one Optuna distribution.

A line written for hydra-optuna-sweeper means the same here: `choice(a, b)`, `range(1, 9)` (its
last value included, as that plugin reads it), `interval(0.1, 0.5)`, `int(interval(1, 8))`,
`tag(log, interval(1e-4, 1e-2))`, `shuffle(range(1, 9))`, or a bare list `a, b`.
Grammar: https://hydra.cc/docs/advanced/override_grammar/extended/
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    QuotedString,
    RangeSweep,
)
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

Sweep = ChoiceSweep | IntervalSweep | RangeSweep
EXAMPLES = "choice([32], [64, 32]), interval(0.1, 0.5), range(1, 9), tag(log, interval(1e-4, 1e-2))"


def parse_line(text: Any) -> Sweep:
    """Parse one line of a search space.

    Raises:
        HydraException, ValueError: it is no sweep; the message says why.
    """
    if isinstance(text, Mapping):
        raise ValueError(f"a space is one line of Hydra's sweep grammar{_new_line(text)}")
    if not isinstance(text, str):
        raise ValueError("that is one value, not a search")
    # Hydra's choice() refuses null, its bare list takes it; they mean the same.
    nullable = re.fullmatch(r"\s*choice\((.*\bnull\b.*)\)\s*", text)
    options = nullable[1] if nullable else text
    override: Override = OverridesParser.create().parse_override(f"key={options}")
    sweep: Any = override.value()
    if not isinstance(sweep, ChoiceSweep | IntervalSweep | RangeSweep):
        raise ValueError("that is one value, not a search")
    if isinstance(sweep, RangeSweep) and not options_of(sweep):
        raise ValueError("the range is empty")
    if isinstance(sweep, IntervalSweep) and not _number(sweep.start) < _number(sweep.end):
        raise ValueError("the interval's start must lie below its end")
    if "log" in sweep.tags:
        if isinstance(sweep, ChoiceSweep) or (isinstance(sweep, RangeSweep) and sweep.shuffle):
            raise ValueError("log is for intervals and ranges")
        if min(extremes(sweep)) <= 0:
            raise ValueError("a log scale needs numbers above 0")
        if isinstance(sweep, RangeSweep) and not (_is_int(sweep) and sweep.step == 1):
            raise ValueError("a range on a log scale has step 1; list the values in choice(...)")
    if unknown := sweep.tags - {"log"}:
        raise ValueError(f"unknown tags {sorted(unknown)}; expected `log`")
    return sweep


def distribution(sweep: Sweep) -> BaseDistribution:
    """Return the Optuna distribution that hydra-optuna-sweeper uses for the same line.

    Optuna's categories cannot be lists, so lists are JSON text in them.
    """
    log = "log" in sweep.tags
    match sweep:
        case IntervalSweep(start=low, end=high) if _is_int(sweep):
            return IntDistribution(int(_number(low)), int(_number(high)), log=log)
        case IntervalSweep(start=low, end=high):
            return FloatDistribution(_number(low), _number(high), log=log)
        case RangeSweep() if not sweep.shuffle:
            low, high = extremes(sweep)
            step = abs(_number(sweep.step))
            if _is_int(sweep):
                return IntDistribution(low, high, step=int(step), log=log)
            return FloatDistribution(low, high, step=step)
        case _:
            return CategoricalDistribution(labels(options_of(sweep)))


def options_of(sweep: Sweep) -> list[Any]:
    """Return all values of a sweep, in order; none for an interval of real numbers."""
    match sweep:
        case ChoiceSweep():
            return [_plain(option) for option in sweep.list]
        case RangeSweep():
            start, stop, step = (_number(v) for v in (sweep.start, sweep.stop, sweep.step))
            count = int(np.floor((stop - start) / step + 1e-9)) + 1
            kind = int if _is_int(sweep) else float
            values = [kind(start + i * step) for i in range(max(0, count))]
            # With shuffle, the plugin leaves the last value out, as Hydra does.
            return [v for v in values if not sweep.shuffle or v != stop]
        case IntervalSweep() if _is_int(sweep):
            low, high = extremes(sweep)
            return list(range(low, high + 1))
    return []


def labels(options: list[Any]) -> list[Any]:
    """Return Optuna's categories for these options, in their order."""
    plain = [json.dumps(o) if isinstance(o, list) else o for o in options]
    clash = any(plain.count(p) > 1 for p in plain)  # True == 1 == 1.0
    return [json.dumps(o) for o in options] if clash else plain


def extremes(sweep: Sweep) -> list[Any]:
    """Return the lowest and the highest value, or every value of a choice."""
    if isinstance(sweep, IntervalSweep):
        ends = [_number(sweep.start), _number(sweep.end)]
        return [int(end) for end in ends] if _is_int(sweep) else ends
    options = options_of(sweep)
    return [min(options), max(options)] if isinstance(sweep, RangeSweep) else options


def probes(sweep: Sweep) -> list[Any]:
    """Return values that stand for all; with a fraction, which an integer field refuses."""
    ends = extremes(sweep)
    if isinstance(sweep, IntervalSweep) and not _is_int(sweep):
        ends.insert(1, ends[0] + 0.381966 * (ends[1] - ends[0]))
    return ends


def _new_line(old: Mapping[str, Any]) -> str:
    """Return the line that replaces a mapping of hydra-optuna-sweeper 1.1."""
    try:
        match old["type"]:
            case "categorical":
                line = f"choice({', '.join(json.dumps(c) for c in old['choices'])})"
            case kind if old.get("step") is not None:
                step = "" if old["step"] == 1 and kind == "int" else f", {old['step']}"
                line = f"range({old['low']}, {old['high']}{step})"
            case kind:
                line = f"interval({old['low']}, {old['high']})"
                line = f"int({line})" if kind == "int" else line
    except KeyError:
        return f", not a mapping, such as {EXAMPLES}"
    return f": write  {f'tag(log, {line})' if old.get('log') else line}"


def _plain(value: Any) -> Any:
    if isinstance(value, QuotedString):
        return value.text
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _is_int(sweep: IntervalSweep | RangeSweep) -> bool:
    """Return whether the bounds are integers; `int(interval(1, 8))` casts its bounds to int."""
    bounds = [sweep.start, sweep.end if isinstance(sweep, IntervalSweep) else sweep.stop]
    if isinstance(sweep, RangeSweep):
        bounds.append(sweep.step)
    return all(isinstance(bound, int) for bound in bounds)


def _number(bound: Any) -> float:
    if isinstance(bound, bool) or not isinstance(bound, int | float):
        raise ValueError(f"{bound!r} is not a number")
    return float(bound)
