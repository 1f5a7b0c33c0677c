"""Shows the Markdown that the stages have written, as a part of the page."""

import os
import re
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from conveyor.html.assets import image_address

LAST_HEADING = 6
TABLE = '<div class="scroll" tabindex="0"><table class="written">\n'
NUMBER = r"[+-]?[\d.,]*\d(e[+-]?\d+)?%?"
NUMBERS = re.compile(rf"\**{NUMBER}( to {NUMBER})?\**")  # of a cell: one, or an interval


def to_html(text: str, folder: Path, page: Path, *, headings: int = 2) -> str:
    """Return Markdown as HTML, with the PNGs of its folder inside it.

    HTML in the text stays text, and an image that is no file of the folder is left out.

    Args:
        page: on which it is shown, and from which links lead to files of the folder.
        headings: by how many levels headings go down.
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    # A wide table scrolls in a box of its own, which the keyboard reaches too.
    markdown.add_render_rule("table_open", lambda *_: TABLE)
    markdown.add_render_rule("table_close", lambda *_: "</table></div>\n")
    tokens = markdown.parse(text)
    for cell, content in pairwise(tokens):
        if cell.type == "td_open" and NUMBERS.fullmatch(content.content):
            cell.attrJoin("class", "whole")  # half a number is another number
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(LAST_HEADING, int(token.tag[1]) + headings)}"
        for child in token.children or ():
            if child.type == "image":
                _embed(child, folder)
            elif child.type == "link_open":
                _relocate_link(child, folder, page)
    return markdown.renderer.render(tokens, markdown.options, {})


def _relocate_link(link: Token, folder: Path, page: Path) -> None:
    """Rewrite a link to a file of the folder so that it leads there from the page."""
    path = _find(str(link.attrGet("href")), folder)
    if path is not None:
        link.attrSet("href", Path(os.path.relpath(path, page.parent)).as_posix())


def _find(name: str, folder: Path) -> Path | None:
    """Return the file of a name in the folder itself; None if there is none."""
    path = folder / name
    return path if Path(name).name == name and path.is_file() else None


def _embed(image: Token, folder: Path) -> None:
    name = str(image.attrGet("src"))
    path = _find(name, folder)
    if path is not None and path.suffix == ".png":
        image.attrSet("src", image_address(path))
    else:
        image.type, image.content, image.children = "text", f"({name} is missing)", None
