"""A notebook as a page of the site: its text, its code, and what each cell gives."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

OPENING = (
    'This page is a notebook: <a href="{name}" download>download it</a>, or open '
    "`docs/notebooks/{name}` in an editor that runs notebooks, such as VS Code. Its outputs are "
    "those of one run, in which times and names of the machine are replaced."
)
DIGEST = "digest"  # of the metadata of a notebook: of its code and outputs, when they were stored
ALT = "alt"  # of the metadata of a cell: what its picture shows
PNG, HTML, TEXT = "image/png", "text/html", "text/plain"
# The style that pandas puts before a table, and the frame around it; the site has its own.
TABLE_STYLE = re.compile(r'<style scoped>.*?</style>\s*|(?<=<table) border="1"', re.DOTALL)


@dataclass(frozen=True)
class NotebookPage:
    """A page of the site.

    Attributes:
        markdown: with a line under the title that leads to the notebook.
        pictures: PNG files, by their addresses relative to the page.
        problems: why the page does not show what the cells give, in sentences.
    """

    markdown: str
    pictures: dict[str, bytes]
    problems: list[str]


def read_page(path: Path) -> NotebookPage:
    """Make a page of a notebook."""
    notebook = json.loads(path.read_text("utf-8"))
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    problems: list[str] = []
    if notebook["metadata"].get(DIGEST) != digest_cells(notebook["cells"]):
        problems.append(
            "expected the outputs that `make notebooks` stores for this code; got others, or none. "
            "Run `make notebooks`"
        )
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        parts.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
        written: list[str] = []
        for number, output in enumerate(cell.get("outputs", []), 1):
            if png := output.get("data", {}).get(PNG):
                address = f"{path.stem}_files/{cell['id']}-{number}.png"
                pictures[address] = base64.b64decode("".join(png))
                written.append(_link_picture(address, cell["metadata"].get(ALT, ""), output))
                if not cell["metadata"].get(ALT):
                    problems.append(
                        f"cell {cell['id']}: expected {ALT!r} in its metadata; got none. Write "
                        "there what the picture shows"
                    )
            else:
                written.append(_write_values(output))
        if written:
            parts.append("\n".join(['<div class="output">', *written, "</div>"]))
    title, *others = "\n\n".join(parts).split("\n", 1)
    markdown = "\n".join([title, "", OPENING.format(name=path.name), *others]) + "\n"
    return NotebookPage(markdown, pictures, problems)


def _link_picture(address: str, description: str, output: dict[str, Any]) -> str:
    """Return a picture as HTML, which leads to itself in full size."""
    size = output["metadata"].get(PNG, {})  # of a picture for dense screens, in pixels of CSS
    attributes = {"src": address, "alt": description, **size}
    text = " ".join(f'{key}="{escape(str(value))}"' for key, value in attributes.items())
    return f'<a href="{address}"><img {text}></a>'


def _write_values(output: dict[str, Any]) -> str:
    """Return a table, or what was printed, as HTML."""
    data = output.get("data", {})
    if HTML in data:
        html = TABLE_STYLE.sub("", "".join(data[HTML]))
        return f'<div class="value" role="group" aria-label="Output" tabindex="0">{html}</div>'
    text = "".join(data.get(TEXT) or output["text"]).rstrip()
    return f"<pre><code>{escape(text)}</code></pre>"


def digest_cells(cells: list[dict[str, Any]]) -> str:
    """Return a digest of the code of all cells and of what is stored of their outputs."""
    code = [
        ["".join(cell["source"]), [_joined(output) for output in cell["outputs"]]]
        for cell in cells
        if cell["cell_type"] == "code"
    ]
    text = json.dumps(code, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _joined(value: Any) -> Any:
    """Return an output with each text in one piece: a file may hold it as a list of lines."""
    if isinstance(value, dict):
        return {key: _joined(item) for key, item in value.items()}
    return "".join(value) if isinstance(value, list) else value
