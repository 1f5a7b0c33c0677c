"""The target of a regression, from the cells of columns to numbers."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from conveyor.errors import DataError
from conveyor.tasks.few_rows import FEW_TEST_ROWS
from conveyor.tasks.regression.options import RegressionSpec, RegressionTarget
from conveyor.tasks.regression.strata import assign_strata

BINS = 30  # of the histogram in the data report
QUANTILES = {"min": 0.0, "q25": 0.25, "median": 0.5, "q75": 0.75, "max": 1.0}

Values = NDArray[np.float64]


class Target:
    """See `conveyor.tasks.facets.Target`. A key is the list of the row's numbers."""

    key_type = pa.list_(pa.float64())
    per_step = False
    notes = ()

    def __init__(
        self, options: RegressionTarget, stored_names: Mapping[str, list[str]], kind: str = ""
    ) -> None:
        del kind  # the target is of the whole row
        del stored_names  # numbers have no names
        self.columns = self.number_columns = options.columns

    def read(self, cells: Sequence[pa.Array]) -> tuple[pa.Array, pa.Array]:
        """A row has the problem of its first column that has one."""
        columns = [_read_column(*named) for named in zip(self.columns, cells, strict=True)]
        problems = pc.coalesce(*[problems for _, problems in columns])
        values = np.column_stack([numbers for numbers, _ in columns])  # (rows, columns)
        starts = np.arange(0, values.size + 1, len(columns), dtype=np.int32)
        keys = pa.ListArray.from_arrays(starts, values.ravel(), mask=problems.is_valid())
        return keys, problems

    def stratify(self, keys: pa.Array, rows: NDArray[np.integer]) -> NDArray[np.int32]:
        return assign_strata(self._values(keys), rows)

    def learn(self, keys: pa.Array, rows: NDArray[np.integer]) -> RegressionSpec:
        if not len(keys):
            raise DataError(
                f"the training rows: expected numbers in the columns {', '.join(self.columns)}; "
                "got none. Change dataset.target.columns, or the files."
            )
        values = self._values(keys)
        mean = np.average(values, axis=0, weights=rows)  # (columns,)
        with np.errstate(over="ignore", invalid="ignore"):
            std = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=rows))
        for name, deviation, column in zip(self.columns, std, values.T, strict=True):
            if not np.isfinite(deviation):
                raise DataError(
                    f"column {name!r}: expected numbers whose variance is a number; got "
                    f"{column.min():g} to {column.max():g}. Change the cells, or remove the rows."
                )
        self._require_different(values)
        return RegressionSpec(columns=list(self.columns), mean=mean.tolist(), std=std.tolist())

    def without_rare(
        self, keys: pa.Array, rows: NDArray[np.integer], spec: RegressionSpec, min_rows: int
    ) -> RegressionSpec:
        return spec

    def accepts(self, keys: pa.Array, spec: RegressionSpec) -> NDArray[np.bool_]:
        """Any number can be predicted."""
        return np.ones(len(keys), np.bool_)

    def encode(self, keys: pa.Array, spec: RegressionSpec) -> Values:
        """Numbers in the data's unit, (keys, columns); the network's head standardises them."""
        return self._values(keys)

    def check(
        self,
        keys: pa.Array,
        rows: Mapping[str, NDArray[np.integer]],
        spec: RegressionSpec,
        min_rows: int,
    ) -> dict[str, Any]:
        """The report has a summary of each column by split, and a histogram."""
        values = self._values(keys)
        training, test = rows["train"] > 0, rows["test"] > 0  # (keys,)
        if rows["train"].sum() < min_rows:
            raise DataError(
                f"dataset.checks.min_rows: expected at least {min_rows} training rows; got "
                f"{rows['train'].sum()}. Add rows, change dataset.split, or lower the limit."
            )
        self._require_different(values[training])
        return {
            "warnings": self._warn_of_test(values[test], int(rows["test"].sum())),
            "targets": {
                name: _describe_column(numbers, rows)
                for name, numbers in zip(self.columns, values.T, strict=True)
            },
        }

    def _warn_of_test(self, values: Values, rows: int) -> list[str]:
        """Return a sentence for each thing that makes the metrics of the test rows say little.

        Args:
            values: different ones of the test rows, (values, columns).
            rows: number of test rows.
        """
        few = [f"there are {rows} test rows, so their metrics say little"]
        return few * (rows < FEW_TEST_ROWS) + [
            f"all test rows have {numbers[0]:g} in column {name!r}, so R² and the correlations of "
            "it are not defined"
            for name, numbers in zip(self.columns, values.T, strict=True)
            if np.ptp(numbers) == 0
        ]

    def _require_different(self, values: Values) -> None:
        """Raise a DataError if a column of the training rows, (rows, columns), has one number
        only."""
        for name, numbers in zip(self.columns, values.T, strict=True):
            if np.ptp(numbers) == 0:
                raise DataError(
                    f"the training rows: expected different numbers in column {name!r}; got "
                    f"{numbers[0]:g} in all of them. Add rows, or change dataset.split or "
                    "dataset.target.columns."
                )

    def _values(self, keys: pa.Array) -> Values:
        """Return the numbers of keys, (keys, columns)."""
        return keys.flatten().to_numpy().reshape(-1, len(self.columns))


def _read_column(name: str, column: pa.Array) -> tuple[Values, pa.Array]:
    """Return the number and the problem of each row, (rows,); NaN where there is a problem."""
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary_decode()
    kind, missing = column.type, pa.scalar("missing_target", pa.string())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        coded = column.dictionary_encode()
        results = [_parse(text) for text in coded.dictionary.to_pylist()]
        numbers = pa.array([number for number, _ in results], pa.float64()).take(coded.indices)
        problems = pa.array([problem for _, problem in results], pa.string()).take(coded.indices)
    elif _is_number(kind):
        numbers = column.cast(pa.float64(), safe=False)  # integers above 2**53 are rounded
        not_finite = pa.scalar("not_finite", pa.string())
        problems = pc.if_else(pc.is_finite(numbers), pa.scalar(None, pa.string()), not_finite)
    else:
        raise DataError(
            f"column {name!r}: expected numbers; got {kind}. Change dataset.target.columns, or "
            "dataset.target.task."
        )
    problems = pc.if_else(column.is_null(), missing, problems)
    return numbers.to_numpy(zero_copy_only=False), problems


def _is_number(kind: pa.DataType) -> bool:
    types = pa.types
    return (
        types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
        or types.is_null(kind)
    )  # fmt: skip


def _parse(text: str) -> tuple[float | None, str | None]:
    """Return the number that a text means, or what is wrong with it."""
    if not text.strip():
        return None, "missing_target"
    try:
        number = float(text)
    except ValueError:
        return None, "unknown_target"
    return (number, None) if isfinite(number) else (None, "not_finite")


def _describe_column(numbers: Values, rows: Mapping[str, NDArray[np.integer]]) -> dict[str, Any]:
    """Summarise a column by split, from its numbers and the rows of each, both (keys,)."""
    edges = np.histogram_bin_edges(numbers, BINS)
    order = np.argsort(numbers)
    described = {}
    for split, counts in rows.items():
        ends = np.cumsum(counts[order])
        shares = np.array(list(QUANTILES.values()))
        positions = np.searchsorted(ends, np.maximum(1, shares * ends[-1]))
        mean = np.average(numbers, weights=counts)
        described[split] = {
            **dict(zip(QUANTILES, numbers[order][positions].tolist(), strict=True)),
            "mean": float(mean),
            "std": float(np.sqrt(np.average((numbers - mean) ** 2, weights=counts))),
            "histogram": np.histogram(numbers, edges, weights=counts)[0].astype(int).tolist(),
        }
    return {"splits": described, "edges": edges.tolist()}
