"""The overrides of a command line, in Hydra's grammar: GROUP=FILE, KEY=VALUE, ~KEY.

Grammar: https://hydra.cc/docs/advanced/override_grammar/basic/
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf

from conveyor.config.load import ConfigError
from conveyor.config.space import CHOOSE, SPACE, split_key


@dataclass(frozen=True)
class Overrides:
    """The changes that a command line makes to the configuration.

    Attributes:
        values: the new values, nested as in params.yaml.
        deleted: the paths of the keys to remove.
        keys: all dotted keys of the command line.
    """

    values: dict[str, Any]
    deleted: list[list[str]]
    keys: list[str]


def parse_overrides(lines: Sequence[str], groups: Collection[str]) -> Overrides:
    """Parse overrides; `GROUP=FILE` means the same as `choose.GROUP=FILE`.

    Args:
        groups: names of the folders of conf/.

    Raises:
        ConfigError: a line cannot be parsed or applied, or two lines set the same key.
    """
    try:
        parsed = OverridesParser.create().parse_overrides(list(lines))
    except HydraException as error:
        raise ConfigError(f"cannot read the overrides {list(lines)}: {error}") from None
    keys: list[str] = []
    deleted: list[list[str]] = []
    values: list[dict[str, Any]] = []
    for override in parsed:
        for key, value in _read_settings(override, groups).items():
            for other in keys:
                if overlap(key, other):
                    line = override.input_line
                    raise ConfigError(f"{line}: {other} is overridden twice. Name it once")
            keys.append(key)
            path = split_key(key)
            if override.is_delete():
                deleted.append(path)
            else:
                values.append(reduce(lambda nested, part: {part: nested}, reversed(path), value))
    merged: Any = OmegaConf.to_container(OmegaConf.merge({}, *values))
    return Overrides(merged, deleted, keys)


def _read_settings(override: Override, groups: Collection[str]) -> dict[str, Any]:
    """The values of an override by dotted key. That of the file of a group is `choose.GROUP`."""
    line, key, value = override.input_line, override.key_or_group, _read_value(override)
    if override.package is not None:
        raise ConfigError(f"{line}: expected GROUP=FILE or KEY=VALUE; got a package (@)")
    # GROUP={KEY: VALUE} sets values of the group.
    if "/" in key or (key in groups and not isinstance(value, Mapping)):
        key = f"{CHOOSE}.{key.removeprefix(f'{CHOOSE}.')}"
    if key.partition(".")[0] != CHOOSE:
        return {key: value}
    if override.is_delete():
        raise ConfigError(f"{line}: a choice cannot be deleted. Write GROUP=FILE")
    if key != CHOOSE:
        return {key: value}
    if not isinstance(value, Mapping):
        raise ConfigError(f"{line}: expected a mapping of groups to files; got {value!r}")
    return {f"{CHOOSE}.{group}": file for group, file in value.items()}


def _read_value(override: Override) -> Any:
    if not override.is_sweep_override():
        return override.value()
    line, key = override.input_line or "", override.key_or_group
    if split_key(key)[:-1] != SPACE:
        raise ConfigError(
            f"{line}: expected one value; got several. Write a search as sweep.space.{key}=…"
        )
    return line.partition("=")[2]  # the text, which the sweep parses


def overlap(key: str, other: str) -> bool:
    """Check if two dotted keys are equal, or one of them is a part of the other."""
    return f"{key}.".startswith(f"{other}.") or f"{other}.".startswith(f"{key}.")
