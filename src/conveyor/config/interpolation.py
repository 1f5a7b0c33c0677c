"""Interpolations `${...}` of the configuration: they may take other settings, and nothing else.

An environment variable, a date or a machine's setting that enters the configuration this way would
decide what is trained without DVC seeing it change, and a secret would be written into
artifacts/config.yaml.

Grammar: https://omegaconf.readthedocs.io/en/latest/grammar.html
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omegaconf import grammar_parser
from omegaconf.errors import GrammarParseError
from omegaconf.grammar.gen.OmegaConfGrammarParser import OmegaConfGrammarParser

from conveyor.config.load import ConfigError

# Resolvers whose result depends on the configuration alone.
PURE = ("oc.create", "oc.decode", "oc.dict.keys", "oc.dict.values", "oc.select")


def require_pure(values: Any, place: Path | str, key: str = "") -> None:
    """Check the interpolations of unresolved values: a mapping, a list or one value.

    Args:
        place: where the values are written, for the message.
        key: their dotted key.

    Raises:
        ConfigError: one of them takes something from outside the configuration.
    """
    if isinstance(values, dict | list):
        items = values.items() if isinstance(values, dict) else enumerate(values)
        for name, value in items:
            require_pure(value, place, f"{key}.{name}" if key else str(name))
    elif isinstance(values, str) and "${" in values:
        for resolver in _find_resolvers(values):
            if resolver not in PURE:
                raise ConfigError(
                    f"{place}: {key}: expected a value, or ${{KEY}} for that of another setting; "
                    f"got ${{{resolver}:...}}, whose result DVC cannot see change, and which would "
                    "be written into artifacts/config.yaml. Write the value. A secret goes where "
                    "the docs name a variable of the environment: $NAME in dataset.source.sql.url "
                    "and in URLs of hooks, PGPASSWORD, MLFLOW_TRACKING_URI"
                )


def _find_resolvers(text: str) -> Iterator[str]:
    """The names of the resolvers that a text calls, also within arguments of another one."""
    try:
        nodes: list[Any] = [grammar_parser.parse(text)]
    except GrammarParseError:  # composing says so, with the key
        return
    while nodes:
        node = nodes.pop()
        if isinstance(node, OmegaConfGrammarParser.InterpolationResolverContext):
            name = node.resolverName()
            yield name.getText() if name else ""
        nodes += getattr(node, "children", None) or []
