"""Whether a sweep can run: its space against the configuration's limits, and what it needs."""

import importlib.util
from collections.abc import Mapping
from typing import Any

from hydra.errors import HydraException

from conveyor.config import ConfigError, FitConfig, SweepConfig, narrow, overlay
from conveyor.errors import missing_package
from conveyor.sweep import grammar
from conveyor.sweep.grammar import EXAMPLES
from conveyor.sweep.space import PLACE, Dimension, Space, pick, settings

SEARCHED = ("model", "train")
# What a choice needs beyond the core: packages, and the extra that brings them.
EXTRAS = {
    "sampler": {"gp": ("torch", "gp"), "cmaes": ("cmaes", "cmaes")},
    "executor": {"ray": ("ray", "ray")},
}


def check(config: SweepConfig) -> None:
    """Refuse at once what a sweep could only refuse in its middle.

    Raises:
        ConfigError: a space that is not valid (see `check_space`), a sampler that cannot walk it,
            a package that is missing, with the extra that brings it.
    """
    if not config.sweep.enabled:
        return
    check_space(config)
    sweep = config.sweep
    problems = []
    if sweep.sampler.name in ("grid", "brute_force"):
        endless = [d.key for d in parse(sweep.space, config).dimensions
                   if not grammar.options_of(d.sweep)]  # fmt: skip
        problems += [
            f"  sweep.space.{key}: {sweep.sampler.name} needs a list of values; "
            "write choice(...) or range(...)" for key in endless
        ]  # fmt: skip
    chosen = {"sampler": sweep.sampler.name, "executor": sweep.executor}
    for field, value in chosen.items():
        package, extra = EXTRAS[field].get(value, ("", ""))
        if package and importlib.util.find_spec(package) is None:
            problems.append("  " + missing_package(f"sweep.{field}={value}", package, extra))
    if problems:
        raise ConfigError("\n".join(["the sweep cannot run:", *problems]))


def check_space(config: SweepConfig) -> None:
    """Try both ends of every interval and every choice against the configuration's own limits.

    Raises:
        ConfigError: all lines that are no sweep, every key that is not of `model` or `train`, and
            every candidate value that could not run.
    """
    base = narrow(config, FitConfig)
    parsed, problems = _parse(config.sweep.space, config)
    for dimension in parsed.dimensions:
        key = dimension.key
        if "." not in key:
            steered = any(key in other.when for other in parsed.dimensions)
            if not steered:
                problems.append(
                    f"  sweep.space.{key}: a name without a dot only steers, and no `when` asks "
                    "for it; settings are written as model.… or train.…"
                )
            continue
        if not key.startswith(tuple(f"{section}." for section in SEARCHED)):
            problems.append(f"  sweep.space.{key}: only keys of {' and '.join(SEARCHED)} can vary")
            continue
        for value in grammar.probes(dimension.sweep):
            try:
                overlay(base, settings({key: value}), origin=f"sweep.space.{key}")
            except ConfigError as error:
                problems.append(f"  {str(error).splitlines()[-1].strip()}")
    _raise(problems)


def parse(space: Mapping[str, Any], config: FitConfig | None = None) -> Space:
    """Parse every line of a space.

    Args:
        config: has the values of keys that steer without being searched.

    Raises:
        ConfigError: all lines that are no sweep, each with what came and examples of what works.
    """
    parsed, problems = _parse(space, config)
    _raise(problems)
    return parsed


def _parse(space: Mapping[str, Any], config: FitConfig | None) -> tuple[Space, list[str]]:
    found: list[Dimension] = []
    problems: list[str] = []
    for key, written in sorted(space.items()):
        lines = written if isinstance(written, list) else [written]
        for number, line in enumerate(lines):
            try:
                name = f"{key} ({number + 1})" if len(lines) > 1 else key
                found.append(_dimension(key, name, line))
            except (HydraException, ValueError) as error:
                problems.append(f"  sweep.space.{key}: {line!r} came; {error}. Write {EXAMPLES}")
        if (place := PLACE.fullmatch(key)) and place[1] in space:
            problems.append(f"  sweep.space.{key}: {place[1]} is searched as a whole too")
    fixed: dict[str, Any] = {}
    for dimension in found:
        for other in dimension.when:
            if other in space:
                continue
            try:
                fixed[other] = pick(_flat(config), other)
            except (KeyError, IndexError, TypeError):
                problems.append(
                    f"  sweep.space.{dimension.key}: `when` asks for {other}, which is neither in "
                    "the space nor a setting of model or train"
                )
    ordered, circle = _in_order(found)
    if circle:
        problems.append(f"  sweep.space: {', '.join(circle)} wait for each other in their `when`")
    return Space(ordered, fixed), problems


def _dimension(key: str, name: str, line: Any) -> Dimension:
    if not isinstance(line, Mapping) or "type" in line:
        return Dimension(key, name, grammar.parse_line(line), {})
    if set(line) != {"when", "draw"} or not isinstance(line["when"], Mapping):
        raise ValueError("a line with a condition is {when: {other.key: value}, draw: choice(...)}")
    when = {k: v if isinstance(v, list) else [v] for k, v in line["when"].items()}
    return Dimension(key, name, grammar.parse_line(line["draw"]), when)


def _in_order(found: list[Dimension]) -> tuple[list[Dimension], list[str]]:
    """Lines behind those that steer them, and the keys for which there is no such order."""
    ordered: list[Dimension] = []
    waiting = list(found)
    while waiting:
        blocked = {d.key for d in waiting}
        ready = [d for d in waiting if not blocked & d.when.keys()]
        if not ready:
            return ordered, sorted(blocked)
        ordered += ready
        waiting = [d for d in waiting if d not in ready]
    return ordered, []


def _flat(config: FitConfig | None) -> dict[str, Any]:
    if config is None:
        return {}
    sections = config.model_dump(mode="json", include=set(SEARCHED))
    return {f"{s}.{k}": v for s, values in sections.items() for k, v in values.items()}


def _raise(problems: list[str]) -> None:
    if problems:
        raise ConfigError("\n".join(["the search space is not valid:", *dict.fromkeys(problems)]))
