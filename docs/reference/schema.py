"""JSON schemas of params.yaml and the files of conf/, with which editors complete and check them.

`make schema` writes them into schema/; a line at the top of each file names its own.
"""

import inspect
import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from conveyor.config import Config
from conveyor.section import Section

from . import ROOT
from .comments import field_comments

FOLDER = ROOT / "schema"
Schema = dict[str, Any]
# The value of another setting.
INTERPOLATION = {"Interpolation": {"type": "string", "pattern": r"\$\{.+\}"}}
INTERPOLATED = {"$ref": "#/definitions/Interpolation"}
CHOICE = {"type": ["string", "null"]}
COMBINED = ("anyOf", "oneOf")


def whole_schema() -> Schema:
    """Return the schema of the whole configuration, with the comments of its settings."""
    schema = Config.model_json_schema()
    sections = {section.__name__: section for section in all_sections(Section)}
    for name, definition in {**schema["$defs"], "Config": schema}.items():
        definition.pop("title", None)
        document = sections[name].__doc__
        definition["description"] = inspect.cleandoc(document) if document else ""
        comments = field_comments(sections[name])
        for field, value in definition["properties"].items():
            value.pop("title", None)
            if field in comments:
                value["description"] = comments[field]
    return schema


def all_sections(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield all classes of sections."""
    for section in base.__subclasses__():
        yield section
        yield from all_sections(section)


def group_names() -> list[str]:
    """Return the groups of conf/."""
    return sorted(path.name for path in (ROOT / "conf").iterdir() if path.is_dir())


def file_schemas() -> dict[str, Schema]:
    """Return the schema of each kind of file, by the file's name in schema/."""
    whole = whole_schema()
    sections = whole["properties"]
    del sections["choose"]
    choose = {
        "type": "object",
        "description": "The file of conf/ that each group takes; null: as conf/config.yaml",
        "properties": dict.fromkeys(group_names(), CHOICE),
        "additionalProperties": False,
    }
    files = {"params": {**sections, "choose": choose}, "experiment": with_defaults(sections)}
    schemas = {
        name: _complete(whole, {"type": "object", "properties": properties,
                                "additionalProperties": False})
        for name, properties in files.items()
    }  # fmt: skip
    for group in group_names():
        if group in sections:
            schemas[group] = _complete(whole, _of_file(sections[group], whole["$defs"]))
    return schemas


def with_defaults(properties: Schema) -> Schema:
    """Add the list by which a file of conf/ includes others."""
    included = {"type": "array", "description": "Files that this one includes, as in Hydra"}
    return {"defaults": included, **properties}


def _of_file(section: Schema, definitions: Schema) -> Schema:
    """The schema of a file that holds one section; a section of several kinds is any of them."""
    for word in COMBINED:
        if word in section:
            return {"anyOf": [_of_file(kind, definitions) for kind in section[word]]}
    definition = definitions[section["$ref"].rpartition("/")[2]]
    return {**definition, "properties": with_defaults(definition["properties"])}


def _complete(whole: Schema, root: Schema) -> Schema:
    """A schema of its own, in which any setting may be missing, or be that of another one."""
    parts = whole["$defs"] | INTERPOLATION
    definitions = {name: _relax(value) for name, value in parts.items()}
    root = _relax(root)
    used = _used(root, definitions)
    definitions = {name: definitions[name] for name in sorted(used)}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **root,
        "definitions": definitions,
    }


def _used(schema: Any, definitions: Schema) -> set[str]:
    """Names of the definitions that a schema refers to, directly or not."""
    names: set[str] = set()
    waiting = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            name = str(value.get("$ref", "")).rpartition("/")[2]
            if name and name not in names:
                names.add(name)
                waiting.append(definitions[name])
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return names


def _relax(value: Any) -> Any:
    """Require nothing, since conf/ and params.yaml complete each other; allow `${KEY}` too."""
    if isinstance(value, list):
        return [_relax(item) for item in value]
    if not isinstance(value, dict):
        return value
    relaxed = {key: _relax(item) for key, item in value.items()
               if key not in ("required", "discriminator", "default")}  # fmt: skip
    if "oneOf" in relaxed:  # without required settings, several kinds may fit
        relaxed["anyOf"] = relaxed.pop("oneOf")
    if "properties" in relaxed:
        relaxed["properties"] = {
            name: _or_interpolation(item) for name, item in relaxed["properties"].items()
        }
    if "$ref" in relaxed:
        relaxed["$ref"] = relaxed["$ref"].replace("$defs", "definitions")
    return relaxed


def _or_interpolation(setting: Schema) -> Schema:
    """Allow text such as `${seed}` in place of a value."""
    if setting.get("type") in ("object", "array") or "$ref" in setting:
        return setting
    description = {"description": setting["description"]} if "description" in setting else {}
    rest = {key: item for key, item in setting.items() if key != "description"}
    kinds = rest["anyOf"] if rest.keys() == {"anyOf"} else [rest]
    return {**description, "anyOf": [*kinds, INTERPOLATED]}


def texts() -> dict[str, str]:
    """Return the files of schema/, by name."""
    return {f"{name}.json": json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
            for name, schema in file_schemas().items()}  # fmt: skip


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.json"):
        path.unlink()
    for name, text in texts().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
