"""Static columns of series that are forecast: one number or category of each series."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from conveyor.config.dataset import StaticColumns
from conveyor.data.static import read_static
from conveyor.data.windows.read import ReadSteps
from conveyor.encoding.static import StaticEncoder
from conveyor.errors import DataError


@dataclass(frozen=True)
class SeriesStatic:
    """The static columns of series.

    Attributes:
        encoder: fitted on the series that have training rows, each once.
        values: of each series, null where missing, (series,).
        counts: by split what `count_static` does.
    """

    encoder: StaticEncoder
    values: pa.StructArray
    counts: dict[str, Any]


def fit_static(
    read: ReadSteps, columns: StaticColumns, rows: Mapping[str, NDArray[np.int64]]
) -> SeriesStatic | None:
    """Check and fit the static columns; None if there are none.

    Args:
        rows: by split the number of rows of each series, (series,).

    Raises:
        DataError: a cell in a column of numbers is no finite number.
        InputError: as `StaticEncoder.fit`.
    """
    if not columns.names:
        return None
    values = check_cells(read.static, read.names, columns)
    encoder = StaticEncoder.fit([values.filter(pa.array(rows["train"] > 0))], columns)
    counts = {name: count_static(values, encoder, each) for name, each in rows.items()}
    return SeriesStatic(encoder, values, counts)


def check_cells(
    cells: Mapping[str, pa.Array], names: Sequence[str], columns: StaticColumns
) -> pa.StructArray:
    """Return the values of each series, null where missing, (series,).

    Args:
        cells: by column, of each series.
        names: of the series.

    Raises:
        DataError: a cell in a column of numbers is no finite number.
    """
    batch = pa.RecordBatch.from_arrays([cells[name] for name in columns.names], columns.names)
    values, problems = read_static(batch, columns)
    bad = pc.index(problems.is_valid(), True).as_py()
    if bad >= 0:
        got = ", ".join(f"{name} = {cells[name][bad].as_py()!r}" for name in columns.numbers)
        raise DataError(
            f"series {names[bad]!r}: expected finite numbers in the columns of "
            f"dataset.columns.static.numbers; got {got}. Change the cells, or list the column "
            "under categories."
        )
    return values


def count_static(
    values: pa.StructArray, encoder: StaticEncoder, rows: NDArray[np.int64]
) -> dict[str, dict[str, int]]:
    """Count by column the rows without a value, `missing`, and for categories those with one that
    no training row has, `new`; as `encode.Tally.static`.

    Args:
        values: of each series, (series,).
        rows: number of rows of each series, (series,).
    """
    counts: dict[str, dict[str, int]] = {}
    for name in encoder.names:
        cells = values.field(name)
        missing = cells.is_null().to_numpy(zero_copy_only=False)
        counts[name] = {"missing": int(rows[missing].sum())}
        if name in encoder.categories:
            seen = pc.is_in(cells, pa.array(encoder.categories[name], pa.string()))
            new = ~missing & ~seen.to_numpy(zero_copy_only=False)
            counts[name]["new"] = int(rows[new].sum())
    return counts
