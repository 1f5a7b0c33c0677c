"""Read, check and overlay the resolved configuration."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, NonNegativeInt, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from conveyor import files
from conveyor.config.dataset import Dataset
from conveyor.config.schedule import Schedule
from conveyor.config.section import Section, Slug
from conveyor.config.sections import Evaluate, Gates, Hooks, Model, Retrain, Serving, Train
from conveyor.config.sweep import Sweep
from conveyor.errors import InputError

Origin = Callable[[str], str]


class Config(Section):
    """The whole resolved configuration, or the part of it that a stage asked for."""

    name: Slug  # of the MLflow experiment and of the registered model
    seed: NonNegativeInt
    choose: dict[str, str | None]  # which file of each group of conf/ was taken
    dataset: Dataset
    model: Model
    train: Train
    serving: Serving
    sweep: Sweep
    evaluate: Evaluate
    gates: Gates
    hooks: Hooks
    retrain: Retrain
    schedule: Schedule


class ConfigError(InputError):
    """The configuration cannot run; the message lists every bad field at once."""


def validate(
    values: Mapping[str, Any], *, origin: Origin = lambda dotted: "conf/ or params.yaml"
) -> Config:
    """Check a resolved configuration; `origin` names the file in which a dotted key stands.

    Raises:
        ConfigError: one line a bad field: dotted name, what came, what is allowed, where to
            change it.
    """
    try:
        return Config.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError(_explain(error, values, origin)) from None


def load(*keys: str, path: Path = Path("artifacts/config.yaml")) -> Config:
    """Read only `keys` of the resolved configuration; any other attribute raises.

    A stage thus cannot read a key that it doesn't name, and a test compares the names with the
    stage's params in dvc.yaml.

    Raises:
        ConfigError: the file is missing, or a value in it is not allowed.
    """
    if not path.is_file():
        raise ConfigError(f"{path} is missing; run `dvc repro compose` (or `make`) first")
    values = files.read_yaml(path)
    config = validate(values, origin=lambda dotted: "conf/ or params.yaml, then run `dvc repro`")
    return Config.model_construct(**{key: getattr(config, key) for key in keys})


def overlay(config: Config, overrides: Mapping[str, Any], *, origin: str = "overrides") -> Config:
    """Replace values under dotted keys (`{"train.learning_rate": 1e-3}`) and check the result.

    Works on a partial configuration too (see `load`).

    Raises:
        ConfigError: an unknown key, or a value that is not allowed.
    """
    values = {key: dump(getattr(config, key)) for key in config.model_fields_set}
    for dotted, value in overrides.items():
        *parents, last = dotted.split(".")
        node = values
        for parent in parents:
            node = node.get(parent)
            if not isinstance(node, dict):
                raise ConfigError(f"{origin}: there is no {dotted!r} in the configuration")
        if last not in node:
            raise ConfigError(f"{origin}: there is no {dotted!r} in the configuration")
        node[last] = value
    return partial(values, origin=lambda dotted: origin)


def partial(values: Mapping[str, Any], *, origin: Origin = lambda dotted: "its source") -> Config:
    """Check some top-level keys of a configuration, and no others.

    Raises:
        ConfigError: every value that is not allowed.
    """
    problems, checked = [], {}
    for key, value in values.items():
        try:
            checked[key] = _adapter(Config.model_fields[key]).validate_python(value)
        except ValidationError as error:
            problems.append(_explain(error, values, origin, prefix=(key,)))
    if problems:
        raise ConfigError("\n".join(["the configuration is not valid:", *problems]))
    return Config.model_construct(**checked)


def dump(value: Any) -> Any:
    """Plain YAML values of a section, a field or a whole configuration."""
    if isinstance(value, Config):
        return {key: dump(getattr(value, key)) for key in sorted(value.model_fields_set)}
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _adapter(field: FieldInfo) -> TypeAdapter[Any]:
    return TypeAdapter(field.rebuild_annotation())


def _explain(
    error: ValidationError, values: Mapping[str, Any], origin: Origin, prefix: tuple[str, ...] = ()
) -> str:
    lines = []
    for detail in error.errors():
        path = prefix + tuple(_without_union_tags(detail, values, prefix))
        dotted = ".".join(map(str, path))
        lines.append(f"  {dotted}: {_reason(detail, path)} (change it in {origin(dotted)})")
    return "\n".join(lines) if prefix else "the configuration is not valid:\n" + "\n".join(lines)


def _without_union_tags(
    detail: ErrorDetails, values: Mapping[str, Any], prefix: tuple[str, ...]
) -> Iterator[str | int]:
    """Pydantic puts the tag of a union into the path (`dataset.text.columns`); people don't."""
    node: Any = values
    for step in prefix:
        node = node[step]
    parts = detail["loc"]
    for i, part in enumerate(parts):
        inside = isinstance(node, Mapping) and part in node
        if isinstance(node, list) and isinstance(part, int) and part < len(node):
            inside = True
        last = i == len(parts) - 1
        if not inside and isinstance(node, Mapping) and not last and part in node.values():
            continue  # a tag: its value stands in the node itself
        if not inside and last and detail["type"] not in ("missing", "extra_forbidden"):
            if isinstance(node, Mapping) and part in node.values():
                continue
            if not isinstance(node, Mapping | list):
                continue  # the arm of a plain union (`str`, `list[str]`)
        yield part
        if inside:
            node = node[part]  # type: ignore[index]
        elif not last:
            node = None


def _reason(detail: ErrorDetails, path: tuple[str | int, ...]) -> str:
    came = detail["input"]
    match detail["type"]:
        case "extra_forbidden":
            near = difflib.get_close_matches(str(path[-1]), _names_near(path), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            return f"there is no such setting{hint}"
        case "missing":
            return "missing; a value is needed"
        case "password":
            return detail["msg"]  # without what came
        case _:
            text = detail["msg"].removeprefix("Value error, ")
            text = text[0].lower() + text[1:]
            shown = "" if isinstance(came, Mapping) else f" {came!r} came;"
            return f"{shown} {text}".strip()


def _names_near(path: tuple[str | int, ...]) -> list[str]:
    """Field names of the section in which `path` ends."""
    models: list[type[BaseModel]] = [Config]
    for part in path[:-1]:
        found = [m.model_fields[str(part)] for m in models if str(part) in m.model_fields]
        models = [m for field in found for m in _models_in(field.annotation)]
    return [name for m in models for name in m.model_fields]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
