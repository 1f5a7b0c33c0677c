"""The rows of a call in Python, read by the code that reads those of a request."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from conveyor.errors import InputError
from conveyor.inspection.chosen_row import check_raw_row
from conveyor.server.mlflow_protocol import parse_rows
from conveyor.server.parsed_request import ParsedRequest
from conveyor.serving import LoadedModel, RowError

PLACE = "rows"  # names them in messages


def read_rows(rows: Any, model: LoadedModel) -> ParsedRequest:
    """Return raw rows, which the model checks.

    Args:
        rows: a list of texts, of series, or of dictionaries; a dictionary of columns; a DataFrame,
            with a row of the data set or, for histories and for series in long form, a step in
            each of its rows; a Series of texts; an array (rows, steps, channels).

    Raises:
        InputError: they have another type, or lack a column.
    """
    if isinstance(rows, pd.DataFrame):
        if not rows.columns.is_unique:
            raise InputError(
                f"{PLACE}: expected columns of different names; got {', '.join(map(str, rows))}. "
                "Rename or remove one"
            )
        value: Any = {str(name): [_plain(cell) for cell in rows[name]] for name in rows}
    elif isinstance(rows, Mapping):
        value = {name: _as_list(cells) for name, cells in rows.items()}
    else:
        value = _as_list(rows)
        if not isinstance(value, list):
            raise InputError(
                f"{PLACE}: expected a list of rows, a dictionary of columns or a DataFrame; got a "
                f"value of type {type(rows).__name__}. Write [row] for one row"
            )
    return parse_rows(None, value, model, PLACE)


def read_row(row: Any, model: LoadedModel) -> Any:
    """Return one raw row, checked.

    Args:
        row: as those of `read_rows`: a text, a series (steps, channels), a dictionary, or a
            DataFrame of one row or, in long form, of one series.

    Raises:
        InputError: it has another type, lacks a column, or there are several; or the encoder does
            not accept it.
    """
    parsed = read_rows(row if isinstance(row, pd.DataFrame) else [row], model)
    if len(parsed.rows) != 1:
        raise InputError(f"row: expected one row; got {len(parsed.rows)}. Choose one of them")
    try:
        return check_raw_row(model, parsed.rows[0])
    except RowError as error:
        raise InputError(f"row: {error.reason}") from None


def _as_list(values: Any) -> Any:
    """Return a list of values that come one after another, and another value as it is."""
    if isinstance(values, list | tuple | pd.Series | np.ndarray):
        return [_plain(value) for value in values]
    return values


def _plain(value: Any) -> Any:
    """Return a cell or row as JSON would have it: no value of pandas' or NumPy's own."""
    if isinstance(value, Mapping):
        return {str(name): _plain(cell) for name, cell in value.items()}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, date):  # pandas' Timestamp is one too
        return None if value is pd.NaT else value.isoformat()
    if value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    return value
