"""One line of a search space, in Hydra's sweep grammar, as one Optuna distribution.

A line written for hydra-optuna-sweeper means the same here: `choice(a, b)`, `range(1, 9)` (its
last value included, as that plugin reads it), `interval(0.1, 0.5)`, `int(interval(1, 8))`,
`tag(log, interval(1e-4, 1e-2))`, `shuffle(range(1, 9))`, or a bare list `a, b`.
Grammar: https://hydra.cc/docs/advanced/override_grammar/extended/
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hydra.core.override_parser import types
from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna import distributions
from optuna.distributions import CategoricalDistribution

IRRATIONAL = 0.381966  # share of an interval; no multiple of a round step
EXAMPLES = "choice([32], [64, 32]), interval(0.1, 0.5), range(1, 9), tag(log, interval(1e-4, 1e-2))"


@dataclass(frozen=True)
class Line:
    """One line of a space.

    Attributes:
        distribution: the Optuna distribution that hydra-optuna-sweeper uses for the same line.
            Optuna's categories cannot be lists, so lists are JSON text in them.
        options: all values, in order; empty for an interval of real numbers.
    """

    distribution: distributions.BaseDistribution
    options: Sequence[Any]

    @property
    def ends(self) -> tuple[Any, Any]:
        """The lowest and the highest number of an interval, or of a range in order."""
        if self.options:
            first, last = self.options[0], self.options[-1]
            return min(first, last), max(first, last)
        assert isinstance(self.distribution, distributions.FloatDistribution)
        return self.distribution.low, self.distribution.high

    def probes(self) -> list[Any]:
        """Return values with which a setting's limits are checked: both ends of an interval, and a
        fraction between them, which a setting of whole numbers refuses; or all options."""
        if isinstance(self.distribution, CategoricalDistribution):
            return list(self.options)
        low, high = self.ends
        return [low, high] if self.options else [low, low + IRRATIONAL * (high - low), high]


def parse_line(text: Any) -> Line:
    """Parse one line of a search space.

    Raises:
        HydraException, ValueError: it is no sweep; the message says why.
    """
    if isinstance(text, Mapping):
        raise ValueError(f"a space is one line of Hydra's sweep grammar{_translate_mapping(text)}")
    if not isinstance(text, str):
        raise ValueError("expected several values; this is one")
    # Hydra's choice() refuses null, its bare list takes it; they mean the same.
    nullable = re.fullmatch(r"\s*choice\((.*\bnull\b.*)\)\s*", text)
    options = nullable[1] if nullable else text
    sweep: Any = OverridesParser.create().parse_override(f"key={options}").value()
    log = "log" in getattr(sweep, "tags", ())
    if isinstance(sweep, types.IntervalSweep):
        line = _parse_interval(sweep, log=log)
    elif isinstance(sweep, types.RangeSweep):
        line = _parse_range(sweep, log=log)
    elif isinstance(sweep, types.ChoiceSweep):
        line = _make_categories([_to_plain(option) for option in sweep.list])
    else:
        raise ValueError("expected several values; this is one")
    if log and isinstance(line.distribution, CategoricalDistribution):
        raise ValueError("log is for intervals and ranges")
    if unknown := sweep.tags - {"log"}:
        raise ValueError(f"unknown tags {sorted(unknown)}; expected `log`")
    return line


def _parse_interval(sweep: types.IntervalSweep, *, log: bool) -> Line:
    low, high = _check_number(sweep.start), _check_number(sweep.end)
    if not low < high:
        raise ValueError("the interval's start must lie below its end")
    if log and low <= 0:
        raise ValueError("a log scale needs numbers above 0")
    if isinstance(low, int) and isinstance(high, int):  # int(interval(1, 8)) casts its bounds
        integers = distributions.IntDistribution(low, high, log=log)
        return Line(integers, range(low, high + 1))
    return Line(distributions.FloatDistribution(low, high, log=log), [])


def _parse_range(sweep: types.RangeSweep, *, log: bool) -> Line:
    start, stop, step = (_check_number(v) for v in (sweep.start, sweep.stop, sweep.step))
    kind = int if all(isinstance(v, int) for v in (start, stop, step)) else float
    count = int(np.floor((stop - start) / step + 1e-9)) + 1
    options: list[Any] = [kind(start + i * step) for i in range(count)]
    if sweep.shuffle:  # the plugin leaves the last value out then, as Hydra does
        options = [value for value in options if value != stop]
    if not options:
        raise ValueError("the range is empty")
    if sweep.shuffle:
        return _make_categories(options)
    low, high = min(options), max(options)
    if log and low <= 0:
        raise ValueError("a log scale needs numbers above 0")
    if log and not (kind is int and step == 1):
        raise ValueError("a range on a log scale has step 1; list the values in choice(...)")
    if kind is int:
        return Line(distributions.IntDistribution(low, high, log, abs(step)), options)
    return Line(distributions.FloatDistribution(low, high, step=abs(step)), options)


def _make_categories(options: list[Any]) -> Line:
    plain = [json.dumps(o) if isinstance(o, list) else o for o in options]
    if any(plain.count(p) > 1 for p in plain):  # True == 1 == 1.0
        plain = [json.dumps(o) for o in options]
    return Line(CategoricalDistribution(plain), options)


def _translate_mapping(old: Mapping[str, Any]) -> str:
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


def _to_plain(value: Any) -> Any:
    if isinstance(value, types.QuotedString):
        return value.text
    return [_to_plain(item) for item in value] if isinstance(value, list) else value


def _check_number(bound: Any) -> Any:
    if isinstance(bound, bool) or not isinstance(bound, int | float):
        raise ValueError(f"{bound!r} is not a number")
    return bound
