"""Static columns of a source: one number or category of each row, beside its sequence."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from conveyor.config.dataset import StaticColumns
from conveyor.data.arrow import to_numbers
from conveyor.encoding.static import StaticEncoder, read_category
from conveyor.errors import DataError
from conveyor.raw_row import MAX_NUMBER

NOT_A_NUMBER = "not_a_number"  # the problem of a row with another value in a column of numbers


def static_type(columns: StaticColumns | StaticEncoder) -> pa.StructType:
    """The type of the values of a row: numbers and texts, null where missing."""
    numbers = [pa.field(name, pa.float64()) for name in columns.numbers]
    return pa.struct([*numbers, *(pa.field(name, pa.string()) for name in columns.categories)])


def read_static(batch: pa.RecordBatch, columns: StaticColumns) -> tuple[pa.StructArray, pa.Array]:
    """Return the values of each row, of `static_type`, and the problem of each, or null.

    Raises:
        DataError: a column holds lists or structures.
    """
    problems = pa.nulls(len(batch), pa.string())
    values = []
    for name in columns.names:
        if pa.types.is_nested(batch.column(name).type):
            raise DataError(
                f"column {name!r}: expected one number or category a row; got "
                f"{batch.column(name).type}. Change dataset.columns.static."
            )
    for name in columns.numbers:
        numbers, bad = to_numbers(batch.column(name))
        is_bad = np.zeros(len(batch), np.bool_)
        is_bad[list(bad)] = True
        for mask, problem in ((is_bad, NOT_A_NUMBER), (np.abs(numbers) > MAX_NUMBER, "not_finite")):
            named = pc.if_else(pa.array(mask), problem, pa.scalar(None, pa.string()))
            problems = pc.coalesce(problems, named)
        values.append(pa.array(numbers, pa.float64(), from_pandas=True))  # NaN becomes null
    values += [_read_categories(batch.column(name)) for name in columns.categories]
    return pa.StructArray.from_arrays(values, fields=list(static_type(columns))), problems


def _read_categories(column: pa.Array) -> pa.Array:
    coded = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
    names = [read_category(value) for value in coded.dictionary.to_pylist()]
    return pa.array(names, pa.string()).take(coded.indices)


def join_content(static: pa.StructArray, content: pa.Array) -> pa.Array:
    """Put the static values before the bytes of the sequences; different rows differ in them."""
    parts = []
    for field in static.flatten():
        text = field.cast(pa.string())
        length = pc.binary_length(text).cast(pa.string())
        parts.append(pc.binary_join_element_wise(length, text, ":").fill_null("-"))
    values = pc.binary_join_element_wise(*parts, ",")
    end = pa.scalar(";", pa.string())
    values = pc.binary_join_element_wise(values, end, "").cast(pa.binary())
    return pc.binary_join_element_wise(values, content, pa.scalar(b"", pa.binary()))
