"""Pages of HTML that need no network: what those with interactive plots have in common.

The templates start.html and scripts.html begin and end such a page; macros.html draws its plots.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2

from conveyor.pages import load_templates

TEMPLATES = Path(__file__).parent / "templates"
DIGITS = 12  # of a digest, for people


def load_pages(*modules: str, **filters: Callable[[Any], str]) -> jinja2.Environment:
    """Return the templates beside modules, and those that all pages have in common.

    Args:
        modules: the `__file__` of each.
        filters: more filters, by name.
    """
    return load_templates(*modules, __file__, short=short, **filters)


def short(value: Any) -> str:
    """Return a setting as in YAML, with at most five digits for a number with a fraction."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return value
    if isinstance(value, float):
        return f"{value:.5g}"
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
