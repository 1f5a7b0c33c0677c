"""The search space, written in Hydra's sweep grammar and drawn from by Optuna.

A space written for hydra-optuna-sweeper moves over as it is:
`choice(a, b)`, `range(1, 9)`, `interval(0.1, 0.5)`, `int(interval(1, 8))`,
`tag(log, interval(1e-4, 1e-2))`, or a bare list `a, b`.
Grammar: https://hydra.cc/docs/advanced/override_grammar/extended/
"""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    QuotedString,
    RangeSweep,
)
from hydra.errors import HydraException

from conveyor.config import Config, ConfigError, overlay

if TYPE_CHECKING:
    from optuna import Trial

Sweep = ChoiceSweep | IntervalSweep | RangeSweep
SEARCHED = ("model", "train")
EXAMPLES = "choice([32], [64, 32]), interval(0.1, 0.5), range(1, 9), tag(log, interval(1e-4, 1e-2))"


def parse(space: Mapping[str, str]) -> dict[str, Sweep]:
    """Parse every line of a space.

    Raises:
        ConfigError: all lines that are no sweep, each with what came and examples of what works.
    """
    parsed, problems = _parse_all(space)
    _raise(problems)
    return parsed


def check(config: Config) -> None:
    """Try both ends of every interval and every choice against the configuration's own limits.

    Raises:
        ConfigError: all lines that are no sweep, every key that is not of `model` or `train`, and
            every candidate value that could not run.
    """
    base = Config.model_construct(
        **{key: getattr(config, key) for key in SEARCHED}  # what a trial changes
    )
    parsed, problems = _parse_all(config.sweep.space)
    for key, sweep in parsed.items():
        if not key.startswith(tuple(f"{section}." for section in SEARCHED)):
            problems.append(f"  sweep.space.{key}: only keys of {' and '.join(SEARCHED)} can vary")
            continue
        for value in _probes(sweep):
            try:
                overlay(base, {key: value}, origin=f"sweep.space.{key}")
            except ConfigError as error:
                problems.append(f"  {str(error).splitlines()[-1].strip()}")
    _raise(problems)


def logarithmic(space: Mapping[str, str]) -> set[str]:
    """Keys that are searched on a log scale."""
    return {key for key, sweep in parse(space).items() if "log" in sweep.tags}


def draw(trial: "Trial", space: Mapping[str, Sweep]) -> dict[str, Any]:
    """Ask a trial for one value of every key."""
    return {key: _draw(trial, key, sweep) for key, sweep in space.items()}


def _draw(trial: "Trial", key: str, sweep: Sweep) -> Any:
    log = "log" in sweep.tags
    match sweep:
        case IntervalSweep(start=low, end=high) if _is_int(sweep):
            return trial.suggest_int(key, int(_number(low)), int(_number(high)), log=log)
        case IntervalSweep(start=low, end=high):
            return trial.suggest_float(key, _number(low), _number(high), log=log)
        case RangeSweep() if sweep.shuffle or not _is_int(sweep):
            options = list(_options(sweep))
            return options[trial.suggest_categorical(key, range(len(options)))]
        case RangeSweep():
            options = list(_options(sweep))
            step = 1 if log else max(1, round(abs(float(sweep.step))))
            return trial.suggest_int(key, min(options), max(options), step=step, log=log)
        case ChoiceSweep():  # by index: Optuna's categories are scalars, ours may be lists
            options = list(_options(sweep))
            return options[trial.suggest_categorical(key, range(len(options)))]


def _parse_all(space: Mapping[str, str]) -> tuple[dict[str, Sweep], list[str]]:
    parsed: dict[str, Sweep] = {}
    problems = []
    for key, text in space.items():
        try:
            parsed[key] = _parse(key, text)
        except (HydraException, ValueError) as error:
            problems.append(f"  sweep.space.{key}: {text!r} came; {error}. Write {EXAMPLES}")
    return parsed, problems


def _raise(problems: list[str]) -> None:
    if problems:
        raise ConfigError("\n".join(["the search space is not valid:", *dict.fromkeys(problems)]))


def _parse(key: str, text: str) -> Sweep:
    if not isinstance(text, str):
        raise ValueError(
            "a space is one line of Hydra's sweep grammar, not a mapping; "
            "{type: float, low: 0.1, high: 0.5} is now interval(0.1, 0.5)"
        )
    # Hydra's choice() refuses null, its bare list takes it; they mean the same.
    nullable = re.fullmatch(r"\s*choice\((.*\bnull\b.*)\)\s*", text)
    options = nullable[1] if nullable else text
    override: Override = OverridesParser.create().parse_override(f"{key}={options}")
    sweep: Any = override.value()
    if not isinstance(sweep, ChoiceSweep | IntervalSweep | RangeSweep):
        raise ValueError("that is one value, not a search")
    if isinstance(sweep, RangeSweep) and not list(_options(sweep)):
        raise ValueError("the range is empty")
    if isinstance(sweep, IntervalSweep) and not _number(sweep.start) < _number(sweep.end):
        raise ValueError("the interval's start must lie below its end")
    if "log" in sweep.tags:
        if isinstance(sweep, ChoiceSweep):
            raise ValueError("log is for intervals and ranges")
        if min(_extremes(sweep)) <= 0:
            raise ValueError("a log scale needs numbers above 0")
        if isinstance(sweep, RangeSweep) and sweep.step != 1:
            raise ValueError("a range on a log scale has step 1; list the values in choice(...)")
    if unknown := sweep.tags - {"log"}:
        raise ValueError(f"the tags {sorted(unknown)} mean nothing here; `log` does")
    return sweep


def _options(sweep: ChoiceSweep | RangeSweep) -> Iterator[Any]:
    if isinstance(sweep, RangeSweep):
        yield from sweep.range()
        return
    for option in sweep.list:
        yield _plain(option)


def _plain(value: Any) -> Any:
    if isinstance(value, QuotedString):
        return value.text
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _extremes(sweep: Sweep) -> list[Any]:
    if isinstance(sweep, IntervalSweep):
        ends = [_number(sweep.start), _number(sweep.end)]
        return [int(end) for end in ends] if _is_int(sweep) else ends
    options = list(_options(sweep))
    return [min(options), max(options)] if isinstance(sweep, RangeSweep) else options


def _probes(sweep: Sweep) -> list[Any]:
    """Values that stand for all; a fraction too, for it shows that a field takes integers only."""
    ends = _extremes(sweep)
    if isinstance(sweep, IntervalSweep) and not _is_int(sweep):
        ends.insert(1, ends[0] + 0.381966 * (ends[1] - ends[0]))
    return ends


def _is_int(sweep: IntervalSweep | RangeSweep) -> bool:
    """Whether the bounds are whole numbers; `int(interval(1, 8))` casts its bounds to int."""
    bounds = [sweep.start, sweep.end if isinstance(sweep, IntervalSweep) else sweep.stop]
    if isinstance(sweep, RangeSweep):
        bounds.append(sweep.step)
    return all(isinstance(bound, int) for bound in bounds)


def _number(bound: Any) -> float:
    if isinstance(bound, bool) or not isinstance(bound, int | float):
        raise ValueError(f"{bound!r} is not a number")
    return float(bound)
