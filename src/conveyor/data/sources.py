"""Source files, or a data set of the hub, as Arrow tables on disk. The home of `datasets`."""

import csv
import difflib
import glob
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from conveyor import files
from conveyor.config.dataset import Format, Source
from conveyor.data.errors import DataError
from conveyor.data.ts import read_ts

if TYPE_CHECKING:
    from datasets import Dataset

Reader = Callable[[Source, list[str], Path], "Dataset"]


def open_source(source: Source, root: Path, cache: Path) -> dict[str, "Dataset"]:
    """Open every part of a source.

    Args:
        root: the project folder, from which the paths of `files` start.
        cache: where `datasets` keeps its Arrow copies. They are keyed by the files' contents:
            its own key is path and time, which a checkout changes and an edit may not.

    Returns:
        One memory-mapped data set for each part that `source.files` names.

    Raises:
        DataError: a file is missing or unreadable.
    """
    if source.format == "hub":
        return {part: _from_hub(source, str(name), cache) for part, name in source.files.items()}
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read when `datasets` is first imported
    opened = {}
    for part, patterns in source.files.items():
        paths = _resolve([patterns] if isinstance(patterns, str) else patterns, root)
        key = files.digest_value([files.digest_file(Path(p)) for p in paths])[:16]
        try:
            opened[part] = SOURCES[source.format](source, paths, cache / key)
        except DataError:
            raise
        except Exception as error:  # the readers raise dozens of kinds; all mean the same here
            cause = error.__cause__ or error
            names = ", ".join(paths)
            raise DataError(f"cannot read {names} as {source.format}: {cause}") from error
        if not len(opened[part]):
            raise DataError(f"{', '.join(paths)}: no rows; the `{part}` files are empty")
    return opened


def require_columns(part: str, dataset: "Dataset", names: Iterable[str]) -> None:
    """Raise a DataError that names the columns there are, if one of `names` is not."""
    for name in names:
        if name not in dataset.column_names:
            near = difflib.get_close_matches(name, dataset.column_names, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise DataError(
                f"the {part} rows have no column {name!r}; they have "
                f"{', '.join(map(repr, dataset.column_names))}.{hint} Change dataset.columns."
            )


def _resolve(patterns: list[str], root: Path) -> list[str]:
    paths = []
    for pattern in patterns:
        found = sorted(glob.glob(str(root / pattern)))
        if not found:
            folder = (root / pattern).parent
            there = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else None
            state = f"{folder} holds {', '.join(there) or 'nothing'}" if there is not None else (
                f"there is no folder {folder}")  # fmt: skip
            raise DataError(f"{pattern}: no such file; {state}. Change dataset.source.files.")
        paths += found
    return paths


def _load(builder: str, paths: list[str], cache: Path, **options: Any) -> "Dataset":
    import datasets

    loaded = datasets.load_dataset(
        builder, data_files=paths, split="train", cache_dir=str(cache), **options
    )
    assert isinstance(loaded, datasets.Dataset)
    return loaded


def _delimited(delimiter: str) -> Reader:
    def read(source: Source, paths: list[str], cache: Path) -> "Dataset":
        import datasets

        names = source.header or _header(paths[0], delimiter, quoted=source.quoted)
        # Every column is read as text: "007", "NA" and "null" stay what they are.
        features = datasets.Features({name: datasets.Value("string") for name in names})
        return _load(
            "csv", paths, cache, delimiter=delimiter, features=features, column_names=names,
            header=None if source.header else 0, keep_default_na=False, na_filter=False,
            quoting=csv.QUOTE_MINIMAL if source.quoted else csv.QUOTE_NONE,
        )  # fmt: skip

    return read


def _header(path: str, delimiter: str, *, quoted: bool) -> list[str]:
    quoting = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    with open(path, encoding="utf-8-sig", newline="") as file:
        names = next(csv.reader(file, delimiter=delimiter, quoting=quoting), [])
    if len(set(names)) != len(names):
        raise DataError(f"{path}: a column name stands twice in the header {names}")
    return names


def _builder(name: str) -> Reader:
    return lambda source, paths, cache: _load(name, paths, cache)


def _parquet(source: Source, paths: list[str], cache: Path) -> "Dataset":
    import pyarrow.dataset as ds

    # By default Arrow keeps every byte it has read until it is through the file.
    options = ds.ParquetFragmentScanOptions(pre_buffer=False, use_buffered_stream=True)
    return _load("parquet", paths, cache, fragment_scan_options=options)


def _from_ts(source: Source, paths: list[str], cache: Path) -> "Dataset":
    import datasets

    rows = [row for path in paths for row in read_ts(Path(path))]
    schema = pa.schema(
        {"series": pa.list_(pa.list_(pa.float32())), "label": pa.string()}  # type: ignore[arg-type]
    )
    return datasets.Dataset(pa.Table.from_pylist(rows, schema=schema))


def _from_hub(source: Source, split: str, cache: Path) -> "Dataset":
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
    return loaded


SOURCES: dict[Format, Reader] = {
    "csv": _delimited(","),
    "tsv": _delimited("\t"),
    "jsonl": _builder("json"),
    "parquet": _parquet,
    "arrow": _builder("arrow"),
    "ts": _from_ts,
}
