"""Source files, or a data set of the hub, as streams of Arrow batches. The home of `datasets`."""

import difflib
import glob
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
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
from conveyor.data.delimited import header_of, read_delimited
from conveyor.data.errors import DataError
from conveyor.data.jsonl import columns_of, read_lines
from conveyor.data.ts import read_ts


@dataclass(frozen=True)
class Part:
    """One part of a source.

    Attributes:
        columns: all there are.
        classes: by column, the names behind its class numbers, where the source tells them.
        read: the wanted columns, in the source's order, in batches of at most ROWS rows and about
            BYTES bytes; each call reads the files anew.
        locate: where a row of the part is, by its position from 0: "FILE, row N". N counts the
            rows of that file from 1, without the header.
    """

    name: str
    columns: Sequence[str]
    classes: Mapping[str, list[str]]
    read: Callable[[Sequence[str]], Batches]
    locate: Callable[[int], str]

    def require(self, names: Sequence[str]) -> None:
        """Raise a DataError that names the columns there are, if one of `names` is not."""
        for name in names:
            if name not in self.columns:
                near = difflib.get_close_matches(name, self.columns, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise DataError(
                    f"the {self.name} rows have no column {name!r}; they have "
                    f"{', '.join(map(repr, self.columns))}.{hint} Change dataset.columns."
                )


def open_source(source: Source, root: Path, cache: Path) -> list[Part]:
    """Open every part that `source.files` names.

    Args:
        root: the project folder, from which the paths of `files` start.
        cache: where `datasets` keeps what it loads from the hub.

    Raises:
        ConfigError: there is no reader of the format.
        DataError: a file is missing or unreadable; also while a part is read.
    """
    check_format(source)
    if source.format == "hub":
        return [_hub(source, part, str(name), cache) for part, name in source.files.items()]
    opened = []
    for name, patterns in source.files.items():
        paths = _resolve([patterns] if isinstance(patterns, str) else patterns, root)
        opened.append(_files(source, name, paths))
    return opened


def _resolve(patterns: list[str], root: Path) -> list[Path]:
    paths = []
    for pattern in patterns:
        found = sorted(glob.glob(str(root / pattern)))
        if not found:
            folder = (root / pattern).parent
            there = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else None
            state = f"{folder} holds {', '.join(there) or 'nothing'}" if there is not None else (
                f"there is no folder {folder}")  # fmt: skip
            raise DataError(f"{pattern}: no such file; {state}. Change dataset.source.files.")
        paths += map(Path, found)
    return paths


def _files(source: Source, name: str, paths: list[Path]) -> Part:
    told = ", ".join(map(str, paths))

    def refuse(error: Exception) -> DataError:
        return DataError(f"cannot read {told} as {source.format}: {error}")

    def read(wanted: Sequence[str]) -> Batches:
        seen = 0
        try:
            for path in paths:
                for batch in in_pieces(READERS[source.format].read(source, path, columns, wanted)):
                    seen += len(batch)
                    yield batch
        except DataError:
            raise
        except Exception as error:  # the readers raise many kinds; all mean the same here
            raise refuse(error) from error
        if not seen:
            raise DataError(f"{told}: no rows; the `{name}` files are empty")

    try:
        columns, classes = READERS[source.format].columns(source, paths[0])
    except DataError:
        raise
    except Exception as error:
        raise refuse(error) from error

    return Part(name, columns, classes, read, partial(_locate, source, paths, columns))


def _locate(source: Source, paths: Sequence[Path], columns: Sequence[str], row: int) -> str:
    """The file and the number of a row, found by reading the files anew."""
    for path in paths:
        rows = sum(map(len, READERS[source.format].read(source, path, columns, columns[:1])))
        if row < rows:
            return f"{path}, row {row + 1}"
        row -= rows
    raise IndexError(row)


def in_pieces(batches: Batches | Sequence[pa.RecordBatch]) -> Batches:
    """Cut batches that exceed ROWS rows or BYTES bytes."""
    for batch in batches:
        size = max(1, min(ROWS, BYTES * len(batch) // max(1, batch.nbytes)))
        for start in range(0, len(batch), size):
            yield batch.slice(start, size)


def _ts(source: Source, path: Path, names: Sequence[str], wanted: Sequence[str]) -> Batches:
    schema = pa.schema(
        {"series": pa.list_(pa.list_(pa.float32())), "label": pa.string()}  # type: ignore[arg-type]
    )
    rows = read_ts(path)
    while some := list(islice(rows, 500)):
        yield pa.RecordBatch.from_pylist(some, schema=schema).select(list(wanted))


def _hub(source: Source, name: str, split: str, cache: Path) -> Part:
    import datasets

    try:
        loaded = datasets.load_dataset(
            source.hub or "", split=split, revision=source.revision, cache_dir=str(cache)
        )
    except Exception as error:
        raise DataError(
            f"cannot load {source.hub!r} (split {split!r}, revision {source.revision!r}) from the "
            f"hub: {error}. Without a network, give local files: dataset.source.format and .files."
        ) from error
    assert isinstance(loaded, datasets.Dataset)
    rows = loaded
    classes = {c: one.names for c, one in rows.features.items() if hasattr(one, "names")}

    def read(wanted: Sequence[str]) -> Batches:
        for table in rows.select_columns(list(wanted)).with_format("arrow").iter(ROWS):
            yield from in_pieces(table.to_batches())  # type: ignore[union-attr]

    return Part(name, rows.column_names, classes, read,
                lambda row: f"{source.hub}, split {split!r}, row {row + 1}")  # fmt: skip


@dataclass(frozen=True)
class Reader:
    """Reads files of one format.

    Attributes:
        columns: the columns of a file, and by column the names behind its class numbers.
        read: batches of the wanted columns, from the source, a path, all columns, and the wanted.
    """

    columns: Callable[[Source, Path], Columns]
    read: Callable[[Source, Path, Sequence[str], Sequence[str]], Batches]


def _delimited_columns(source: Source, path: Path) -> Columns:
    return source.header or header_of(source, path), {}


# To add a format: a reader, and its row here.
READERS: dict[str, Reader] = {
    "csv": Reader(_delimited_columns, read_delimited),
    "tsv": Reader(_delimited_columns, read_delimited),
    "jsonl": Reader(lambda source, path: (columns_of(source, path), {}), read_lines),
    "parquet": Reader(parquet_columns, read_parquet),
    "arrow": Reader(arrow_columns, read_arrow),
    "ts": Reader(lambda source, path: (("series", "label"), {}), _ts),
}


def check_format(source: Source) -> None:
    """Refuse a format for which there is no reader.

    Raises:
        ConfigError: the message names the formats.
    """
    formats = [*READERS, "hub"]
    if source.format not in formats:
        raise ConfigError(
            "the configuration is not valid:\n  dataset.source.format: expected one of "
            f"{', '.join(formats)}; got {source.format!r}. Change conf/dataset or params.yaml."
        )
