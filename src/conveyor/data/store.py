"""The prepared data on disk: memory-mapped ragged arrays beside the raw rows they came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from conveyor import stored
from conveyor.config.dataset import SeriesColumns, TextColumns
from conveyor.config.source import Dialect
from conveyor.encoding import Encoder, load_encoder
from conveyor.encoding.ragged import Ragged
from conveyor.errors import InputError
from conveyor.metrics import Targets
from conveyor.tasks import Task
from conveyor.tasks.options import TargetSpec

META, META_FORMAT = "meta.json", 2
PREPARE_ANEW = "Run `dvc repro prepare`, which makes it anew."
SPLITS = ("train", "validation", "test")


class StoreError(InputError):
    """The prepared data have no such split."""


class Meta(BaseModel):
    """Describes the prepared data. `digest` covers all files of the store except meta.json."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: Literal[2]
    kind: Literal["text", "series"]
    name: str
    target: TargetSpec
    features: int | None  # numbers of an encoded step of a series
    vocabulary: int | None  # tokens of a text, padding and unknown included
    counts: dict[str, int]  # rows of each split
    digest: str
    # How the files held the rows, which a model must know to read others like them. The digest does
    # not cover them: equal rows are equal, whatever file they came from.
    columns: TextColumns | SeriesColumns | None = None
    dialect: Dialect | None = None


class RawRows(Sequence[Any]):
    """Raw rows, read from disk on access: str, or float32 (steps, channels)."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self.column = column

    def __len__(self) -> int:
        return len(self.column)

    def __getitem__(self, index: int | slice) -> Any:
        """One row, or a list of the rows of a slice."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        value = self.column[index].as_py()
        return value if isinstance(value, str) else np.array(value, dtype=np.float32, ndmin=2)


@dataclass(frozen=True)
class Split:
    """One split.

    Attributes:
        sequences: encoded rows.
        targets: encoded as the task does, first axis (rows,).
        rows: the same rows, raw.
    """

    sequences: Ragged
    targets: Targets
    rows: Sequence[Any]
    _ids: pa.ChunkedArray

    @cached_property
    def ids(self) -> list[str]:
        """Ids of the rows, in order."""
        return self._ids.to_pylist()


class Prepared:
    """A prepared folder, whose splits are opened on demand and memory-mapped.

    Raises:
        FormatError: the folder holds no prepared data, or data that another version prepared.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, path = folder, folder / META
        values = stored.read_object(path, PREPARE_ANEW)
        stored.read_format(values, [META_FORMAT], path, PREPARE_ANEW)
        self.meta = stored.check(Meta, values, path, PREPARE_ANEW)

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder that was fitted on the training rows."""
        return load_encoder(self.folder / "encoder.json", PREPARE_ANEW)

    @cached_property
    def task(self) -> Task:
        """The task of the data set's target."""
        return Task(self.meta.target)

    def split(self, name: str) -> Split:
        """Open a split: train, validation or test. Its rows are read from disk on access.

        Raises:
            StoreError: the folder holds no such split.
        """
        folder = self.folder / name
        if not folder.is_dir():
            raise StoreError(
                f"{self.folder}: expected a split {name!r}; got none. Run `dvc repro prepare`."
            )
        values, offsets = (
            np.load(folder / f, mmap_mode="r") for f in ("values.npy", "offsets.npy")
        )
        table = pa.ipc.open_file(pa.memory_map(str(folder / "rows.arrow"))).read_all()
        return Split(
            sequences=Ragged(values, offsets),
            targets=np.load(folder / "targets.npy"),
            rows=RawRows(table["row"]),
            _ids=table["id"],
        )


def typical_length(prepared: Prepared) -> int:
    """Return the median steps of the training rows."""
    return max(1, int(np.median(prepared.split("train").sequences.lengths)))
