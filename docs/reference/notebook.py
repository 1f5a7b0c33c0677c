"""A notebook as a page of the site: its text and its code, without outputs."""

import json
from pathlib import Path
from typing import Any

OPENING = (
    'This page is a notebook: <a href="{name}" download>download it</a>, or open '
    "`docs/notebooks/{name}` in an editor that runs notebooks, such as VS Code, to see its plots."
)


def write(path: Path) -> str:
    """Return a notebook as Markdown, with a line under its title that leads to the file."""
    cells: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["cells"]
    title, *others = "\n\n".join(map(_format, cells)).split("\n", 1)
    opening = OPENING.format(name=path.name)
    return "\n".join([title, "", opening, *others]) + "\n"


def _format(cell: dict[str, Any]) -> str:
    text = "".join(cell["source"])
    return text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```"
