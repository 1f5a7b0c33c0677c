"""Opens source files, or a data set of the hub, as streams of Arrow batches."""

import glob
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from conveyor.config import ConfigError
from conveyor.config.source import Source
from conveyor.data.arff import open_arff
from conveyor.data.cells import clear_missing
from conveyor.data.columnar import open_arrow, open_parquet
from conveyor.data.delimited import open_csv, open_tsv
from conveyor.data.excel import open_excel
from conveyor.data.folder import open_folder
from conveyor.data.hub import open_hub
from conveyor.data.jsonl import open_json, open_jsonl
from conveyor.data.part import Part
from conveyor.data.table import Batches, Table, limit_size
from conveyor.data.tagged_files import open_aligned, open_conll
from conveyor.data.ts import open_ts
from conveyor.errors import DataError, quote_names
from conveyor.extensions import extend, rows_of

Reader = Callable[[Source, Path], Table]
# To add a format: a function that opens a file, and its row here.
READERS: dict[str, Reader] = {
    "csv": open_csv,
    "tsv": open_tsv,
    "json": open_json,
    "jsonl": open_jsonl,
    "parquet": open_parquet,
    "arrow": open_arrow,
    "excel": open_excel,
    "ts": open_ts,
    "aligned": open_aligned,
    "conll": open_conll,
    "arff": open_arff,
    "folder": open_folder,
}


def find_readers() -> Mapping[str, Reader]:
    """Return the readers by format, with those of the project's extensions.py."""
    return extend("READERS", READERS, rows_of("READERS"))


def check_format(source: Source) -> None:
    """Raise a ConfigError that lists the formats, if there is no reader of the source's format."""
    formats = [*find_readers(), "hub"]
    if source.format not in formats:
        raise ConfigError(
            "the configuration is not valid:\n  dataset.source.format: expected one of "
            f"{', '.join(formats)}; got {source.format!r}. Change conf/dataset or params.yaml."
        )


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
        return [_open_split(source, part, str(name), cache) for part, name in source.files.items()]
    return [
        open_files(source, name, _find_files(files if isinstance(files, list) else [files], root))
        for name, files in source.files.items()
    ]


def open_files(
    source: Source, name: str, paths: Sequence[Path], *, allow_empty: bool = False
) -> Part:
    """Open files as one part; their columns are those of the first one.

    A value of `source.missing` is null.

    Raises:
        DataError: a file is unreadable, or there are no rows and `allow_empty` is off; also while
            it is read.
    """
    origin = ", ".join(map(str, paths))
    tables = {}
    for path in paths:
        try:
            tables[path] = find_readers()[source.format](source, path)
        except Exception as error:
            raise _convert(error, source, path) from error
    first = tables[paths[0]]

    def read(wanted: Sequence[str]) -> Batches:
        rows = 0
        for path, table in tables.items():
            _require_columns(path, table, wanted, paths[0])
            try:
                for batch in limit_size(table.read(wanted)):
                    rows += len(batch)
                    yield clear_missing(batch, source.missing)
            except Exception as error:
                raise _convert(error, source, path) from error
        if not rows and not allow_empty:
            raise DataError(f"{origin}: expected rows; got none. Change dataset.source.files.")

    locate = partial(_locate, tables)
    return Part(name, origin, first.columns, first.value_names, read, locate, tables)


def _find_files(patterns: Sequence[str], root: Path) -> list[Path]:
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
    return list(dict.fromkeys(paths))


def _convert(error: Exception, source: Source, path: Path) -> DataError:
    """Return the DataError of any error that a library raised."""
    if isinstance(error, DataError):
        return error
    if path.is_dir():
        return DataError(
            f"{path}: expected a file; got a folder. Name the files, as in {path.name}/*, or set "
            "dataset.source.format to folder."
        )
    got = " ".join(str(error).split()).rstrip(". ")
    if type(error) is not ValueError:
        got = f"{type(error).__name__}: {got}"
    if isinstance(error, RecursionError):
        got = "values that are nested too deeply"
    return DataError(
        f"{path}: expected {source.format}; got {got}. Change the file, or dataset.source.format."
    )


def _require_columns(path: Path, table: Table, wanted: Sequence[str], first: Path) -> None:
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        raise DataError(
            f"{path}: expected columns {quote_names(missing)}, as in {first}; got "
            f"{quote_names(table.columns)}. Change the file, or dataset.source.files."
        )


def _locate(tables: Mapping[Path, Table], row: int) -> str:
    """Return the file and number of a row; reads the files again."""
    for path, table in tables.items():
        rows = sum(map(len, table.read(table.columns[:1])))
        if row < rows:
            return f"{path}, row {row + 1}"
        row -= rows
    raise IndexError(row)


def _open_split(source: Source, name: str, split: str, cache: Path) -> Part:
    table = open_hub(source, split, cache)

    def read(wanted: Sequence[str]) -> Batches:
        return (clear_missing(batch, source.missing) for batch in table.read(wanted))

    origin = f"{source.hub}, split {split!r}"
    return Part(
        name, origin, table.columns, table.value_names, read,
        lambda row: f"{origin}, row {row + 1}", {},
    )  # fmt: skip
