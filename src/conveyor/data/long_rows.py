"""Series whose steps are rows of a file or of a request, for a model that predicts them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from conveyor.config.dataset import LongLayout, StaticColumns
from conveyor.data.arrow import split_steps
from conveyor.data.cells import read_numbers
from conveyor.data.inputs import NESTED
from conveyor.data.long_format import nest
from conveyor.data.part import Part
from conveyor.data.table import build_table, read_whole
from conveyor.data.windows.rows import HistoryRow, read_histories
from conveyor.errors import InputError
from conveyor.tasks.forecasting.options import ForecastSpec


@dataclass(frozen=True)
class LongSeries:
    """All series of a part, in order of their first rows.

    Attributes:
        sequences: (steps, channels) each; of a history that cannot be read, a RowError.
        static: cells of the static columns, by column.
        times: of the steps that are forecast, of each history; None for other series.
        notes: sentences on what was found in the rows.
    """

    ids: list[str]
    sequences: list[HistoryRow]
    static: dict[str, list[Any]]
    times: list[Any] | None = None
    notes: Sequence[str] = ()

    def require_readable(self, place: str) -> None:
        """Raise an InputError if a series cannot be read; the message begins with `place`."""
        for name, sequence in zip(self.ids, self.sequences, strict=True):
            if not isinstance(sequence, np.ndarray):  # a RowError
                where = f"{place}: series {name!r}" if name else place
                raise InputError(f"{where}: {sequence.reason}")


def read_series(
    part: Part, layout: LongLayout | ForecastSpec, static: StaticColumns, decimal: str = "."
) -> LongSeries:
    """Gather the series of a part.

    Args:
        layout: of series, or of histories that are forecast.
        static: columns that have one value a series.
        decimal: sign of numbers that are text.

    Raises:
        DataError: as `long_format.nest`, or `windows.rows.read_histories`.
    """
    if isinstance(layout, ForecastSpec):
        read = read_histories(part, layout, static, decimal)
        return LongSeries(read.names, read.rows, read.static, read.times, read.notes)
    part = read_numbers(part, [*layout.channels, *static.numbers], [layout.order], decimal)
    nested, _ = nest(part, layout, static.names)
    series = LongSeries([], [], {name: [] for name in static.names})
    for batch in nested.read([layout.id, NESTED, *static.names]):
        series.ids.extend(batch.column(0).to_pylist())
        series.sequences.extend(split_steps(batch.column(1)))
        for name, cells in series.static.items():
            cells += batch.column(name).to_pylist()
    return series


def part_of_columns(columns: dict[str, list[Any]], origin: str) -> Part:
    """Return rows in memory as a part; `origin` names them in messages, which count from 0."""
    table = build_table(columns)
    return Part(
        "rows", origin, table.column_names, {}, read_whole(table),
        lambda row: f"{origin}, row {row}", {},
    )  # fmt: skip
