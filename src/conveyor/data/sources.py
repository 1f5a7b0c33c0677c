"""Opens source files, or a data set of the hub, as streams of Arrow batches."""

import difflib
import glob
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from conveyor.config import ConfigError
from conveyor.config.dataset import Source
from conveyor.data.columnar import (
    BYTES,
    ROWS,
    Batches,
    Columns,
    arrow_columns,
    parquet_columns,
    read_arrow,
    read_parquet,
)
from conveyor.data.delimited import delimited_columns, read_delimited
from conveyor.data.jsonl import jsonl_columns, read_jsonl
from conveyor.data.ts import read_ts, ts_columns
from conveyor.errors import DataError


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
    """

    name: str
    origin: str
    columns: Sequence[str]
    value_names: Mapping[str, list[str]]
    read: Callable[[Sequence[str]], Batches]
    locate: Callable[[int], str]

    def require(self, names: Sequence[str]) -> None:
        """Raise a DataError if one of `names` is not a column."""
        for name in names:
            if name not in self.columns:
                raise DataError(
                    f"{self.origin}: expected a column {name!r}; got columns "
                    f"{', '.join(map(repr, self.columns))}. {self._hint(name)}"
                )

    def _hint(self, name: str) -> str:
        near = difflib.get_close_matches(name, self.columns, n=1)
        if near:
            return f"Did you mean {near[0]!r}? Change dataset.columns."
        first = self.columns[0]
        if len(self.columns) == 1 and "\t" in first:
            return "If the delimiter is a tab, set dataset.source.format to tsv."
        if len(self.columns) == 1 and "," in first:
            return "If the delimiter is ',', set dataset.source.format to csv."
        if len(self.columns) == 1 and ";" in first:
            return "If the delimiter is ';', write the file with ',' (csv) or tabs (tsv)."
        return "Change dataset.columns, or dataset.source.header if the file has no header line."


def open_source(source: Source, root: Path, cache: Path) -> list[Part]:
    """Open each part of `source.files`.

    Args:
        root: the project folder, to which the paths of `files` are relative.
        cache: folder in which `datasets` stores what it loads from the hub.

    Raises:
        ConfigError: there is no reader of the format.
        DataError: a file is missing or unreadable; also while a part is read.
    """
    check_format(source)
    if source.format == "hub":
        return [_open_hub(source, part, str(name), cache) for part, name in source.files.items()]
    return [
        _open_files(source, name, _find_files(files if isinstance(files, list) else [files], root))
        for name, files in source.files.items()
    ]


def _find_files(patterns: list[str], root: Path) -> list[Path]:
    paths = []
    for pattern in patterns:
        matches = sorted(glob.glob(str(root / pattern)))
        if not matches:
            folder = (root / pattern).parent
            state = f"no folder {folder}"
            if folder.is_dir():
                names = ", ".join(sorted(path.name for path in folder.iterdir()))
                state = f"{names or 'nothing'} in {folder}"
            raise DataError(
                f"{pattern}: expected a file; got {state}. Change dataset.source.files."
            )
        paths += map(Path, matches)
    return paths


def _open_files(source: Source, name: str, paths: list[Path]) -> Part:
    origin, reader = ", ".join(map(str, paths)), READERS[source.format]

    def convert(error: Exception) -> DataError:  # the readers raise many types
        if isinstance(error, DataError):
            return error
        return DataError(
            f"{origin}: expected {source.format}; got {type(error).__name__}: {error}. "
            "Change the file, or dataset.source.format."
        )

    def read(wanted: Sequence[str]) -> Batches:
        rows = 0
        try:
            for path in paths:
                for batch in limit_size(reader.read(source, path, columns, wanted)):
                    rows += len(batch)
                    yield batch
        except Exception as error:
            raise convert(error) from error
        if not rows:
            raise DataError(f"{origin}: expected rows; got none. Change dataset.source.files.")

    try:
        columns, value_names = reader.columns(source, paths[0])
    except Exception as error:
        raise convert(error) from error
    return Part(name, origin, columns, value_names, read, partial(_locate, source, paths, columns))


def _locate(source: Source, paths: Sequence[Path], columns: Sequence[str], row: int) -> str:
    """Return the file and number of a row; reads the files again."""
    for path in paths:
        rows = sum(map(len, READERS[source.format].read(source, path, columns, columns[:1])))
        if row < rows:
            return f"{path}, row {row + 1}"
        row -= rows
    raise IndexError(row)


def limit_size(batches: Batches | Sequence[pa.RecordBatch]) -> Batches:
    """Split batches that exceed ROWS rows or BYTES bytes."""
    for batch in batches:
        size = max(1, min(ROWS, BYTES * len(batch) // max(1, batch.nbytes)))
        for start in range(0, len(batch), size):
            yield batch.slice(start, size)


def _open_hub(source: Source, name: str, split: str, cache: Path) -> Part:
    import datasets  # it takes a second, and only this format needs it

    origin = f"{source.hub}, split {split!r}"
    try:
        rows = datasets.load_dataset(
            source.hub or "", split=split, revision=source.revision, cache_dir=str(cache)
        )
    except Exception as error:
        raise DataError(
            f"{origin}: expected a data set of the hub at revision {source.revision!r}; got "
            f"{error}. Without a network, name local files in dataset.source.files, and their "
            "format in dataset.source.format."
        ) from error
    assert isinstance(rows, datasets.Dataset)
    features = rows.features.items()
    value_names = {name: kind.names for name, kind in features if hasattr(kind, "names")}

    def read(wanted: Sequence[str]) -> Batches:
        for table in rows.select_columns(list(wanted)).with_format("arrow").iter(ROWS):
            yield from limit_size(table.to_batches())  # type: ignore[union-attr]

    return Part(
        name, origin, rows.column_names, value_names, read, lambda row: f"{origin}, row {row + 1}"
    )


@dataclass(frozen=True)
class Reader:
    """Reads files of one format.

    Attributes:
        columns: returns the columns of a file, and by column the names of its numbers.
        read: yields batches of the wanted columns; takes the source, a path, all columns, and the
            wanted ones.
    """

    columns: Callable[[Source, Path], Columns]
    read: Callable[[Source, Path, Sequence[str], Sequence[str]], Batches]


# To add a format: a reader, and its row here.
READERS: dict[str, Reader] = {
    "csv": Reader(delimited_columns, read_delimited),
    "tsv": Reader(delimited_columns, read_delimited),
    "jsonl": Reader(jsonl_columns, read_jsonl),
    "parquet": Reader(parquet_columns, read_parquet),
    "arrow": Reader(arrow_columns, read_arrow),
    "ts": Reader(ts_columns, read_ts),
}


def check_format(source: Source) -> None:
    """Raise a ConfigError that lists the formats, if there is no reader of the source's format."""
    formats = [*READERS, "hub"]
    if source.format not in formats:
        raise ConfigError(
            "the configuration is not valid:\n  dataset.source.format: expected one of "
            f"{', '.join(formats)}; got {source.format!r}. Change conf/dataset or params.yaml."
        )
