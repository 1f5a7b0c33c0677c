"""Targets that have a value for each step of a row: as many values as steps."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from conveyor.data.part import Part
from conveyor.errors import DataError
from conveyor.tokens import split_tokens


def require_equal_steps(
    part: Part, numbers: NDArray[np.int64], raw: pa.Array, targets: pa.Array, problems: pa.Array
) -> None:
    """Check that each usable row has as many targets as steps.

    Args:
        numbers: positions of the rows in the part, (rows,).
        raw: texts or lists of steps, (rows,).
        targets: lists, (rows,).
        problems: null for a usable row, (rows,).

    Raises:
        DataError: one has fewer or more.
    """
    is_text = pa.types.is_string(raw.type)
    steps = _count_tokens(raw) if is_text else pc.list_value_length(raw).to_numpy()
    values = pc.list_value_length(targets).fill_null(0).to_numpy()
    differs = (steps != values) & problems.is_null().to_numpy(zero_copy_only=False)
    if differs.any():
        row = int(differs.argmax())
        raise DataError(
            f"{part.locate(int(numbers[row]))}: expected as many targets as the row has "
            f"{'tokens' if is_text else 'steps'}, {steps[row]}; got {values[row]}. Change the row, "
            "dataset.columns or dataset.target."
        )


def gather(column: pa.Array, order: NDArray[np.int64], lengths: NDArray[np.int64]) -> pa.Array:
    """Return the cells of a column as one list for each series.

    Args:
        order: of the cells, by series and then by time, (cells,).
        lengths: steps of each series, (series,).
    """
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary_decode()
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), column.take(pa.array(order)))


def _count_tokens(texts: pa.Array) -> NDArray[np.int64]:
    return np.array([len(split_tokens(text)) for text in texts.to_pylist()], np.int64)
