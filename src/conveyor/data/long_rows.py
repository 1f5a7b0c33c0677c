"""Series whose steps are rows of a file or of a request, for a model that predicts them."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.config.dataset import LongLayout
from conveyor.data.arrow import split_steps
from conveyor.data.inputs import NESTED
from conveyor.data.long_format import nest
from conveyor.data.part import Part
from conveyor.data.table import build_column, read_whole


def read_series(part: Part, layout: LongLayout) -> tuple[list[str], list[NDArray[np.float32]]]:
    """Return the ids of all series, in order of their first rows, and the series (steps, channels).

    Raises:
        DataError: as `long_format.nest`.
    """
    nested, _ = nest(part, layout, [])
    ids, series = [], []
    for batch in nested.read([layout.id, NESTED]):
        ids += batch.column(0).to_pylist()
        series += split_steps(batch.column(1))
    return ids, series


def part_of_columns(columns: dict[str, list[Any]], origin: str) -> Part:
    """Return rows in memory as a part; `origin` names them in messages, which count from 0."""
    table = pa.table({name: build_column(cells) for name, cells in columns.items()})
    return Part(
        "rows", origin, table.column_names, {}, read_whole(table),
        lambda row: f"{origin}, row {row}", {},
    )  # fmt: skip
