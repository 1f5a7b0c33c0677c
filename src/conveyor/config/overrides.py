"""The overrides of a command line, in Hydra's grammar: GROUP=FILE, KEY=VALUE, ~KEY.

Grammar: https://hydra.cc/docs/advanced/override_grammar/basic/
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf

from conveyor.config.load import ConfigError
from conveyor.config.space import SPACE, flatten_space, split_key

CHOOSE = "choose"


@dataclass(frozen=True)
class Overrides:
    """The changes that a command line makes to the configuration.

    Attributes:
        choose: the file of each group that the command line chooses.
        values: the other values, nested as in params.yaml.
        deleted: the paths of the keys to remove.
        keys: all dotted keys of the command line.
    """

    choose: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    deleted: list[list[str]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)


def parse_overrides(lines: Sequence[str], groups: Collection[str]) -> Overrides:
    """Parse overrides; `choose.GROUP=FILE` means the same as `GROUP=FILE`.

    Args:
        groups: names of the folders of conf/.

    Raises:
        ConfigError: a line cannot be parsed or applied, or two lines set the same key.
    """
    try:
        parsed = OverridesParser.create().parse_overrides(list(lines))
    except HydraException as error:
        raise ConfigError(f"cannot read the overrides {list(lines)}: {error}") from None
    result = Overrides()
    for override in parsed:
        _add_override(override, groups, result)
    return result


def _add_override(override: Override, groups: Collection[str], result: Overrides) -> None:
    line, key = override.input_line or "", override.key_or_group
    if override.package is not None:
        raise ConfigError(f"{line}: expected GROUP=FILE or KEY=VALUE; got a package (@)")
    value = _read_value(override)
    if _is_choice(key, value, groups):
        if override.is_delete():
            raise ConfigError(f"{line}: a choice cannot be deleted. Write GROUP=FILE")
        _add_choices(key.removeprefix(f"{CHOOSE}."), value, line, result)
        return
    _claim(key, line, result)
    if override.is_delete():
        result.deleted.append(split_key(key))
    else:
        _add_value(key, value, result)


def _read_value(override: Override) -> Any:
    if not override.is_sweep_override():
        return override.value()
    line, key = override.input_line or "", override.key_or_group
    if len(split_key(key)) < 3 or split_key(key)[:2] != SPACE:
        raise ConfigError(
            f"{line}: expected one value; got several. Write a search as sweep.space.{key}=…"
        )
    return line.partition("=")[2]  # the text, which the sweep parses


def _is_choice(key: str, value: Any, groups: Collection[str]) -> bool:
    """Check if an override names files of groups; `GROUP={KEY: VALUE}` sets values instead."""
    names_group = key in groups and not isinstance(value, Mapping)
    return names_group or "/" in key or key.partition(".")[0] == CHOOSE


def _add_choices(group: str, value: Any, line: str, result: Overrides) -> None:
    choices = value if group == CHOOSE else {group: value}
    if not isinstance(choices, Mapping):
        raise ConfigError(f"{line}: expected a mapping of groups to files; got {choices!r}")
    for name, file in choices.items():
        _claim(f"{CHOOSE}.{name}", line, result)
        result.choose[str(name)] = file


def _add_value(key: str, value: Any, result: Overrides) -> None:
    for part in reversed(key.split(".")):
        value = {part: value}
    merged = OmegaConf.merge(result.values, flatten_space(value))
    result.values.update(OmegaConf.to_container(merged))  # type: ignore[arg-type]


def _claim(key: str, line: str, result: Overrides) -> None:
    """
    Raises:
        ConfigError: another override names the same key, or a part of it.
    """
    for other in result.keys:
        if overlap(key, other):
            raise ConfigError(f"{line}: {other} is overridden twice. Name it once")
    result.keys.add(key)


def overlap(key: str, other: str) -> bool:
    """Check if two dotted keys are equal, or one of them is a part of the other."""
    return f"{key}.".startswith(f"{other}.") or f"{other}.".startswith(f"{key}.")
