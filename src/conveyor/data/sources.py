"""Source files, or a data set of the hub, as streams of Arrow batches. The home of `datasets`."""

import difflib
import glob
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import pyarrow as pa

from conveyor.config.dataset import Format, Source
from conveyor.data.delimited import header_of, read_delimited
from conveyor.data.errors import DataError
from conveyor.data.jsonl import columns_of, read_lines
from conveyor.data.ts import read_ts

ROWS, BYTES = 8192, 4 << 20  # the most of a batch; a row that is larger comes alone
Batches = Iterator[pa.RecordBatch]


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
        DataError: a file is missing or unreadable; also while a part is read.
    """
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
                for batch in in_pieces(READERS[source.format](source, path, columns, wanted)):
                    seen += len(batch)
                    yield batch
        except DataError:
            raise
        except Exception as error:  # the readers raise many kinds; all mean the same here
            raise refuse(error) from error
        if not seen:
            raise DataError(f"{told}: no rows; the `{name}` files are empty")

    try:
        columns, classes = COLUMNS[source.format](source, paths[0])
    except DataError:
        raise
    except Exception as error:
        raise refuse(error) from error

    return Part(name, columns, classes, read, partial(_locate, source, paths, columns))


def _locate(source: Source, paths: Sequence[Path], columns: Sequence[str], row: int) -> str:
    """The file and the number of a row, found by reading the files anew."""
    for path in paths:
        rows = sum(map(len, READERS[source.format](source, path, columns, columns[:1])))
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


Columns = tuple[Sequence[str], Mapping[str, list[str]]]


def _class_names(schema: pa.Schema) -> dict[str, list[str]]:
    """Names of the ClassLabel columns that `datasets` wrote down in an Arrow or Parquet file."""
    told = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    features = (told.get("info") or {}).get("features") or {}
    return {
        name: one["names"] for name, one in features.items()
        if isinstance(one, dict) and one.get("_type") == "ClassLabel" and one.get("names")
    }  # fmt: skip


def _parquet_columns(source: Source, path: Path) -> Columns:
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    return schema.names, _class_names(schema)


def _parquet(source: Source, path: Path, names: Sequence[str], wanted: Sequence[str]) -> Batches:
    import pyarrow.parquet as pq

    # By default Arrow keeps every byte it has read until it is through the file.
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20) as file:
        groups = [file.metadata.row_group(i) for i in range(file.num_row_groups)]
        row = sum(g.total_byte_size for g in groups) // max(1, file.metadata.num_rows)
        size = max(1, min(ROWS, BYTES // max(1, row)))
        yield from file.iter_batches(size, columns=list(wanted))


def _open_arrow(path: Path) -> tuple[pa.Schema, Batches]:
    file = pa.OSFile(str(path))
    try:
        stream = pa.ipc.open_stream(file)
        return stream.schema, iter(stream)
    except pa.ArrowInvalid:
        reader = pa.ipc.open_file(file)
        return reader.schema, (reader.get_batch(i) for i in range(reader.num_record_batches))


def _arrow_columns(source: Source, path: Path) -> Columns:
    schema, _ = _open_arrow(path)
    return schema.names, _class_names(schema)


def _arrow(source: Source, path: Path, names: Sequence[str], wanted: Sequence[str]) -> Batches:
    for batch in _open_arrow(path)[1]:
        batch.validate(full=True)
        yield batch.select(list(wanted))


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


READERS: dict[Format, Callable[[Source, Path, Sequence[str], Sequence[str]], Batches]] = {
    "csv": read_delimited,
    "tsv": read_delimited,
    "jsonl": read_lines,
    "parquet": _parquet,
    "arrow": _arrow,
    "ts": _ts,
}
COLUMNS: dict[Format, Callable[[Source, Path], Columns]] = {
    "csv": lambda source, path: (source.header or header_of(source, path), {}),
    "tsv": lambda source, path: (source.header or header_of(source, path), {}),
    "jsonl": lambda source, path: (columns_of(source, path), {}),
    "parquet": _parquet_columns,
    "arrow": _arrow_columns,
    "ts": lambda source, path: (("series", "label"), {}),
}
