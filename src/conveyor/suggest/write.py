"""Writes settings as YAML, each with its reason as a comment."""

import textwrap
from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

import yaml

WIDTH = 100  # columns of a line


def render(settings: Mapping[str, Any], reasons: Mapping[str, str]) -> str:
    """Return YAML in the order of the settings, with the reasons by dotted setting.

    A mapping is one line, unless one of its own settings has a reason or the line is too long. A
    comment follows its line, or is above it if both are too long for one.
    """
    return "\n".join(_lines(settings, reasons, "")) + "\n"


def _lines(settings: Mapping[str, Any], reasons: Mapping[str, str], prefix: str) -> Iterator[str]:
    indent = "  " * prefix.count(".")
    for key, value in settings.items():
        dotted, line = f"{prefix}{key}", f"{indent}{flow(key)}: {flow(value)}"
        has_reasons = any(name.startswith(f"{dotted}.") for name in reasons)
        nested = isinstance(value, Mapping) and (has_reasons or len(line) > WIDTH)
        if nested:
            line = f"{indent}{flow(key)}:"
        comment = f"# {reasons[dotted]}" if dotted in reasons else ""
        if len(f"{line}  {comment}") > WIDTH:
            text = reasons.get(dotted, "")
            yield from textwrap.wrap(text, WIDTH, initial_indent=f"{indent}# ",
                                     subsequent_indent=f"{indent}# ")  # fmt: skip
            comment = ""
        yield f"{line}  {comment}".rstrip()
        if nested:
            yield from _lines(value, reasons, f"{dotted}.")


def flow(value: Any) -> str:
    """Return a value as one line of YAML.

    >>> flow({"task": "regression", "columns": ["a b", "yes"]})
    "{task: regression, columns: [a b, 'yes']}"
    """
    text = yaml.safe_dump(
        value, default_flow_style=True, width=inf, allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("\n").removesuffix("\n...")
