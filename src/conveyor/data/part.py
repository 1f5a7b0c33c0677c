"""One part of a source: the rows of its files, as one stream."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conveyor.data.table import TITLE, Batches, Table
from conveyor.errors import DataError, quote, quote_names


@dataclass(frozen=True)
class Part:
    """One part of a source.

    Attributes:
        origin: the files, or the data set of the hub.
        columns: all columns.
        value_names: by column, the names of its numbers, if the source has them.
        read: batches of the wanted columns, in the source's order, of at most ROWS rows and about
            BYTES bytes; each call reads the files again.
        locate: the file and row of a row of the part, by its position from 0: "FILE, row N". N
            counts the rows of the file from 1, without the header.
        files: the open files by their paths; none of the hub.
    """

    name: str
    origin: str
    columns: Sequence[str]
    value_names: Mapping[str, list[str]]
    read: Callable[[Sequence[str]], Batches]
    locate: Callable[[int], str]
    files: Mapping[Path, Table]

    def require(self, names: Sequence[str]) -> None:
        """Raise a DataError if one of `names` is not a column."""
        for name in names:
            if name not in self.columns:
                raise DataError(
                    f"{self.origin}: expected a column {name!r}; got columns "
                    f"{quote_names(self.columns)}. {self._hint(name)}"
                )

    def _hint(self, name: str) -> str:
        near = difflib.get_close_matches(name, self.columns, n=1)
        if near:
            return f"Did you mean {quote(near[0])}? Change dataset.columns."
        delimited = any("delimiter" in table.dialect for table in self.files.values())
        if len(self.columns) == 1 and delimited:
            return (
                f"If another character delimits the columns, set dataset.source.delimiter. {TITLE}"
            )
        advice = "Change dataset.columns, or dataset.source.header if the file has no header line."
        has_header = delimited or any("sheet" in table.dialect for table in self.files.values())
        return f"{advice} {TITLE}" if has_header else advice
