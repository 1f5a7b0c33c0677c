"""The search space: lines of Hydra's sweep grammar, some with a condition (`when`).

    space:
      train.optimizer: choice(adam, sgd)
      train.learning_rate:                  # another range for each optimizer
        - {when: {train.optimizer: adam}, draw: "tag(log, interval(1e-4, 1e-2))"}
        - {when: {train.optimizer: sgd}, draw: "tag(log, interval(1e-2, 1))"}
      layers: range(1, 2)                   # a name without a dot: only a `when` uses it
      model.units.0: choice(32, 64)
      model.units.1: {when: {layers: 2}, draw: "choice(16, 32)"}

A name without a dot is no setting; it lets one choice decide which other keys are searched. A key
that ends in a number is a place of a list; a place whose condition fails is left out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna import Trial
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from conveyor.sweep.grammar import Line

PLACE = re.compile(r"(.+)\.(\d+)")


@dataclass(frozen=True)
class Dimension:
    """One line of the space.

    Attributes:
        key: a setting, a place of a list, or a name that only conditions refer to.
        name: name of Optuna's parameter: the key, with a number if the key has several lines.
        when: the values of other keys under which this line is drawn.
    """

    key: str
    name: str
    line: Line
    when: Mapping[str, list[Any]]

    def value(self, optuna_value: Any) -> Any:
        """Return the setting's value for a value of Optuna's."""
        if not isinstance(self.line.distribution, CategoricalDistribution):
            return optuna_value
        return self.line.options[self.line.distribution.choices.index(optuna_value)]

    def optuna_value(self, value: Any) -> Any:
        """Return Optuna's value for a value of the setting.

        Raises:
            ValueError: the line cannot draw it.
        """
        distribution, options = self.line.distribution, self.line.options
        if isinstance(distribution, CategoricalDistribution):
            return distribution.choices[options.index(value)]
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ValueError(f"{value!r} is not a number")
        low, high = self.line.ends
        if not low <= value <= high or (
            options and not np.isclose(value, options, rtol=1e-9).any()
        ):
            raise ValueError(f"{value!r} is not in the space")
        return value


@dataclass(frozen=True)
class Space:
    """All lines; those that a `when` names stand before those with that `when`.

    Attributes:
        fixed: values of keys that a `when` names and that are not searched.
    """

    dimensions: Sequence[Dimension]
    fixed: Mapping[str, Any]

    @property
    def conditional(self) -> bool:
        """Whether any line has a condition."""
        return any(dimension.when for dimension in self.dimensions)

    @property
    def keys(self) -> list[str]:
        """All keys, in alphabetical order."""
        return sorted({dimension.key for dimension in self.dimensions})

    @property
    def logarithmic_keys(self) -> set[str]:
        """The keys that are searched on a log scale."""
        return {d.key for d in self.dimensions if getattr(d.line.distribution, "log", False)}

    @property
    def ends(self) -> dict[str, tuple[float, float]]:
        """The lowest and the highest number of each key that is drawn from a range."""
        ends: dict[str, tuple[float, float]] = {}
        for dimension in self.dimensions:
            if not isinstance(dimension.line.distribution, CategoricalDistribution):
                low, high = dimension.line.ends
                least, most = ends.get(dimension.key, (low, high))
                ends[dimension.key] = min(low, least), max(high, most)
        return ends

    def draw(self, trial: Trial) -> dict[str, Any]:
        """Let a trial suggest a value for every line whose condition holds."""
        values: dict[str, Any] = {}
        for dimension in self.dimensions:
            if self._applies(dimension, values):
                values[dimension.key] = dimension.value(_suggest(trial, dimension))
        return values

    def values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values by key of Optuna's parameters."""
        lines = {dimension.name: dimension for dimension in self.dimensions}
        return {lines[n].key: lines[n].value(v) for n, v in params.items() if n in lines}

    def params(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Return Optuna's parameters for values by key, as far as the space can draw them.

        Returns:
            The parameters; and, for each key that is left to the sampler, the reason.
        """
        params: dict[str, Any] = {}
        reasons = []
        drawn: dict[str, Any] = {}
        for dimension in self.dimensions:
            if not self._applies(dimension, drawn):
                continue
            try:
                value = look_up(values, dimension.key)
            except (KeyError, IndexError, TypeError):
                reasons.append(f"{dimension.key} has no value")
                continue
            try:
                params[dimension.name] = dimension.optuna_value(value)
                drawn[dimension.key] = value
            except ValueError:
                reasons.append(f"{dimension.key}={value!r} is not in the space")
        return params, reasons

    def configurations(self) -> Iterator[dict[str, Any]]:
        """Yield Optuna's parameters of every configuration; the last key changes fastest."""
        pairs: Iterator[tuple[dict[str, Any], dict[str, Any]]] = iter([({}, {})])
        for dimension in self.dimensions:
            pairs = self._add_options(pairs, dimension)
        return (params for _, params in pairs)

    def _add_options(
        self, pairs: Iterator[tuple[dict[str, Any], dict[str, Any]]], dimension: Dimension
    ) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Combine each pair of values by key and Optuna's parameters with a line's options."""
        for drawn, params in pairs:
            if not self._applies(dimension, drawn):
                yield drawn, params
                continue
            for option in dimension.line.options:
                choice = dimension.optuna_value(option)
                yield {**drawn, dimension.key: option}, {**params, dimension.name: choice}

    def _applies(self, dimension: Dimension, drawn: Mapping[str, Any]) -> bool:
        values = {**self.fixed, **drawn}
        return all(
            key in values and values[key] in allowed for key, allowed in dimension.when.items()
        )


def join_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of values by key: places are joined to lists, and names without a dot, which
    only conditions refer to, are left out."""
    scalars: dict[str, Any] = {}
    places: dict[str, dict[int, Any]] = {}
    for key, value in values.items():
        if place := PLACE.fullmatch(key):
            places.setdefault(place[1], {})[int(place[2])] = value
        elif "." in key:
            scalars[key] = value
    lists = {key: [items[i] for i in sorted(items)] for key, items in places.items()}
    return dict(sorted({**scalars, **lists}.items()))


def look_up(values: Mapping[str, Any], key: str) -> Any:
    """Return the value of a key, which may be a place of a list.

    Raises:
        KeyError, IndexError, TypeError: it has no value.
    """
    if key in values:
        return values[key]
    if place := PLACE.fullmatch(key):
        return values[place[1]][int(place[2])]
    raise KeyError(key)


def _suggest(trial: Trial, dimension: Dimension) -> Any:
    match dimension.line.distribution:
        case IntDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_int(dimension.name, low, high, step=step, log=log)
        case FloatDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_float(dimension.name, low, high, step=step, log=log)
        case CategoricalDistribution(choices=choices):
            return trial.suggest_categorical(dimension.name, choices)
    raise AssertionError("a line is one of these three")
