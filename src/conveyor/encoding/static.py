"""Static columns to float32 inputs: scaled numbers, and one input for each category."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.config.dataset import StaticColumns
from conveyor.encoding.characters import find_surrogate
from conveyor.encoding.moments import ChannelMoments
from conveyor.encoding.network_inputs import StaticInputs
from conveyor.encoding.row_error import RowError
from conveyor.errors import InputError
from conveyor.raw_row import MAX_NUMBER, MAX_SCALED, MISSING

MAX_CATEGORIES = 100  # of a column; one of more is an id, or needs fewer, wider groups
BOOLEANS = ("true", "false")
WHOLE = re.compile(r"(-?[1-9][0-9]*|0)\.0+")  # "1.0", but not the code "007"
BLOCK = 4096  # rows whose moments are merged, whatever batches they were read in


def read_number(cell: Any) -> float:
    """Return the number of a cell; `MISSING` for null, NaN and blank text.

    Raises:
        TypeError, ValueError: it is no number.
    """
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return MISSING
    try:
        return float(cell)
    except OverflowError:  # of an integer
        return math.inf


def read_category(cell: Any) -> str | None:
    """Return the name of a cell's category; None for null, NaN and blank text.

    A whole number has the same name whether it is stored as an integer, a float or a text, and so
    has a boolean: files of one format hold as text what those of another hold as a value.

    Raises:
        TypeError: it is a list or a structure.
    """
    if isinstance(cell, list | tuple | dict | np.ndarray):
        raise TypeError(type(cell).__name__)
    if cell is None or cell != cell or (isinstance(cell, str) and not cell.strip()):
        return None
    name = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
    if name.lower() in BOOLEANS:
        return name.lower()
    whole = WHOLE.fullmatch(name)
    return whole[1] if whole else name


@dataclass(frozen=True)
class StaticEncoder:
    """Encodes the static columns of a row; fitted on training rows.

    A missing number is the mean of the training rows, a missing or new category is none of them.

    Attributes:
        numbers: mean and deviation by column.
        categories: names by column, in the order of its inputs.
    """

    numbers: Mapping[str, tuple[float, float]]
    categories: Mapping[str, Sequence[str]]

    @classmethod
    def fit(cls, batches: Iterable[pa.StructArray], columns: StaticColumns) -> "StaticEncoder":
        """Read the static columns of the training rows once.

        Raises:
            InputError: a column has no value, or more than MAX_CATEGORIES categories.
        """
        moments, names = ChannelMoments(), {name: set[str]() for name in columns.categories}
        for block in _blocks(batches):
            if columns.numbers:
                moments.add(np.stack([_numbers(block.field(n)) for n in columns.numbers], axis=1))
            for column, seen in names.items():
                seen.update(block.field(column).drop_null().unique().to_pylist())
                if len(seen) > MAX_CATEGORIES:
                    raise InputError(
                        f"dataset.columns.static.categories: expected at most {MAX_CATEGORIES} "
                        f"categories of {column!r} in the training rows; got more. Remove the "
                        "column, write fewer groups into the files, or list it under numbers."
                    )
        without = [n for n, c in zip(columns.numbers, moments.count, strict=True) if not c]
        without += [column for column, seen in names.items() if not seen]
        if without:
            raise InputError(
                f"dataset.columns.static: expected values of {without[0]!r} in the training rows; "
                "got none. Remove the column, or change the files."
            )
        deviations = moments.replace_constant(np.sqrt(moments.squares / moments.count))
        scales = zip(moments.mean.tolist(), deviations.tolist(), strict=True)
        return cls(
            dict(zip(columns.numbers, scales, strict=True)),
            {column: sorted(seen) for column, seen in names.items()},
        )

    @property
    def names(self) -> list[str]:
        """All columns."""
        return [*self.numbers, *self.categories]

    @property
    def width(self) -> int:
        """Number of inputs."""
        return len(self.numbers) + sum(map(len, self.categories.values()))

    @property
    def input_columns(self) -> list[str]:
        """The column of each input."""
        counts = {name: len(names) for name, names in self.categories.items()}
        return [*self.numbers, *(name for name, count in counts.items() for _ in range(count))]

    @property
    def blank(self) -> dict[str, Any]:
        """The values of a row that has none."""
        return dict.fromkeys(self.numbers, MISSING) | dict.fromkeys(self.categories)

    def check(self, static: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of these columns as floats and texts; see `raw_row.Row`.

        Raises:
            RowError: a column is missing, or a value is none of its kind.
        """
        missing = [name for name in self.names if name not in static]
        if missing:
            raise RowError(
                f"expected a value of column {', '.join(map(repr, missing))} beside the sequence; "
                "got none"
            )
        values: dict[str, Any] = {}
        for name in self.numbers:
            try:
                values[name] = read_number(static[name])
            except (TypeError, ValueError):
                raise RowError(f"{name}: expected a number; got {static[name]!r}") from None
            if abs(values[name]) > MAX_NUMBER:
                raise RowError(
                    f"{name}: expected a finite number, at most {MAX_NUMBER:.2g}; got "
                    f"{values[name]:g}"
                )
        for name in self.categories:
            try:
                values[name] = read_category(static[name])
            except TypeError as error:
                raise RowError(f"{name}: expected a category; got a {error}") from None
            if half := find_surrogate(values[name] or ""):
                raise RowError(
                    f"{name}: expected a category of whole characters; got {half}, half of a pair "
                    "of surrogates"
                )
        return values

    def encode_rows(self, rows: Sequence[Mapping[str, Any]]) -> StaticInputs:
        """Encode the values of checked rows."""
        return self._encode({name: [row[name] for row in rows] for name in self.names}, len(rows))

    def encode_arrow(self, column: pa.StructArray) -> StaticInputs:
        """As `encode_rows`, for a column of structures of numbers and texts."""
        numbers = {name: _numbers(column.field(name)) for name in self.numbers}
        texts = {name: column.field(name).to_pylist() for name in self.categories}
        return self._encode(numbers | texts, len(column))

    def _encode(self, columns: Mapping[str, Any], rows: int) -> StaticInputs:
        encoded = np.zeros((rows, self.width), np.float32)
        position = 0  # of an input
        for name, (mean, deviation) in self.numbers.items():
            values = np.asarray(columns[name], np.float64)
            scaled = (values - mean) / deviation
            scaled = np.clip(scaled, -MAX_SCALED, MAX_SCALED)
            encoded[:, position] = np.where(np.isnan(values), 0.0, scaled)
            position += 1
        for name, categories in self.categories.items():
            places = {category: position + i for i, category in enumerate(categories)}
            for row, value in enumerate(columns[name]):
                if value in places:
                    encoded[row, places[value]] = 1.0
            position += len(categories)
        return encoded

    def to_json(self) -> dict[str, Any]:
        """The fitted state, in the order of the inputs."""
        numbers = [
            {"column": name, "mean": mean, "deviation": deviation}
            for name, (mean, deviation) in self.numbers.items()
        ]
        categories = [
            {"column": name, "categories": list(categories)}
            for name, categories in self.categories.items()
        ]
        return {"numbers": numbers, "categories": categories}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "StaticEncoder":
        """Restore an encoder from the values of `to_json`."""
        numbers = {n["column"]: (n["mean"], n["deviation"]) for n in value["numbers"]}
        return cls(numbers, {c["column"]: c["categories"] for c in value["categories"]})


def _numbers(column: pa.Array) -> NDArray[np.float64]:
    """Numbers of a column, (rows,), NaN where missing."""
    return column.to_numpy(zero_copy_only=False)


def _blocks(batches: Iterable[pa.StructArray]) -> Iterator[pa.StructArray]:
    """Join and cut batches to BLOCK rows, so that equal rows have equal moments."""
    waiting: list[pa.StructArray] = []
    for batch in batches:
        joined = pa.concat_arrays([*waiting, batch])
        whole = len(joined) // BLOCK * BLOCK
        for start in range(0, whole, BLOCK):
            yield joined[start : start + BLOCK]
        waiting = [joined[whole:]]
    yield from (block for block in waiting if len(block))
