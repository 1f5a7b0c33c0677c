"""The prepared data on disk: memory-mapped ragged arrays beside the raw rows they came from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, field_serializer

from conveyor import stored
from conveyor.config.dataset import SeriesColumns, TextColumns
from conveyor.config.source import KeptDialect
from conveyor.data.windows.store import BETWEEN, BLOCKS, ORIGINS, WindowIds, WindowStore
from conveyor.encoding import Encoder, WindowEncoder, load_encoder
from conveyor.encoding.network_inputs import EncodedRows, StaticInputs
from conveyor.encoding.ragged import EncodedSequences, Ragged
from conveyor.errors import InputError
from conveyor.metrics import Targets
from conveyor.metrics.steps import split_steps
from conveyor.raw_row import MISSING, Row
from conveyor.tasks import Task
from conveyor.tasks.options import Target, TargetSpec
from conveyor.tokens import split_tokens

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
    dialect: KeptDialect | None = None
    # Windows have none: their target says it.
    target_options: Target | None = Field(default=None, exclude_if=lambda options: options is None)
    # Inputs of the static columns; as `columns.static`, it is written only where there are any.
    static_width: int | None = Field(default=None, exclude_if=lambda width: width is None)
    # Characters that are read of each token, and different ones; only where there are tokens.
    characters: int | None = Field(default=None, exclude_if=lambda count: count is None)
    alphabet: int | None = Field(default=None, exclude_if=lambda count: count is None)
    # Whether rows are windows of long series; likewise.
    windows: bool = Field(default=False, exclude_if=lambda windows: not windows)

    @field_serializer("columns")
    def _describe_columns(self, columns: TextColumns | SeriesColumns | None) -> Any:
        return None if columns is None else columns.describe()


class RawRows(Sequence[Any]):
    """Raw rows, read from disk on access: str, or a list of tokens, or float32 (steps, channels);
    in a `raw_row.Row` where there are static columns.

    Args:
        static: of structures; None where there are no static columns.
        by_tokens: whether the tokens of texts are given.
    """

    def __init__(
        self, column: pa.ChunkedArray, static: pa.ChunkedArray | None = None, *, by_tokens: bool
    ) -> None:
        self.column, self._static, self._by_tokens = column, static, by_tokens

    def __len__(self) -> int:
        return len(self.column)

    def __getitem__(self, index: int | slice) -> Any:
        """One row, or a list of the rows of a slice."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        value = self.column[index].as_py()
        if isinstance(value, str):
            sequence: Any = split_tokens(value) if self._by_tokens else value
        else:
            sequence = np.array(value, dtype=np.float32, ndmin=2)
        return sequence if self._static is None else Row(sequence, self._static_values(index))

    def __add__(self, others: "RawRows") -> list[Any]:
        return [*self, *others]

    def _static_values(self, index: int) -> dict[str, Any]:
        assert self._static is not None
        values = self._static[index].as_py()
        for field in self._static.type:
            if pa.types.is_floating(field.type) and values[field.name] is None:
                values[field.name] = MISSING
        return values


@dataclass(frozen=True)
class Split:
    """One split.

    Attributes:
        sequences: encoded rows.
        targets: encoded as the task does, first axis (rows,); see `metrics.steps` for those of a
            task with a target for each step.
        rows: the same rows, raw.
        static_inputs: encoded static columns, (rows, width); None where there are none.
    """

    sequences: EncodedSequences
    targets: Targets
    rows: Sequence[Any]
    _ids: pa.ChunkedArray | WindowIds
    static_inputs: StaticInputs | None = None

    @property
    def encoded(self) -> EncodedRows:
        """All that a network reads of the rows."""
        return EncodedRows(self.sequences, self.static_inputs)

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
        if self.meta.windows:
            return self._open_windows(folder / ORIGINS)
        values, offsets = (_map(folder / f) for f in ("values.npy", "offsets.npy"))
        table = pa.ipc.open_file(pa.memory_map(str(folder / "rows.arrow"))).read_all()
        has_static = self.meta.static_width is not None
        sequences = Ragged(values, offsets)
        targets = np.load(folder / "targets.npy", allow_pickle=False)
        if self.meta.target.per_step:  # (steps,), beside the values of the sequences
            targets = split_steps(targets, sequences.lengths)
        return Split(
            sequences=sequences,
            targets=targets,
            rows=RawRows(
                table["row"],
                table["static"] if has_static else None,
                by_tokens=self.meta.characters is not None,
            ),
            _ids=table["id"],
            static_inputs=_map(folder / "static.npy") if has_static else None,
        )

    def independent_rows(self, names: Iterable[str]) -> list[Split]:
        """Open the rows of splits that say something of their own, by which data sets are compared:
        all rows or, of windows, those whose horizons do not overlap."""
        if self.meta.windows:
            return [self._open_windows(self.folder / name / BLOCKS) for name in names]
        return [self.split(name) for name in names]

    @property
    def unit(self) -> str:
        """What `independent_rows` are, in the plural."""
        return "origins" if self.meta.windows else "rows"

    def rows_between(self) -> list[Split]:
        """Open rows that are in no split although their values are: windows across a cut."""
        return self.independent_rows([BETWEEN]) if self.meta.windows else []

    def _open_windows(self, path: Path) -> Split:
        encoder = self.encoder
        assert isinstance(encoder, WindowEncoder)
        store = WindowStore.open(self.folder, encoder)
        origins = _map(path)
        ids = WindowIds(store, origins)
        targets: Any = store.targets(origins)  # an array in all that is asked of it
        static: Any = store.inputs(origins)
        return Split(store.sequences(origins), targets, store.rows(origins), ids, static)


def join_rows(parts: Sequence[Any]) -> Any:
    """Join the targets of splits, or their raw rows, in this order; those of windows are still read
    as they are asked for."""
    first, *others = parts
    for other in others:
        is_array = isinstance(first, np.ndarray)
        first = np.concatenate([first, other]) if is_array else first + other
    return first


def _map(path: Path) -> Any:
    """Return an array of a file, which is read as it is used."""
    return np.load(path, mmap_mode="r", allow_pickle=False)


def typical_length(prepared: Prepared) -> int:
    """Return the median steps of the training rows."""
    return max(1, int(np.median(prepared.split("train").sequences.lengths)))
