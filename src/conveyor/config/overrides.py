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

CHOOSE = "choose"
SPACE = ("sweep", "space")  # its keys are dotted names themselves
LINE_KEYS = {"draw", "type"}  # a mapping with one of these is a line of the space, not a level


@dataclass(frozen=True)
class Overrides:
    """What the command line changes.

    Attributes:
        choose: file of each group that is named.
        values: other values, nested as in params.yaml.
        deleted: paths of keys to be removed.
        keys: every dotted key that is named.
    """

    choose: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    deleted: list[list[str]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)


def parse_overrides(lines: Sequence[str], groups: Collection[str]) -> Overrides:
    """Read overrides; `choose.GROUP=FILE` means the same as `GROUP=FILE`.

    Args:
        groups: names of the folders of conf/.

    Raises:
        ConfigError: a line that cannot be read or cannot be applied, or a key that is named twice.
    """
    try:
        parsed = OverridesParser.create().parse_overrides(list(lines))
    except HydraException as error:
        raise ConfigError(f"cannot read the overrides {list(lines)}: {error}") from None
    result = Overrides()
    for override in parsed:
        _add(override, groups, result)
    return result


def _add(override: Override, groups: Collection[str], result: Overrides) -> None:
    line, key = override.input_line or "", override.key_or_group
    if override.package is not None:
        raise ConfigError(f"{line}: a package (@) cannot be set; write GROUP=FILE or KEY=VALUE")
    path = split_key(key)
    searched = tuple(path[:2]) == SPACE and len(path) > 2
    if override.is_sweep_override() and not searched:
        raise ConfigError(
            f"{line}: expected one value; got several. Write a search as sweep.space.{key}=…"
        )
    # A line of the space stays text, which the sweep parses.
    text = line.partition("=")[2]
    value: Any = text if override.is_sweep_override() else override.value()
    chooses = path[0] == CHOOSE or "/" in key or (key in groups and not isinstance(value, Mapping))
    if override.is_delete():
        if chooses:
            raise ConfigError(f"{line}: a choice cannot be deleted; write GROUP=FILE")
        _claim(key, line, result)
        result.deleted.append(path)
    elif chooses:
        _choose(key.removeprefix(f"{CHOOSE}."), value, line, result)
    else:
        _claim(key, line, result)
        for part in reversed(path):
            value = {part: value}
        merged = OmegaConf.merge(result.values, flat_space(value))
        result.values.update(OmegaConf.to_container(merged))  # type: ignore[arg-type]


def _choose(group: str, value: Any, line: str, result: Overrides) -> None:
    choices = value if group == CHOOSE else {group: value}
    if not isinstance(choices, Mapping):
        raise ConfigError(f"{line}: expected a mapping of groups to files")
    for name, file in choices.items():
        _claim(f"{CHOOSE}.{name}", line, result)
        result.choose[str(name)] = file


def _claim(key: str, line: str, result: Overrides) -> None:
    """
    Raises:
        ConfigError: another override names the same key, or a part of it.
    """
    for other in result.keys:
        if f"{key}.".startswith(f"{other}.") or f"{other}.".startswith(f"{key}."):
            raise ConfigError(f"{line}: {other} is overridden twice; name it once")
    result.keys.add(key)


def split_key(key: str) -> list[str]:
    """Split a dotted key; what follows `sweep.space.` is one name."""
    parts = key.split(".")
    if tuple(parts[:2]) == SPACE and len(parts) > 2:
        return [*SPACE, ".".join(parts[2:])]
    return parts


def flat_space(values: Mapping[str, Any]) -> dict[str, Any]:
    """Join nested keys of `sweep.space` to dotted ones, which `dvc exp run -S` writes as levels."""
    sweep = values.get(SPACE[0])
    space = sweep.get(SPACE[1]) if isinstance(sweep, Mapping) else None
    if not isinstance(sweep, Mapping) or not isinstance(space, Mapping):
        return dict(values)
    return {**values, SPACE[0]: {**sweep, SPACE[1]: dict(_joined(space, ""))}}


def _joined(node: Mapping[str, Any], prefix: str) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in node.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value and not LINE_KEYS & value.keys():
            pairs += _joined(value, f"{name}.")
        else:
            pairs.append((name, value))
    return pairs
