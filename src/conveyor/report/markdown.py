"""Shows the Markdown that the stages have written, as a part of the page."""

from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from conveyor.html.assets import image_address

LAST_HEADING = 6


def to_html(text: str, folder: Path, *, headings: int = 2) -> str:
    """Return Markdown as HTML, with the PNGs of its folder inside it.

    HTML in the text stays text, and an image that is no file of the folder is left out.

    Args:
        headings: by how many levels headings go down.
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    # A wide table scrolls in a box of its own, which the keyboard reaches too.
    markdown.add_render_rule("table_open", lambda *_: '<div class="scroll" tabindex="0"><table>\n')
    markdown.add_render_rule("table_close", lambda *_: "</table></div>\n")
    tokens = markdown.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(LAST_HEADING, int(token.tag[1]) + headings)}"
        for child in token.children or ():
            if child.type == "image":
                _embed(child, folder)
    return markdown.renderer.render(tokens, markdown.options, {})


def _embed(image: Token, folder: Path) -> None:
    name = str(image.attrGet("src"))
    path = folder / name
    if Path(name).name == name and path.suffix == ".png" and path.is_file():
        image.attrSet("src", image_address(path))
    else:
        image.type, image.content, image.children = "text", f"({name} is missing)", None
