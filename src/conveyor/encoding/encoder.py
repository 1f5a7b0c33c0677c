"""The interface of an encoder, which stands between raw rows and the arrays of the network."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor import files
from conveyor.encoding.network_inputs import EncodedRows, NetworkInputs, name_inputs
from conveyor.encoding.ragged import (
    PREDICTED_STEPS,
    Ragged,
    RowNumbers,
    batches_by_length,
)
from conveyor.encoding.row_error import RowError
from conveyor.encoding.static import StaticEncoder
from conveyor.raw_row import Row, sequence_of, static_of


class Encoder(ABC):
    """Encodes raw rows for a network; fitted on training rows, saved beside the model.

    A subclass encodes sequences, and `static` what is beside them.

    Attributes:
        kind: names the class in encoder.json and card.json.
        column: name of the column, or of the tensor, that holds raw rows.
        token_column: name of the column, or of the tensor, of rows as lists of tokens; None where
            rows are never that.
        unit: what the length of a row counts, in the plural.
        unknown_token: token of the words without a token of their own; None for numeric rows.
        tensor_types: KServe datatypes of a tensor of raw rows, the preferred one first.
        max_length: units after which a row is cut; None for no limit.
        static: of the static columns; None where the data set has none.
        notes: sentences on the training rows to which it was fitted; a saved encoder has none.
    """

    kind: ClassVar[str]
    column: ClassVar[str]
    token_column: ClassVar[str | None] = None
    unit: ClassVar[str]
    unknown_token: ClassVar[int | None] = None
    tensor_types: ClassVar[tuple[str, ...]]
    max_length: int | None
    static: StaticEncoder | None = None
    notes: Sequence[str] = ()

    @property
    @abstractmethod
    def size(self) -> dict[str, int]:
        """`vocabulary` or `features`: the size of the network's input, as card.json has it."""

    @property
    def channels(self) -> int:
        """Numbers of a raw step; 0 for text."""
        return 0

    @property
    def accepts_missing(self) -> bool:
        """Whether a raw row may have missing values."""
        return False

    @property
    def tokens(self) -> dict[str, int]:
        """The number of each token; empty for series."""
        return {}

    def token_numbers(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the numbers of the tokens of encoded rows, (units,)."""
        return values

    def find_unknown(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which units of encoded rows are unknown tokens, (units,)."""
        return self.token_numbers(values) == self.unknown_token

    def split(self, sequence: Any) -> list[str]:
        """Return the piece of a checked text that each token stands for; none of a series."""
        del sequence
        return []

    def count_units(self, sequence: Any) -> int:
        """Return how many units a checked sequence has, before it is cut to `max_length`."""
        return len(sequence)

    def blank_values(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return encoded values of the shape of a row's that say nothing: unknown tokens, or the
        mean of the training steps."""
        return np.full_like(values, self.unknown_token)

    @property
    def feature_channels(self) -> NDArray[np.int64]:
        """The channel of a raw step from which each number of an encoded step comes, (features,);
        a token is one."""
        return np.zeros(1, np.int64)

    @property
    def alphabet(self) -> dict[str, int]:
        """The number of each character; empty where characters are not read."""
        return {}

    @property
    def shortest_row(self) -> Any:
        """A raw row of one unit, by which a model can be tried."""
        sequence = self.shortest_sequence
        return sequence if self.static is None else Row(sequence, self.static.blank)

    @property
    @abstractmethod
    def shortest_sequence(self) -> Any:
        """A raw sequence of one unit."""

    @property
    @abstractmethod
    def tensor_shape(self) -> list[int]:
        """Shape of a tensor of raw sequences; -1 stands for any size."""

    def locate(self, row: Any) -> Any:
        """Return a raw row as the answers need it, which name places in it: a `TokenText` where an
        answer has a value for each token, and else the row itself.

        Raises:
            RowError: as `check_row`.
        """
        return row

    def check_row(self, row: Any) -> Any:
        """Return a raw row in the types that the encoder reads, with its own static columns only.

        Raises:
            RowError: the sequence has another type or shape, or it is empty; a static column is
                missing, or its value cannot be read.
        """
        sequence = self.check_sequence(sequence_of(row))
        if self.static is None:
            return sequence
        return Row(sequence, self.static.check(static_of(row)))

    @abstractmethod
    def check_sequence(self, sequence: Any) -> Any:
        """Return a raw sequence in the type that `encode` reads.

        Raises:
            RowError: it has another type or shape, or it is empty.
        """

    def shift_of(self, sequence: Any) -> NDArray[np.float64]:
        """Return how far the mean of each channel of a checked sequence is from that of the
        training rows.

        Returns:
            Shape (channels,), in the unit of the encoder's scale; NaN where there is no value.
        """
        del sequence
        return np.zeros(0)

    @abstractmethod
    def read_sequences(self, sequences: Sequence[Any]) -> Ragged:
        """Tokens or steps of raw sequences, not yet scaled or cut; one may have none."""

    @abstractmethod
    def read_arrow(self, column: pa.Array) -> Ragged:
        """As `read_sequences`, for an Arrow column without nulls."""

    @abstractmethod
    def finish(self, rows: Ragged) -> Ragged:
        """Scale the result of `read_sequences`, cut it to `max_length`, fill what has no unit."""

    def encode(self, sequences: Sequence[Any]) -> Ragged:
        """Encode raw sequences. Each has between 1 and `max_length` units afterwards."""
        return self.finish(self.read_sequences(sequences))

    @abstractmethod
    def encode_one(self, sequence: Any) -> NDArray[Any]:
        """Encode one sequence as `encode` does, without the overhead of a batch."""

    def batches(
        self, rows: Sequence[Any], batch_size: int
    ) -> Iterator[tuple[RowNumbers, NetworkInputs]]:
        """Check and encode raw rows, and pad them in batches of similar length.

        Similar lengths keep the padding short. A batch of long rows has fewer of them.

        Yields:
            Positions of the batch's rows in `rows`, (batch,), and the inputs of the network.

        Raises:
            RowError: before the first batch: `check_row` refuses a row, or there is none.
        """
        sequences = checked = self._check_rows(rows)
        static = None
        if self.static is not None:
            sequences = [row.sequence for row in checked]
            static = self.static.encode_rows([row.static for row in checked])
        if len(checked) == 1:  # most requests have one row, which needs no sorting and no padding
            values = self.encode_one(sequences[0])
            lengths = np.array([len(values)], np.int32)
            yield np.zeros(1, np.int64), name_inputs(values[None], lengths, static)
            return
        encoded = EncodedRows(self.encode(sequences), static)
        lengths = encoded.sequences.lengths
        for batch in batches_by_length(lengths, batch_size, PREDICTED_STEPS):
            yield batch, encoded.pad_rows(batch)

    def _check_rows(self, rows: Sequence[Any]) -> list[Any]:
        if len(rows) == 0:
            raise RowError("expected at least one row; got none")
        checked = []
        for number, row in enumerate(rows):
            try:
                checked.append(self.check_row(row))
            except RowError as error:
                raise RowError(error.reason, number) from None
        return checked

    def save(self, path: Path) -> None:
        """Write the encoder as JSON; `encoding.load_encoder` reads it."""
        static = {} if self.static is None else {"static": self.static.to_json()}
        files.write_json(path, {"kind": self.kind, **self.to_json(), **static})

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """The fitted state as plain values."""

    @classmethod
    @abstractmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Restore an encoder from the values of `to_json`."""
