"""Secrets come from the environment, and no message or log shows them."""

import os
import re
from collections.abc import Mapping

SECRET_NAME = re.compile("PASS|TOKEN|SECRET|KEY|CREDENTIAL", re.IGNORECASE)
SHORTEST_SECRET = 6  # characters; a shorter value would be hidden within ordinary words
VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)\}")


class MissingVariable(Exception):
    """A text names a variable that the environment does not have; the message says which."""


def expand_variables(text: str) -> str:
    """Replace `$NAME` and `${NAME}` by variables of the environment.

    Raises:
        MissingVariable: one of them is not set.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in os.environ:
            raise MissingVariable(f"the environment variable {name} is not set")
        return os.environ[name]

    return VARIABLE.sub(value, text)


def variables_in(text: str) -> dict[str, str]:
    """Return the variables that a text names and the environment has, by name."""
    names = (match[1] or match[2] for match in VARIABLE.finditer(text))
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def hide(text: str, secrets: Mapping[str, str]) -> str:
    """Replace each secret in a text by `$NAME`, and the password of every URL by stars."""
    for name, value in secrets.items():
        text = text.replace(value, f"${name}")
    return without_secret(text)


def hide_environment(text: str) -> str:
    """Hide the password of every URL in a text, and the values of variables of the environment
    whose names say that they are secret."""
    secrets = {
        name: value
        for name, value in os.environ.items()
        if SECRET_NAME.search(name) and len(value) >= SHORTEST_SECRET
    }
    return hide(text, secrets)


def without_secret(text: str) -> str:
    """Hide the password of every URL in a text."""
    return re.sub(r"(://[^/\s:@]*):[^/\s@]*@", r"\1:***@", text)
