"""Checks that a sweep can run: its search space against the configuration's limits, and its
optional dependencies."""

import importlib.util
from collections.abc import Mapping
from typing import Any

from hydra.errors import HydraException

from conveyor.config import CONSTRAINT, ConfigError, FitConfig, Sweep, SweepConfig, narrow, overlay
from conveyor.config.budget import has_few_rows
from conveyor.errors import Extra, missing_package
from conveyor.sweep.grammar import EXAMPLES, parse_line
from conveyor.sweep.space import PLACE, Dimension, Space, join_settings, look_up
from conveyor.tasks.objectives import COSTS, VALIDATION
from conveyor.tasks.options import Head
from conveyor.tasks.task import load_metrics

SEARCHED = ("model", "head", "train")
# What a choice needs beyond the core: packages, and the extra that brings them.
EXTRAS: dict[str, tuple[str, Extra]] = {
    "gp": ("torch", "gp"),
    "cmaes": ("cmaes", "cmaes"),
    "ray": ("ray", "ray"),
}


def find_obstacle(sweep: Sweep, counts: Mapping[str, int]) -> str:
    """Return why no search runs; empty if one does.

    Args:
        counts: rows of each split.
    """
    rows = counts["train"] + counts["validation"]
    if not sweep.enabled:
        return "sweep.enabled is false"
    if sweep.enabled == "auto" and has_few_rows(rows):
        return (
            f"{rows} training and validation rows are too few to choose by; sweep.enabled=true "
            "searches anyway, best with sweep.repeats={count: 3, by: folds}"
        )
    return ""


def check_sweep(config: SweepConfig) -> None:
    """Check before a sweep starts what would otherwise stop it halfway.

    Both ends of every interval, and every choice, must meet the configuration's limits.

    Raises:
        ConfigError: names all lines that are no sweep, all keys outside `model`, `head` and
            `train`, and all values that the configuration refuses; or the sampler cannot list the
            space, or a package is missing.
    """
    sweep = config.sweep
    if not sweep.enabled:
        return
    space, problems = _parse(config)
    condition_keys = {key for dimension in space.dimensions for key in dimension.when}
    base = narrow(config, FitConfig)
    for dimension in space.dimensions:
        problems += _find_refused_values(dimension, base, condition_keys)
    _raise_problems("the search space is not valid:", problems)
    problems = [
        f"  sweep.space.{dimension.key}: {sweep.sampler.name} needs a list of values; "
        "write choice(...) or range(...)"
        for dimension in space.dimensions
        if sweep.sampler.name in ("grid", "brute_force") and not dimension.line.options
    ]
    for field, value in (("sampler", sweep.sampler.name), ("executor", sweep.executor)):
        if value in EXTRAS and importlib.util.find_spec(EXTRAS[value][0]) is None:
            problems.append("  " + missing_package(f"sweep.{field}={value}", *EXTRAS[value]))
    _raise_problems("the sweep cannot run:", problems)


def check_objectives(sweep: Sweep, head: Head) -> None:
    """Check that trials of the data set's task have the objectives, and compare by them.

    Args:
        head: options of the network's head, which name the task.

    Raises:
        ConfigError: an objective or a constraint is a metric of another task, or the space varies
            what the validation loss measures while that is the objective.
    """
    loss = f"{VALIDATION}loss"
    names = [loss, *(f"{VALIDATION}{name}" for name in load_metrics(head.task)), *COSTS]
    constrained = [match[1] for match in map(CONSTRAINT.match, sweep.constraints) if match]
    problems = [
        f"  sweep.{field}: expected some of {', '.join(names)} for {head.task}; got {name!r}"
        for field, measured in (("objectives", sweep.objectives), ("constraints", constrained))
        for name in measured
        if name not in names
    ]
    varied = [
        key
        for key in map("head.{}".format, head.kinds_of_loss)
        if any(f"{name}.".startswith(f"{key}.") for name in sweep.space)
    ]
    if sweep.enabled and varied and loss in sweep.objectives:
        problems.append(
            f"  sweep.objectives: expected a metric, since losses of different {varied[0]} do not "
            f"compare; got {loss}. Set one of {', '.join(names[1 : -len(COSTS)])}"
        )
    _raise_problems("the sweep cannot run:", problems)


def _find_refused_values(
    dimension: Dimension, base: FitConfig, condition_keys: set[str]
) -> list[str]:
    """Return why the configuration refuses a key or some of its values.

    Args:
        condition_keys: keys that a `when` names.
    """
    key, problems = dimension.key, []
    if "." not in key:
        return [] if key in condition_keys else [
            f"  sweep.space.{key}: a name without a dot is no setting, and no `when` uses it. "
            "Write a setting as model.…, head.… or train.…"
        ]  # fmt: skip
    if key.partition(".")[0] not in SEARCHED:
        return [f"  sweep.space.{key}: only keys of {', '.join(SEARCHED)} can vary"]
    for value in dimension.line.probes():
        try:
            overlay(base, join_settings({key: value}), origin=f"sweep.space.{key}")
        except ConfigError as error:
            problems.append(f"  {str(error).splitlines()[-1].strip()}")
    return problems


def parse(config: SweepConfig) -> Space:
    """Parse every line of `sweep.space`.

    The configuration holds the values of keys that a `when` names and that are not searched.

    Raises:
        ConfigError: names all lines that are no sweep, with examples of lines that are.
    """
    space, problems = _parse(config)
    _raise_problems("the search space is not valid:", problems)
    return space


def _parse(config: SweepConfig) -> tuple[Space, list[str]]:
    space = config.sweep.space
    dimensions: list[Dimension] = []
    problems: list[str] = []
    for key, written in sorted(space.items()):
        lines = written if isinstance(written, list) else [written]
        for number, line in enumerate(lines):
            try:
                name = f"{key} ({number + 1})" if len(lines) > 1 else key
                dimensions.append(_parse_dimension(key, name, line))
            except (HydraException, ValueError) as error:
                problems.append(f"  sweep.space.{key}: got {line!r}; {error}. Write {EXAMPLES}")
        if (place := PLACE.fullmatch(key)) and place[1] in space:
            problems.append(f"  sweep.space.{key}: {place[1]} is searched as a whole too")
    fixed: dict[str, Any] = {}
    for dimension in dimensions:
        for other in dimension.when:
            if other in space:
                continue
            try:
                fixed[other] = look_up(_flatten(config), other)
            except (KeyError, IndexError, TypeError):
                problems.append(
                    f"  sweep.space.{dimension.key}: `when` asks for {other}, which is neither in "
                    "the space nor a setting of model, head or train"
                )
    ordered, cycle = _sort_by_condition(dimensions)
    if cycle:
        problems.append(
            f"  sweep.space: expected conditions without a cycle; got one of {', '.join(cycle)}"
        )
    return Space(ordered, fixed), problems


def _parse_dimension(key: str, name: str, line: Any) -> Dimension:
    if not isinstance(line, Mapping) or "type" in line:
        return Dimension(key, name, parse_line(line), {})
    if set(line) != {"when", "draw"} or not isinstance(line["when"], Mapping):
        raise ValueError("a line with a condition is {when: {other.key: value}, draw: choice(...)}")
    when = {k: v if isinstance(v, list) else [v] for k, v in line["when"].items()}
    return Dimension(key, name, parse_line(line["draw"]), when)


def _sort_by_condition(dimensions: list[Dimension]) -> tuple[list[Dimension], list[str]]:
    """Sort dimensions behind those that their `when` names. Also returns the keys of a cycle."""
    ordered: list[Dimension] = []
    waiting = list(dimensions)
    while waiting:
        blocked = {d.key for d in waiting}
        ready = [d for d in waiting if not blocked & d.when.keys()]
        if not ready:
            return ordered, sorted(blocked)
        ordered += ready
        waiting = [d for d in waiting if d not in ready]
    return ordered, []


def _flatten(config: FitConfig) -> dict[str, Any]:
    sections = config.model_dump(mode="json", include=set(SEARCHED))
    return {f"{s}.{k}": v for s, values in sections.items() for k, v in values.items()}


def _raise_problems(title: str, problems: list[str]) -> None:
    if problems:
        raise ConfigError("\n".join([title, *dict.fromkeys(problems)]))
