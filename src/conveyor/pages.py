"""Jinja templates of the pages and files that Conveyor writes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2

from conveyor.escape import markdown_text


def load_templates(*modules: str, **filters: Callable[[Any], str]) -> jinja2.Environment:
    """Return the templates of the folders `templates/` beside modules; the first that has one of
    a name counts.

    Values in an .html template are escaped. In Markdown, pass a label through the filter
    `markdown`.

    Args:
        modules: the `__file__` of each.
        filters: more filters, by name.
    """
    folders = [Path(module).parent / "templates" for module in modules]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"markdown": markdown_text, **filters}
    return environment
