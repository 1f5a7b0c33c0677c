"""What pages of reference show of the code, when the site is built: a module for each page."""

from pathlib import Path

ROOT = Path(__file__).parents[2]  # the project's folder


def table(heads: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown. A bar in a cell is text."""
    lines = [heads, ["---"] * len(heads), *rows]
    escaped = [[cell.replace("|", r"\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)
