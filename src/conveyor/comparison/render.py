"""A comparison as text for a terminal, and as a page."""

from collections.abc import Iterable, Sequence

from conveyor.comparison.compare import ModelComparison
from conveyor.pages import load_templates

MOST_ROWS = 20  # of each kind that a terminal shows
MISSING = "-"


def render_text(comparison: ModelComparison) -> str:
    """The sentence, and a table each of parameters, metrics and rows."""
    first, second = comparison.first.title, comparison.second.title
    metrics = [[name, *map(_number, values)] for name, values in comparison.metrics.items()]
    params = [[name, *(value or MISSING for value in values)]
              for name, values in comparison.params.items()]  # fmt: skip
    parts = [comparison.sentence, _table(["metric", first, second, "gain"], metrics)]
    if params:
        parts.append(_table(["parameter", first, second], params))
    else:
        parts.append("no parameter differs")
    for title, rows in (("turned right", comparison.turned_right),
                        ("turned wrong", comparison.turned_wrong)):  # fmt: skip
        lines = [[row.id, row.true, row.before, row.after] for row in rows[:MOST_ROWS]]
        more = f" (the first {MOST_ROWS})" if len(rows) > MOST_ROWS else ""
        if comparison.test is not None:
            parts.append(f"{len(rows)} rows {title}{more}")
        if lines:
            parts.append(_table(["row", "true", first, second], lines))
    return "\n\n".join(parts)


def render_page(comparison: ModelComparison) -> str:
    """The comparison as one page of HTML that needs nothing else."""
    return PAGES.get_template("compare.html").render(comparison=comparison)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as their widest cell."""
    lines = [list(header), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _number(value: float | None) -> str:
    return MISSING if value is None else f"{value:.4g}"


PAGES = load_templates(__file__, number=_number)
