"""Jinja templates of the pages and files that Conveyor writes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2

from conveyor.escape import markdown_text


def load_templates(module: str, **filters: Callable[[Any], str]) -> jinja2.Environment:
    """Return the templates of the folder `templates/` beside a module.

    Values in an .html template are escaped. In Markdown, pass a label through the filter
    `markdown`.

    Args:
        module: the module's `__file__`.
        filters: more filters, by name.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(module).parent / "templates"),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"markdown": markdown_text, **filters}
    return environment
