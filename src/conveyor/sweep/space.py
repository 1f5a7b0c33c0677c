"""The search space: lines of Hydra's sweep grammar, some of them only `when` another value is so.

    space:
      train.optimizer: choice(adam, sgd)
      train.learning_rate:                  # another range for each optimizer
        - {when: {train.optimizer: adam}, draw: "tag(log, interval(1e-4, 1e-2))"}
        - {when: {train.optimizer: sgd}, draw: "tag(log, interval(1e-2, 1))"}
      layers: range(1, 2)                   # a name without a dot only steers other keys
      model.units.0: choice(32, 64)
      model.units.1: {when: {layers: 2}, draw: "choice(16, 32)"}

Keys that end in a number are places of a list; places that do not exist are left out of it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna import Trial
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from conveyor.sweep import grammar
from conveyor.sweep.grammar import Sweep

PLACE = re.compile(r"(.+)\.(\d+)")


@dataclass(frozen=True)
class Dimension:
    """One line of the space.

    Attributes:
        key: setting, place of a list, or a name that only steers.
        name: of Optuna's parameter; the key, and a number behind it where it has several lines.
        when: other keys and the values under which this line is drawn.
    """

    key: str
    name: str
    sweep: Sweep
    when: Mapping[str, list[Any]]

    def value(self, label: Any) -> Any:
        """The setting's value for one of Optuna's."""
        if not isinstance(grammar.distribution(self.sweep), CategoricalDistribution):
            return label
        options = grammar.options_of(self.sweep)
        return options[grammar.labels(options).index(label)]

    def label(self, value: Any) -> Any:
        """Optuna's value for the setting's.

        Raises:
            ValueError: the line never draws it.
        """
        options = grammar.options_of(self.sweep)
        if isinstance(grammar.distribution(self.sweep), CategoricalDistribution):
            return grammar.labels(options)[options.index(value)]
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ValueError(f"{value!r} is not a number")
        low, high = grammar.extremes(self.sweep)
        if not low <= value <= high or (
            options and not np.isclose(value, options, rtol=1e-9).any()
        ):
            raise ValueError(f"{value!r} is not in the space")
        return value


@dataclass(frozen=True)
class Space:
    """All lines, those that steer before those that they steer.

    Attributes:
        fixed: values of keys that steer, but are not searched.
    """

    dimensions: Sequence[Dimension]
    fixed: Mapping[str, Any]

    @property
    def conditional(self) -> bool:
        return any(dimension.when for dimension in self.dimensions)

    @property
    def keys(self) -> list[str]:
        """Each key once, in alphabetical order."""
        return sorted({dimension.key for dimension in self.dimensions})

    def walk(self, pick: Callable[[Dimension], Any]) -> dict[str, Any]:
        """Values by key, each from `pick`, of the lines that exist under the values before."""
        found: dict[str, Any] = {}
        for dimension in self.dimensions:
            if self._exists(dimension, found):
                found[dimension.key] = pick(dimension)
        return found

    def draw(self, trial: Trial) -> dict[str, Any]:
        """Ask a trial for one value of every key that exists."""
        return self.walk(lambda dimension: dimension.value(_suggest(trial, dimension)))

    def values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Values by key of a trial's Optuna parameters."""
        lines = {dimension.name: dimension for dimension in self.dimensions}
        return {lines[n].key: lines[n].value(v) for n, v in params.items() if n in lines}

    def params(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Optuna's parameters for values by key, as far as the space can draw them.

        Returns:
            The parameters, and for each key that is left to the sampler why.
        """
        params: dict[str, Any] = {}
        left = []
        known: dict[str, Any] = {}
        for dimension in self.dimensions:
            if not self._exists(dimension, known):
                continue
            try:
                value = pick(values, dimension.key)
            except (KeyError, IndexError, TypeError):
                left.append(f"{dimension.key} is not given")
                continue
            try:
                params[dimension.name] = dimension.label(value)
                known[dimension.key] = value
            except ValueError:
                left.append(f"{dimension.key}={value!r} is not in the space")
        return params, left

    def every(self) -> Iterator[dict[str, Any]]:
        """Optuna's parameters of every configuration, the last key changing fastest."""
        return self._every(list(self.dimensions), {}, {})

    def _every(
        self, lines: list[Dimension], known: dict[str, Any], params: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        if not lines:
            yield params
            return
        line, *rest = lines
        if not self._exists(line, known):
            yield from self._every(rest, known, params)
            return
        for option in grammar.options_of(line.sweep):
            yield from self._every(
                rest, {**known, line.key: option}, {**params, line.name: line.label(option)}
            )

    def _exists(self, dimension: Dimension, found: Mapping[str, Any]) -> bool:
        known = {**self.fixed, **found}
        return all(
            key in known and known[key] in allowed for key, allowed in dimension.when.items()
        )


def settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by key as settings: places joined to lists, names that only steer left out."""
    found: dict[str, Any] = {}
    places: dict[str, dict[int, Any]] = {}
    for key, value in values.items():
        if place := PLACE.fullmatch(key):
            places.setdefault(place[1], {})[int(place[2])] = value
        elif "." in key:
            found[key] = value
    lists = {key: [of[i] for i in sorted(of)] for key, of in places.items()}
    return dict(sorted({**found, **lists}.items()))


def pick(values: Mapping[str, Any], key: str) -> Any:
    """The value under a key, which may be a place of a list.

    Raises:
        KeyError, IndexError, TypeError: there is none.
    """
    if key in values:
        return values[key]
    if place := PLACE.fullmatch(key):
        return values[place[1]][int(place[2])]
    raise KeyError(key)


def _suggest(trial: Trial, dimension: Dimension) -> Any:
    match grammar.distribution(dimension.sweep):
        case IntDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_int(dimension.name, low, high, step=step, log=log)
        case FloatDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_float(dimension.name, low, high, step=step, log=log)
        case CategoricalDistribution(choices=choices):
            return trial.suggest_categorical(dimension.name, choices)
    raise AssertionError("a line is one of these three")
