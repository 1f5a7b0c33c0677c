"""The row that a person wants to see."""

from itertools import chain
from pathlib import Path
from typing import Any

from conveyor.batch.read import open_rows
from conveyor.encoding import RowError
from conveyor.errors import InputError
from conveyor.serving import LoadedModel

OTHER_DATA = ". Name a file with the columns of the model's data set"


def choose_row(model: LoadedModel, text: str | None, file: Path | None, number: int) -> Any:
    """Return a raw row that the model reads: a text, a row of a file, or else the model's example.

    Args:
        number: of the file's row, from 1.

    Raises:
        InputError: the model does not read such a row, or the file does not have it.
    """
    if text is not None and model.kind != "text":
        raise InputError(
            f"--text: expected a model of texts; got one of {model.kind}. Name a file of rows with "
            "--file"
        )
    try:
        if file is not None:
            row = _read_row(model, file, number)
        else:
            row = model.example if text is None else text
        return check_raw_row(model, row)
    except RowError as error:
        place = "the text" if file is None else f"{file}, row {number}"
        raise InputError(f"{place}: {error.reason}") from None


def check_raw_row(model: LoadedModel, row: Any) -> Any:
    """Return a raw row in the types that the encoder reads; a text as it is, since places in it
    count its white space.

    Raises:
        RowError: the encoder does not accept it.
    """
    checked = model.encoder.check_row(row)
    return row if isinstance(row, str) else checked


def _read_row(model: LoadedModel, file: Path, number: int) -> Any:
    """Raises: RowError: the row cannot be parsed."""
    rows = chain.from_iterable(open_rows(model, file, None, number, OTHER_DATA).windows)
    count = 0
    for count, row in enumerate(rows, 1):
        if count == number and isinstance(row, RowError):
            raise row
        if count == number:
            return row
    raise InputError(f"--row: expected a row of {file} from 1 to {count}; got {number}. Name one")
