"""What a network reads of encoded rows: arrays by the names of its inputs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.encoding.ragged import EncodedSequences, Lengths, RowNumbers, Values

NetworkInputs = dict[str, NDArray[Any]]
StaticInputs = NDArray[np.float32]  # (rows, width)


def name_inputs(
    values: Values, lengths: Lengths, static: StaticInputs | None = None
) -> NetworkInputs:
    """Return the inputs of a network for a batch of rows, padded on the right.

    Args:
        values: int32 (batch, longest) or float32 (batch, longest, features).
        lengths: int32 (batch,).
        static: float32 (batch, width); None where the data set has no static columns.
    """
    inputs = {"values": values, "lengths": lengths}
    return inputs if static is None else {**inputs, "static": static}


@dataclass(frozen=True)
class EncodedRows:
    """Encoded sequences, and the encoded static columns beside them.

    Attributes:
        static: (rows, width); None where the data set has no static columns.
    """

    sequences: EncodedSequences
    static: StaticInputs | None

    def __len__(self) -> int:
        return len(self.sequences)

    def pad_rows(self, rows: RowNumbers) -> NetworkInputs:
        """Return the rows with these numbers as one batch."""
        static = None if self.static is None else self.static[rows]
        return name_inputs(*self.sequences.pad_rows(rows), static)

    def first(self, rows: int) -> "EncodedRows":
        """The first rows, as a view."""
        static = None if self.static is None else self.static[:rows]
        return EncodedRows(self.sequences.first(rows), static)
