"""Each section and setting of the configuration, with its type, default and meaning."""

import json
from collections.abc import Iterator, Mapping, Set
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from conveyor.config.messages import DISCRIMINATORS
from conveyor.config.resolve import KINDS
from conveyor.tasks.task import TASKS

from . import ROOT, table
from .schema import COMBINED, Schema, group_names, whole_schema

CONF = ROOT / "conf"
Defaults = Mapping[str, Mapping[str, Any]]  # dotted setting -> name of a file -> value
LIMITS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most",
          "exclusiveMaximum": "below"}  # fmt: skip
NOUNS = {"integer": "whole number", "number": "number", "string": "text",
         "boolean": "true or false", "null": "null", "object": "mapping"}  # fmt: skip
ITEMS = ("items", "additionalProperties")
UNLIMITED = 2**32  # the limit of a seed, which needs no mention


def write() -> str:
    """Return a table for each section, under headings."""
    whole = whole_schema()
    order = ["name", "seed", "choose", *group_names()]
    sections = {name: whole["properties"][name] for name in order if name in whole["properties"]}
    plain = {name: value for name, value in sections.items() if not _kinds(value, whole)}
    parts = [
        "## Of the whole experiment\n",
        _settings(plain, "", read_config(), whole),
    ]
    for name in [name for name in sections if name not in plain]:
        choices = ", ".join(f"`{path.stem}`" for path in sorted((CONF / name).glob("*.yaml")))
        parts.append(f"## {name}\n\nFiles of `conf/{name}/`: {choices}.\n")
        parts += _section(sections[name], name, read_defaults(name), whole)
    return "\n".join(parts)


def _section(value: Schema, key: str, defaults: Defaults, whole: Schema) -> Iterator[str]:
    """Yield the settings of a section, then those of the sections in it."""
    kinds = _kinds(value, whole)
    # Sections in it: their keys, and the defaults of the last one. Equal ones are described once.
    inner: dict[str, tuple[dict[str, None], Schema, Defaults]] = {}
    for kind in kinds:
        properties = kind["properties"]
        choices = {name: item.get("enum", [item.get("const")]) for name, item in properties.items()
                   if name in DISCRIMINATORS}  # fmt: skip
        own = _of_kind(defaults, {choice for options in choices.values() for choice in options})
        if len(kinds) > 1:
            chosen = [f"`{name}: {' or '.join(options)}`" for name, options in choices.items()]
            yield f"#### {key}, {', '.join(chosen)}\n"
        if kind["description"]:
            yield kind["description"] + "\n"
        yield _settings(properties, f"{key}.", own, whole)
        for name, item in properties.items():
            if _kinds(item, whole):
                keys, *_ = inner.get(str(item), ({}, None))
                of_item = defaults if keys else own
                inner[str(item)] = {**keys, f"{key}.{name}": None}, item, of_item
    for keys, item, of_item in inner.values():
        yield f"### {', '.join(keys)}\n"
        yield from _section(item, next(iter(keys)), of_item, whole)


def _of_kind(defaults: Defaults, names: Set[str]) -> Defaults:
    """Leave out the defaults of other tasks, or of the other kind of sequence."""
    others = {other for group in (TASKS, KINDS) if names & {*group} for other in group} - names
    return {key: {name: value for name, value in values.items() if name not in others}
            for key, values in defaults.items()}  # fmt: skip


def _settings(properties: Schema, prefix: str, defaults: Defaults, whole: Schema) -> str:
    rows = []
    for name, item in properties.items():
        key = f"{prefix}{name}"
        default = _default(defaults.get(key, {}))
        if not default and "default" in item:
            default = f"`{yaml_text(item['default'])}`"
        kinds = _kinds(item, whole)
        section = kinds[0]["description"].partition("\n\n")[0] if len(kinds) == 1 else ""
        if name in DISCRIMINATORS:
            section = "which kind of this section it is"
        meaning = " ".join((item.get("description") or section).split())
        rows.append([f"`{key}`", describe_type(item), default, meaning])
    return table(["setting", "value", "default", "meaning"], rows) + "\n"


def _kinds(value: Schema, whole: Schema) -> list[Schema]:
    """The sections that a value, or each item of it, may be; none if it holds no section."""
    if "$ref" in value:
        return [whole["$defs"][value["$ref"].rpartition("/")[2]]]
    items = [item for word in COMBINED for item in value.get(word, ())]
    items += [value[word] for word in ITEMS if isinstance(value.get(word), dict)]
    return [kind for item in items for kind in _kinds(item, whole)]


def describe_type(value: Schema) -> str:
    """Return the values that a setting may have, as people would say it.

    >>> describe_type({"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 2}]})
    'null, or whole number, at least 2'
    """
    for word in COMBINED:
        if word in value:
            kinds = dict.fromkeys(describe_type(item) for item in value[word])
            return ", or ".join(kinds)
    if "$ref" in value:
        return "section"
    if "const" in value:
        return f"`{yaml_text(value['const'])}`"
    if "enum" in value:
        return ", ".join(f"`{item}`" for item in value["enum"])
    if value.get("type") == "array":
        return f"list of: {describe_type(value.get('items', {}))}"
    inner = value.get("additionalProperties")
    if isinstance(inner, dict):
        return f"mapping to: {describe_type(inner)}"
    limits = [f"{text} {value[word]:g}" for word, text in LIMITS.items()
              if word in value and value[word] < UNLIMITED]  # fmt: skip
    return ", ".join([NOUNS.get(value.get("type", ""), "any value"), *limits])


def read_defaults(group: str) -> dict[str, dict[str, Any]]:
    """Return the defaults of a group of conf/: by setting, by the name of their file.

    The files are the one that conf/config.yaml chooses, and those which stand for a task or a kind
    of sequence. Data sets have the files of conf/dataset/base.
    """
    defaults: dict[str, dict[str, Any]] = {}
    for name, values in _default_files(group).items():
        for key, value in flatten(values, group):
            defaults.setdefault(key, {})[name] = value
    return defaults


def read_config() -> dict[str, dict[str, Any]]:
    """Return the values of conf/config.yaml itself, by setting."""
    values = yaml.safe_load((CONF / "config.yaml").read_text("utf-8"))
    return {key: {"config": value} for key, value in values.items()}


def _default_files(group: str) -> dict[str, Any]:
    base = CONF / group / "base"
    if group == "dataset":
        files = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in base.glob("*.yaml")}
        # One that includes another, for a task, has no defaults of a kind of sequence.
        return {name: values for name, values in files.items() if "defaults" not in values}
    lines = yaml.safe_load((CONF / "config.yaml").read_text("utf-8"))["defaults"]
    (choice,) = [line[group] for line in lines if isinstance(line, dict) and group in line]
    names = [choice, *(name for name in (*TASKS, *KINDS) if choice in (*TASKS, *KINDS))]
    with initialize_config_dir(str(CONF), version_base=None):
        return {
            name: OmegaConf.to_container(compose("config", [f"{group}={name}"])[group])
            for name in dict.fromkeys(names) if (CONF / group / f"{name}.yaml").is_file()
        }  # fmt: skip


def flatten(values: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Yield each dotted setting below a key; a mapping is a value too, where it is one."""
    yield key, values
    if isinstance(values, Mapping):
        for name, value in values.items():
            yield from flatten(value, f"{key}.{name}")


def _default(values: Mapping[str, Any]) -> str:
    """The default, or the defaults by the name of their file where they differ."""
    texts = {name: yaml_text(value) for name, value in values.items()
             if not isinstance(value, Mapping) or not value}  # fmt: skip
    if len(set(texts.values())) == 1:
        return f"`{next(iter(texts.values()))}`"
    return ", ".join(f"{name}: `{text}`" for name, text in texts.items())


def yaml_text(value: Any) -> str:
    """Return a value as one line of YAML."""
    if isinstance(value, str) and not value.isprintable():
        return json.dumps(value)
    text = yaml.safe_dump(value, default_flow_style=True, width=1000, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")
