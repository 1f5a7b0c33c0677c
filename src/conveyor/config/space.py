"""The keys of `sweep.space`, the search space, before the configuration is checked."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from conveyor.config.load import find_parent

log = logging.getLogger(__name__)

# The keys of these mappings are dotted names themselves.
CHOOSE = "choose"
SPACE = ["sweep", "space"]
LINE_KEYS = {"draw", "type"}  # a mapping with one of these is a line of the space, not a level


def split_key(key: str) -> list[str]:
    """Split a dotted key at its dots; what follows `choose.` or `sweep.space.` is one name."""
    for mapping in ([CHOOSE], SPACE):
        prefix = "".join(f"{part}." for part in mapping)
        if key.startswith(prefix):
            return [*mapping, key.removeprefix(prefix)]
    return key.split(".")


def flatten_space(values: dict[str, Any]) -> None:
    """Join nested keys of `sweep.space` to dotted ones, which `dvc exp run -S` writes as levels."""
    space = _space(values)
    if space:
        values["sweep"]["space"] = _flatten(space, "")


def remove_fixed(values: dict[str, Any], experiment: Mapping[str, Any]) -> None:
    """Remove keys from the search that are null there, or to which the experiment gives a value.

    A key stays in the search where the experiment gives it a range too. A search of nothing is
    switched off.
    """
    space = _space(values)
    for key in [key for key, line in space.items() if line is None]:
        del space[key]
    fixed = [
        key for key in space
        if has_value(experiment, key.split(".")) and not has_value(experiment, [*SPACE, key])
    ]  # fmt: skip
    for key in fixed:
        del space[key]
        log.info("%s is set, so the sweep does not search it", key)
    if fixed:
        _remove_unused_conditions(space)
    if fixed and not space:
        values["sweep"]["enabled"] = False
        log.info("nothing is left to search; the sweep is skipped")


def has_value(values: Any, path: Sequence[str]) -> bool:
    """Check if the mapping holds a value under this path, or a whole value on the way to it."""
    for part in path:
        if not isinstance(values, Mapping):
            break
        if part not in values:
            return False
        values = values[part]
    return values is not None


def _space(values: Mapping[str, Any]) -> dict[str, Any]:
    """The search space; empty if the value is not a mapping, which `validate` refuses."""
    sweep = find_parent(values, SPACE)
    return sweep["space"] if sweep and isinstance(sweep["space"], dict) else {}


def _flatten(node: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in node.items():
        if isinstance(value, Mapping) and value and not LINE_KEYS & value.keys():
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _remove_unused_conditions(space: dict[str, Any]) -> None:
    """Remove names without a dot that no condition (`when`) uses any more."""
    used: set[str] = set()
    for value in space.values():
        for line in value if isinstance(value, list) else [value]:
            if isinstance(line, dict):
                used |= line.get("when", {}).keys()
    for key in [key for key in space if "." not in key and key not in used]:
        del space[key]
