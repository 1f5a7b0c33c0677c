"""Windows of long series: an index into their steps, of which nothing is copied before a batch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.encoding.ragged import Lengths, RowNumbers, Values
from conveyor.raw_row import Row
from conveyor.tasks.window import Window

Origins = NDArray[np.int64]  # (rows,): positions of the steps at which a forecast begins


@dataclass(frozen=True)
class Windows:
    """Encoded windows, all of one length; has the methods of `Ragged` that batches need.

    Attributes:
        steps: encoded steps of all series, float32 (steps, features); may be memory-mapped.
        origins: of the rows.
    """

    steps: NDArray[np.float32]
    origins: Origins
    window: Window

    def __len__(self) -> int:
        return len(self.origins)

    def __getitem__(self, row: int) -> Values:
        """One row."""
        return self.pad_rows(np.array([row]))[0][0]

    @property
    def lengths(self) -> Lengths:
        """Steps of each row, int32 (rows,); takes no memory."""
        return np.broadcast_to(np.int32(self.window.steps), len(self))

    @property
    def empty(self) -> Values:
        """No step, with the width and type of the others."""
        return self.steps[:0]

    def pad_rows(self, rows: RowNumbers) -> tuple[Values, Lengths]:
        """The rows with these numbers as one batch, see `Ragged.pad_rows`."""
        window = self.window
        batch = np.zeros((len(rows), window.steps, window.features), self.steps.dtype)
        self.fill(batch, np.arange(len(rows)), rows)
        return batch, np.full(len(rows), window.steps, np.int32)

    def fill(self, batch: Values, positions: RowNumbers, rows: RowNumbers) -> None:
        """Copy row `rows[i]` to `batch[positions[i]]`, for all i, see `Ragged.fill`."""
        batch[positions] = self.steps[_positions(self.origins[rows], self.window)]
        hide_future(batch, self.window, positions)

    def first(self, rows: int) -> "Windows":
        """The first rows, as a view."""
        return Windows(self.steps, self.origins[:rows], self.window)


def hide_future(batch: Values, window: Window, rows: Any = slice(None)) -> None:
    """Make what is not known ahead missing, from the origin on.

    Args:
        batch: encoded, (batch, steps, features).
        rows: of the batch.
    """
    if window.future:
        batch[rows, window.context :, : window.hidden] = 0
        batch[rows, window.context :, window.flags : window.flags + window.hidden] = 1


class RawWindows(Sequence[Any]):
    """The same windows as raw rows: float32 (steps, channels), NaN where nothing is known ahead.

    Args:
        steps: raw steps of all series, (steps, channels).
        static: values of the static columns at an origin; None where there are none. With them each
            row is a `raw_row.Row`.
    """

    def __init__(
        self, steps: NDArray[np.float32], origins: Origins, window: Window,
        static: Callable[[int], Mapping[str, Any]] | None = None,
    ) -> None:  # fmt: skip
        self._steps, self._origins, self._window, self._static = steps, origins, window, static

    def __len__(self) -> int:
        return len(self._origins)

    def __getitem__(self, index: int | slice) -> Any:
        """One row, or the rows of a slice."""
        if isinstance(index, slice):
            return RawWindows(self._steps, self._origins[index], self._window, self._static)
        origin, window = int(self._origins[index]), self._window
        row = np.array(self._steps[origin - window.context : origin + window.future])
        row[window.context :, : window.hidden] = np.nan
        return row if self._static is None else Row(row, self._static(origin))

    def __add__(self, others: "RawWindows") -> "RawWindows":
        origins = np.concatenate([self._origins, others._origins])
        return RawWindows(self._steps, origins, self._window, self._static)


class SeriesInputs:
    """Encoded static columns of windows, which are those of their series; read as they are asked
    for.

    Args:
        values: of each series, (series, width).
        series: of each row, (rows,).
    """

    def __init__(self, values: NDArray[np.float32], series: NDArray[np.int64]) -> None:
        self._values, self._series = values, series

    def __len__(self) -> int:
        return len(self._series)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, width)."""
        return len(self), self._values.shape[1]

    def __getitem__(self, rows: Any) -> NDArray[np.float32]:
        """The inputs of row numbers, of a mask or of a slice."""
        return self._values[self._series[rows]]


class WindowTargets:
    """What follows the origins, read as it is asked for; see `tasks.forecasting.truth`.

    Args:
        steps: raw targets of all series, (steps, columns).
        marks: of each row, what its metrics need beside the values, (rows, columns, marks) as they
            are asked for by row numbers.
    """

    dtype = np.dtype(np.float64)

    def __init__(
        self, steps: NDArray[np.float32], origins: Origins, window: Window, marks: Any
    ) -> None:
        self._steps, self._origins, self._window, self._marks = steps, origins, window, marks

    def __len__(self) -> int:
        return len(self._origins)

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, columns, horizon + marks)."""
        return len(self), *self[:0].shape[1:]

    def __getitem__(self, rows: Any) -> NDArray[np.float64]:
        """Targets of row numbers, of a mask or of a slice."""
        origins = self._origins[rows]
        values = self._steps[origins[:, None] + np.arange(self._window.horizon)]
        values = values.transpose(0, 2, 1).astype(np.float64)  # (rows, columns, horizon)
        return np.concatenate([values, self._marks(origins)], axis=2)

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
        del copy
        return self[:].astype(dtype or self.dtype, copy=False)

    def __add__(self, others: "WindowTargets") -> "WindowTargets":
        origins = np.concatenate([self._origins, others._origins])
        return WindowTargets(self._steps, origins, self._window, self._marks)


def _positions(origins: Origins, window: Window) -> NDArray[np.int64]:
    """Return the steps of each row, (rows, steps)."""
    return origins[:, None] + np.arange(-window.context, window.future)
