"""Writes the prepared store batch by batch; memory holds a few batches."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.data.arrow import ROW_TYPE
from conveyor.data.static import static_type
from conveyor.encoding import Encoder, Ragged
from conveyor.encoding.network_inputs import StaticInputs
from conveyor.metrics import Targets
from conveyor.metrics.steps import as_rows, has_steps, join_steps

BATCH = 500  # rows of a batch in rows.arrow


class SplitWriter:
    """Writes one split to the files that `open_split` opens."""

    def __init__(self, schema: pa.Schema, rows: Any, arrays: Mapping[str, "_Npy"]) -> None:
        self._schema, self._rows, self._arrays = schema, rows, arrays
        self._waiting: list[pa.Table] = []  # fewer rows than a batch
        self._steps = 0
        arrays["offsets"].add(np.zeros(1, np.int64))

    def add(
        self, batch: pa.RecordBatch, targets: Targets, sequences: Ragged,
        static: StaticInputs | None,
    ) -> None:  # fmt: skip
        """Append rows.

        Args:
            batch: of a `RowCopy`.
            targets: encoded targets, first axis (rows,).
            static: encoded static columns; None where there are none.
        """
        if has_steps(targets):  # a sequence that was cut has fewer steps
            pairs = zip(targets, sequences.lengths.tolist(), strict=True)
            targets = join_steps(as_rows([row[:length] for row, length in pairs]))
        self._arrays["values"].add(sequences.values)
        self._arrays["offsets"].add(self._steps + sequences.offsets[1:])
        self._arrays["targets"].add(targets)
        if static is not None:
            self._arrays["static"].add(static)
        self._steps += int(sequences.offsets[-1])
        table = pa.Table.from_arrays(batch.columns, schema=self._schema)
        table = pa.concat_tables([*self._waiting, table]).combine_chunks()
        whole = len(table) // BATCH * BATCH
        self._write(table[:whole])
        self._waiting = [table[whole:]]

    def _write(self, table: pa.Table) -> None:
        for batch in table.to_batches(BATCH):
            # A copy, because Arrow pads a slice with bytes of the rows behind it.
            self._rows.write_batch(batch.take(pa.array(np.arange(len(batch)))))

    def finish(self) -> None:
        """Write the rows that are fewer than a batch."""
        for table in self._waiting:
            self._write(table)


@contextmanager
def open_split(folder: Path, encoder: Encoder) -> Iterator[SplitWriter]:
    """Create the folder of a split. Its files are complete when the `with` block ends."""
    folder.mkdir()
    names = ["values", "offsets", "targets"]
    fields = {"id": pa.string(), "row": ROW_TYPE[encoder.kind]}
    if encoder.static is not None:
        names.append("static")
        fields["static"] = static_type(encoder.static)
    schema = pa.schema(fields)
    with ExitStack() as stack:
        rows = stack.enter_context(pa.ipc.new_file(str(folder / "rows.arrow"), schema))
        arrays = {n: stack.enter_context(closing(_Npy(folder / f"{n}.npy"))) for n in names}
        writer = SplitWriter(schema, rows, arrays)
        yield writer
        writer.finish()


class _Npy:
    """A .npy file to which rows are appended; its header is written again at the end."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._rows, self._like = 0, np.empty(0)

    def add(self, values: NDArray[Any]) -> None:
        if not self._rows:
            self._like = values[:0]
            self._header()
        self._file.write(np.ascontiguousarray(values).data)
        self._rows += len(values)

    def _header(self) -> None:
        # NumPy pads the header, so that it holds any number of rows.
        shape = (self._rows, *self._like.shape[1:])
        header = np.lib.format.header_data_from_array_1_0(self._like) | {"shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)

    def close(self) -> None:
        with self._file:
            self._file.seek(0)
            self._header()
