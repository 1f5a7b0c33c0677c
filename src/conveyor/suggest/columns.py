"""What the cells of a column look like."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from statistics import median
from typing import Any, Literal

from conveyor.encoding.series_values import parse_series
from conveyor.suggest.time_formats import find_time_format

# Cells that often mean none, in lower case, beside the empty one.
NONE_CELLS = ("n/a", "na", "nan", "null", "nil", "-", "--", "?", "#n/a", r"\n")
PYTHON_NONE = "None"  # `none` may be the name of a class
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
# Separators of thousands: 1,235 and 1'234'567.5, and with a decimal comma 1.234,5 and 1 234,5.
THOUSANDS = re.compile(
    r"[+-]?[1-9]\d{0,2}(([,'’ \u00a0\u202f]\d{3}){1,3}(\.\d+)?"
    r"|([. \u00a0\u202f]\d{3}){1,3},\d+)"
)
NUMBERS = re.compile(r"[+-]?[\d.]+([eE][+-]?\d+)?(\s*[;, ]\s*[+-]?[\d.]+([eE][+-]?\d+)?){2,}")
LIST_TEXT = re.compile(r"""[\[({]\s*([\['"(].*[\]'")])?\s*[\])}]""", re.DOTALL)
MIN_NUMBERS = 3  # in the texts of a series without brackets, at the median
MOST = 0.95  # the share of cells that decides what a column is
# Of `thousands` are texts that are numbers with separators of thousands.
# Of `list_text` are texts that are lists of texts, which no reader takes for lists.
Kind = Literal["empty", "number", "thousands", "time", "text", "series", "list", "list_text"]


@dataclass(frozen=True)
class Column:
    """One column of a sample of rows.

    Attributes:
        cells: texts without white space around them, numbers, lists and so on; None if empty.
        none_cells: texts and numbers in it that seem to mean none; `cells` still holds them.
        kind: of the other cells. A list holds texts; a series holds numbers, or steps of channels.
        decimal: the sign of its numbers, where they are text.
        time_format: of times that are no ISO 8601, as in `strptime`.
        blank_rows: of `cells`, those that are a text without a letter, and no null.
    """

    name: str
    cells: Sequence[Any]
    kind: Kind = "empty"
    none_cells: tuple[str, ...] = ()
    decimal: str = "."
    time_format: str | None = None
    values: Sequence[Any] = field(default=(), repr=False)  # the cells that are not none
    blank_rows: frozenset[int] = field(default=frozenset(), repr=False)

    @cached_property
    def counts(self) -> Counter[Any]:
        """How often each value occurs; a list counts as its JSON."""
        return Counter(json.dumps(v) if isinstance(v, list) else v for v in self.values)

    @property
    def distinct(self) -> int:
        return len(self.counts)

    @property
    def is_unique(self) -> bool:
        """Whether each row is filled, and different from all others."""
        return self.distinct == len(self.cells)

    @property
    def problem(self) -> str | None:
        """What no reader can read in the cells, and what to change in the file."""
        if self.kind == "thousands":
            return (
                f"numbers of {self.name!r} seem to have separators of thousands: remove them from "
                "the file, or set source.decimal"
            )
        if self.kind == "list_text":
            return (
                f"lists of {self.name!r} are text, such as {self.values[0]}: write them as lists "
                "into JSON Lines or Parquet, or as texts like a;b"
            )
        return None

    @cached_property
    def length(self) -> float:
        """The median number of words of a text, or of steps of a series."""
        sizes = [len(v.split()) if isinstance(v, str) else len(v) for v in self.values]
        return median(sizes) if sizes else 0.0

    @cached_property
    def numbers(self) -> list[float]:
        """The values of a column of numbers."""
        return [float(str(v).replace(self.decimal, ".")) for v in self.values]


def describe_column(name: str, cells: Sequence[Any]) -> Column:
    """Find out what the cells of a column are.

    Args:
        cells: as a reader yields them; texts may have white space around them.
    """
    column = _describe_clean(name, [_strip(cell) for cell in cells])
    blank = (i for i, cell in enumerate(cells) if isinstance(cell, str) and not cell.strip())
    return replace(column, blank_rows=frozenset(blank))


def _describe_clean(name: str, clean: Sequence[Any]) -> Column:
    none_cells = sorted({cell for cell in clean if isinstance(cell, str) and _means_none(cell)})
    values = [cell for cell in clean if cell is not None and cell not in none_cells]
    if not values:
        return Column(name, clean)
    first = values[0]
    if isinstance(first, list | tuple):
        kind: Kind = "list" if any(isinstance(cell, str) for cell in first) else "series"
        if not first and len(values) > 1:
            kind = "list" if any(isinstance(c, str) for v in values for c in v) else "series"
        return Column(name, clean, kind, values=values)
    if isinstance(first, bool):
        return Column(name, clean, "text", values=[str(value) for value in values])
    if isinstance(first, date):
        return Column(name, clean, "time", values=values)
    if not isinstance(first, str):
        return Column(
            name, clean, "number" if hasattr(first, "__float__") else "empty", values=values
        )
    return _describe_text(name, clean, none_cells, values)


def _describe_text(
    name: str, cells: Sequence[Any], none_cells: Sequence[str], values: Sequence[Any]
) -> Column:
    texts = [str(value) for value in values]
    if _have_thousands(texts):
        return Column(name, cells, "thousands", tuple(none_cells), values=texts)
    number_share = _share(NUMBER, texts)
    comma_share = _share(DECIMAL_COMMA, texts)
    if number_share + comma_share >= MOST:
        decimal = "," if comma_share > 0 and not any("." in text for text in texts) else "."
        parsed = [t for t in texts if NUMBER.fullmatch(t.replace(decimal, "."))]
        if len(parsed) >= MOST * len(texts):
            return Column(name, cells, "number", tuple(none_cells), decimal, values=parsed)
    time_format = find_time_format(texts)
    if time_format is not None:
        return Column(
            name, cells, "time", tuple(none_cells), time_format=time_format or None, values=texts
        )
    if _share(NUMBERS, texts) >= MOST:
        return Column(name, cells, "series", values=[re.split(r"[;, ]+", t) for t in texts])
    series = _parse_all(texts)
    is_list = all(text.startswith("[") for text in texts)
    if any(series) and (is_list or median(map(len, series)) >= MIN_NUMBERS):
        return Column(name, cells, "series", values=series)
    if _share(LIST_TEXT, texts) >= MOST:
        return Column(name, cells, "list_text", tuple(none_cells), values=texts)
    # Only a column of few different texts has cells that stand for none. Beside Mild and Severe,
    # None is a class.
    repeats = len(set(texts)) <= len(texts) / 2
    names = {PYTHON_NONE} if all(text[0].isupper() for text in texts) else set[str]()
    rare = [cell for cell in none_cells if repeats and cell not in names]
    values = [cell for cell in cells if cell is not None and cell not in rare]
    return Column(name, cells, "text", tuple(rare), values=values)


def _means_none(text: str) -> bool:
    return text.lower() in NONE_CELLS or text == PYTHON_NONE


def _have_thousands(texts: Sequence[str]) -> bool:
    """Whether the numbers have separators of thousands.

    1,235 may also have a decimal comma; it has one where another number is like 1,5. If each text
    has several spaces, they may stand between the steps of a series.
    """
    if all(text.count(" ") > 1 for text in texts):
        return False
    separated = {text for text in texts if THOUSANDS.fullmatch(text)}
    decimals = {text for text in texts if DECIMAL_COMMA.fullmatch(text)}
    is_sure = bool(separated - decimals) or not decimals - separated
    numbers = [t for t in texts if NUMBER.fullmatch(t) or t in separated or t in decimals]
    return bool(separated) and is_sure and len(numbers) >= MOST * len(texts)


def _share(pattern: re.Pattern[str], texts: Sequence[str]) -> float:
    return sum(bool(pattern.fullmatch(text)) for text in texts) / len(texts)


def _strip(cell: Any) -> Any:
    if isinstance(cell, str):
        return cell.strip() or None
    return None if isinstance(cell, float) and cell != cell else cell


def _parse_all(texts: Sequence[str]) -> list[list[Any]]:
    """Return the steps of each text; an empty list if one of them is no series."""
    try:
        return [parse_series(text).tolist() for text in texts]
    except (TypeError, ValueError):
        return []
