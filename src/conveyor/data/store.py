"""The prepared data on disk: memory-mapped ragged arrays beside the raw rows they came from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from conveyor import files
from conveyor.encoding.ragged import Ragged
from conveyor.errors import InputError

META = "meta.json"
ARROW_TYPE = {"text": pa.string(), "series": pa.list_(pa.list_(pa.float32()))}


class StoreError(InputError):
    """There is no prepared data where it was looked for."""


class Meta(BaseModel):
    """What the prepared data are. `digest` is over every file of the store but this one."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["text", "series"]
    name: str
    classes: list[str]
    features: int | None  # channels of a series
    vocabulary: int | None  # tokens of a text, padding and unknown included
    counts: dict[str, int]  # rows of each split
    digest: str


class RawRows(Sequence[Any]):
    """Raw rows as they came: str, or float32 (steps, channels); read from disk when asked for."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self.column = column

    def __len__(self) -> int:
        return len(self.column)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        value = self.column[index].as_py()
        return value if isinstance(value, str) else np.array(value, dtype=np.float32, ndmin=2)


@dataclass(frozen=True)
class Split:
    """One split.

    Attributes:
        sequences: encoded rows.
        labels: int32 (rows,), positions in `meta.classes`.
        ids: of the rows, in order.
        rows: the same rows, raw.
    """

    sequences: Ragged
    labels: NDArray[np.int32]
    ids: list[str]
    rows: RawRows


class Prepared:
    """Opens a prepared folder; splits are memory-mapped and opened when asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not (folder / META).is_file():
            raise StoreError(f"no prepared data in {folder}; run `dvc repro prepare` first")

    @cached_property
    def meta(self) -> Meta:
        return Meta.model_validate(files.read_json(self.folder / META))

    def split(self, name: str) -> Split:
        folder = self.folder / name
        if not folder.is_dir():
            raise StoreError(f"no split {name!r} in {self.folder}")
        values, offsets = (
            np.load(folder / f, mmap_mode="r") for f in ("values.npy", "offsets.npy")
        )
        table = pa.ipc.open_file(pa.memory_map(str(folder / "rows.arrow"))).read_all()
        return Split(
            sequences=Ragged(values, offsets),
            labels=np.load(folder / "labels.npy"),
            ids=table["id"].to_pylist(),
            rows=RawRows(table["row"]),
        )


@dataclass(frozen=True)
class Batch:
    """Rows on their way into the store."""

    ids: list[str]
    raw: list[Any]
    labels: list[str]
    codes: list[int]
    encoded: Ragged


def write_split(folder: Path, kind: str, batches: Iterable[Batch]) -> int:
    """Write one split from a stream of batches; memory holds one batch and 12 bytes a row.

    Returns:
        How many rows it has.
    """
    folder.mkdir()
    schema = pa.schema({"id": pa.string(), "row": ARROW_TYPE[kind], "label": pa.string()})  # type: ignore[arg-type]
    lengths: list[NDArray[np.int32]] = []
    codes: list[NDArray[np.int32]] = []
    flat, shape, dtype = folder / "values.raw", (0,), np.dtype(np.int32)
    with flat.open("wb") as raw, pa.ipc.new_file(str(folder / "rows.arrow"), schema) as arrow:
        for batch in batches:
            values = batch.encoded.values
            shape, dtype = values.shape, values.dtype
            raw.write(np.ascontiguousarray(values).data)
            lengths.append(batch.encoded.lengths)
            codes.append(np.array(batch.codes, np.int32))
            rows = [r if isinstance(r, str) else r.tolist() for r in batch.raw]
            columns = [
                pa.array(batch.ids),
                pa.array(rows, ARROW_TYPE[kind]),
                pa.array(batch.labels),
            ]
            arrow.write_batch(pa.record_batch(columns, schema=schema))
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(lengths), dtype=np.int64)])
    np.save(folder / "offsets.npy", offsets)
    np.save(folder / "labels.npy", np.concatenate(codes))
    _npy(flat, folder / "values.npy", (int(offsets[-1]), *shape[1:]), dtype)
    return len(offsets) - 1


def _npy(flat: Path, to: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Put the header of a .npy file before values that are on disk already."""
    with to.open("wb") as out, flat.open("rb") as raw:
        header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False}
        np.lib.format.write_array_header_1_0(out, header | {"shape": shape})
        while chunk := raw.read(1 << 20):
            out.write(chunk)
    flat.unlink()
