"""The columns in which a caller may hand over raw rows."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from conveyor.config.dataset import NO_STATIC, LongLayout, SeriesColumns, StaticColumns, TextColumns
from conveyor.encoding.row_error import RowError
from conveyor.encoding.series_values import parse_series
from conveyor.encoding.wide_columns import match_series, match_wide
from conveyor.errors import InputError
from conveyor.raw_row import Row
from conveyor.tasks.forecasting.options import ForecastSpec

Table = Mapping[str, Sequence[Any]]  # cells by column


@dataclass(frozen=True)
class Layout:
    """One way in which columns hold raw rows: that of the model's data set, or the general one."""

    columns: TextColumns | SeriesColumns
    windows: ForecastSpec | None = None  # of histories that are forecast

    @classmethod
    def of_column(cls, kind: str, name: str, static: StaticColumns) -> "Layout":
        """The layout of one column of texts, or of series as lists of steps."""
        if kind == "text":
            return cls(TextColumns(text=name, separator=" ", id=None, static=static))
        return cls(
            SeriesColumns(
                series=name, layout="steps_first", wide=None, long=None, id=None, static=static
            )
        )  # fmt: skip

    @classmethod
    def of_windows(cls, spec: ForecastSpec, static: StaticColumns = NO_STATIC) -> "Layout":
        """The layout of histories, each step a row."""
        columns = SeriesColumns(
            series=None, layout="steps_first", wide=None, long=None, id=None, static=static
        )
        return cls(columns, spec)

    @property
    def static(self) -> StaticColumns:
        """The columns beside the sequence."""
        return self.columns.static

    @property
    def long(self) -> LongLayout | ForecastSpec | None:
        """Where each step of a series is a row of its own; `read` reads whole series only."""
        if self.windows is not None:
            return self.windows
        return None if isinstance(self.columns, TextColumns) else self.columns.long

    @property
    def is_wide(self) -> bool:
        """Whether a series has a column for each step."""
        return isinstance(self.columns, SeriesColumns) and self.columns.wide is not None

    @property
    def names(self) -> list[str]:
        """The columns of the sequence, with the pattern of those of a wide table."""
        if isinstance(self.columns, TextColumns):
            return self.columns.text_columns
        if isinstance(self.long, ForecastSpec):
            if self.long.wide is not None:
                return [self.long.order, self.long.wide]
            ids = [] if self.long.series is None else [self.long.series]
            return [*ids, self.long.order, *self.long.channels]
        if self.long is not None:
            return list(dict.fromkeys([self.long.id, self.long.order, *self.long.channels]))
        return [self.columns.series or self.columns.wide or ""]

    def match(self, names: Iterable[str]) -> list[str]:
        """Return the columns of the sequence, or none if one of them is not in `names`."""
        existing = list(names)
        if self.is_wide:
            return match_wide(self.names[0], existing)
        if self.windows is not None and self.windows.wide is not None:
            series = match_series(self.windows.wide, existing, self.windows.time)
            return [self.windows.time, *series] if self.windows.time in existing and series else []
        return self.names if set(self.names) <= set(existing) else []

    def read(self, table: Table) -> list[Any]:
        """Return raw rows, which the encoder checks.

        Args:
            table: the columns that `match` returned, in this order, and the static columns.
        """
        static = self.static.names
        if not static:
            return self._read_sequences(list(table.values()))
        columns = [cells for name, cells in table.items() if name not in static]
        # A row of a wide table may have no step.
        sequences = self._read_sequences(columns) if columns else [[] for _ in table[static[0]]]
        return self.join(sequences, table)

    def join(self, sequences: Sequence[Any], table: Table) -> list[Any]:
        """Return raw rows of these sequences, and of the static columns of the table; a RowError
        stays one."""
        names = self.static.names
        if not names:
            return list(sequences)
        values = zip(*(table[name] for name in names), strict=True)
        return [
            sequence
            if isinstance(sequence, RowError)
            else Row(sequence, dict(zip(names, cells, strict=True)))
            for sequence, cells in zip(sequences, values, strict=True)
        ]

    def _read_sequences(self, columns: Sequence[Sequence[Any]]) -> list[Any]:
        if isinstance(self.columns, TextColumns):
            if len(columns) == 1:
                return list(columns[0])
            return [_join(cells, self.columns.separator) for cells in zip(*columns, strict=True)]
        if self.columns.wide is not None:
            return [_cut_end(cells) for cells in zip(*columns, strict=True)]
        rows = list(columns[0])
        return rows if self.columns.layout == "steps_first" else list(map(_turn, rows))


def find_layout(
    layouts: Sequence[Layout], names: Iterable[str], place: str, advice: str = ""
) -> tuple[Layout, list[str]]:
    """Return the first layout whose sequence is there, and its columns with the static ones.

    Raises:
        InputError: there is none, or a static column is missing; the message begins with `place`
            and ends with `advice`.
    """
    existing = list(names)
    layout = find_sequence(layouts, existing, place, advice)
    require_static(layout, existing, place)
    return layout, [*layout.match(existing), *layout.static.names]


def find_sequence(
    layouts: Sequence[Layout], names: Iterable[str], place: str, advice: str = ""
) -> Layout:
    """Return the first layout whose sequence is there; see `find_layout`."""
    existing = list(names)
    for layout in layouts:
        if layout.match(existing):
            return layout
    expected = dict.fromkeys(" and ".join(map(repr, layout.names)) for layout in layouts)
    raise InputError(
        f"{place}: expected {', or '.join(expected)}; got {', '.join(existing) or 'none'}{advice}"
    )


def require_static(layout: Layout, names: Iterable[str], place: str) -> None:
    """Raise an InputError if a static column of the layout is not in `names`."""
    existing = list(names)
    missing = [name for name in layout.static.names if name not in existing]
    if missing:
        raise InputError(
            f"{place}: expected {' and '.join(map(repr, missing))} beside the sequence; "
            f"got {', '.join(existing)}. Add the column: it may have empty cells"
        )


def _join(cells: Sequence[Any], separator: str) -> Any:
    """One text; a cell that is no text, which the encoder refuses; None if all are missing."""
    filled = [cell for cell in cells if cell is not None and not _is_blank(cell)]
    others = [cell for cell in filled if not isinstance(cell, str)]
    if others:
        return others[0]
    return separator.join(filled) if filled else next((c for c in cells if c is not None), None)


def _cut_end(cells: Sequence[Any]) -> list[Any]:
    """The cells up to the last one that has a value; an empty one is None."""
    row = [None if cell is None or cell != cell or _is_blank(cell) else cell for cell in cells]
    while row and row[-1] is None:
        row.pop()
    return row


def _turn(value: Any) -> Any:
    """A series of channels first as steps first; another value as it is."""
    with suppress(TypeError, ValueError):
        return parse_series(value, "channels_first")
    return value


def _is_blank(cell: Any) -> bool:
    return isinstance(cell, str) and not cell.strip()
