"""Check the resolved configuration, read parts of it, and lay values over it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from conveyor import files
from conveyor.config.messages import Origin, explain
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.section import Section

C = TypeVar("C", bound=Section)
CONFIG_FILE = Paths().config


class ConfigError(InputError):
    """The configuration cannot run; the message lists every bad field at once."""


def validate(kind: type[C], values: Mapping[str, Any], *, origin: Origin) -> C:
    """Check values against the types and limits of `kind`.

    Args:
        origin: names the file in which a dotted key stands.

    Raises:
        ConfigError: one line for each bad field: dotted name, value, what is expected, and where
            to change it.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError(explain(error, values, origin)) from None


def load(kind: type[C], path: Path = CONFIG_FILE) -> C:
    """Read the keys of `kind` from the resolved configuration, and no others.

    Raises:
        ConfigError: the file is missing, or a value in it is not allowed.
    """
    if not path.is_file():
        raise ConfigError(
            f"{path}: expected a file; got none. Run `dvc repro compose` (or `make`) first"
        )
    content = files.read_yaml(path)
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected a mapping; got {content!r}. Run `dvc repro compose`")
    values = {key: content[key] for key in kind.model_fields if key in content}
    return validate(kind, values, origin=lambda _: "conf/ or params.yaml, then run `dvc repro`")


def overlay(config: C, overrides: Mapping[str, Any], *, origin: str = "overrides") -> C:
    """Replace values under dotted keys (`{"train.learning_rate": 1e-3}`) and check the result.

    Args:
        origin: where the overrides come from, for messages.

    Raises:
        ConfigError: an unknown key, or a value that is not allowed.
    """
    values = config.model_dump(mode="json")
    for dotted, value in overrides.items():
        path = dotted.split(".")
        parent = find_parent(values, path)
        if parent is None:
            raise ConfigError(f"{origin}: there is no {dotted!r} in the configuration")
        parent[path[-1]] = value
    return validate(type(config), values, origin=lambda _: origin)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested values under dotted names, as they are written in overrides."""
    flattened: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        flattened |= flatten(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return flattened


def find_parent(values: Any, path: Sequence[str]) -> dict[str, Any] | None:
    """Find the mapping that holds the last key of a path; None if there is no such key."""
    for part in path[:-1]:
        values = values.get(part) if isinstance(values, dict) else None
    return values if isinstance(values, dict) and path[-1] in values else None


def narrow(config: Section, kind: type[C]) -> C:
    """Return the sections of `config` that `kind` lists, as a `kind`."""
    return kind.model_validate({name: getattr(config, name) for name in kind.model_fields})
