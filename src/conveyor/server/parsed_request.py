"""What the protocols have in common: the raw rows of a request, and its response."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conveyor.data.long_rows import part_of_columns, read_series
from conveyor.errors import InputError
from conveyor.server.body import JSON_TYPE
from conveyor.serving import LoadedModel, Predictions, RowError
from conveyor.serving.layout import find_layout


@dataclass(frozen=True)
class ParsedRequest:
    """A request.

    Attributes:
        body: the parsed JSON.
        rows: raw rows, which the model checks.
        ids: of the series, where each row of the request is a step; None for other layouts.
    """

    body: Any
    rows: list[Any]
    ids: list[str] | None = None

    def predict(self, model: LoadedModel) -> Predictions:
        """Predict the rows.

        Raises:
            InputError: a row cannot be read.
        """
        try:
            return model.predict(self.rows)
        except RowError as error:
            if self.ids is None or error.row is None:
                raise
            raise InputError(f"series {self.ids[error.row]!r}: {error.reason}") from None


@dataclass(frozen=True)
class FormattedResponse:
    """The body of a response, with the headers that belong to it."""

    content: bytes
    media_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)


def parse_columns(
    body: Any, columns: Mapping[str, list[Any]], model: LoadedModel, place: str
) -> ParsedRequest:
    """Read the rows from the general column, or from those of the model's data set.

    Args:
        columns: cells by column, of equal length; others than the model's are ignored.
        place: names the columns in a message.

    Raises:
        InputError: a column is missing, or the steps of series cannot be sorted.
    """
    layout, names = find_layout(model.layouts, columns, place)
    table = {name: columns[name] for name in names}
    require_equal_lengths(table, place)
    if layout.long is None:
        return ParsedRequest(body, layout.read(table))
    if not table[names[0]]:
        return ParsedRequest(body, [], [])
    series = read_series(part_of_columns(table, place), layout.long, layout.static)
    series.require_readable(place)
    return ParsedRequest(body, layout.join(series.sequences, series.static), series.ids)


def require_equal_lengths(table: Mapping[str, Sequence[Any]], place: str) -> None:
    """Raise an InputError if the columns of a table differ in their number of cells."""
    lengths = {name: len(cells) for name, cells in table.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"{place}: expected columns of equal length; got {lengths}")
