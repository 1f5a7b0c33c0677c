"""Multi-label targets, from the cells of a column to sets of labels."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from conveyor.errors import DataError
from conveyor.tasks.few_rows import MAX_LISTED, check_rows
from conveyor.tasks.multilabel.options import LabelSpec, LabelTarget
from conveyor.tasks.multilabel.strata import stratify

MAX_PAIRED = 30  # labels whose co-occurrence the data report counts, the most frequent ones


class Target:
    """See `conveyor.tasks.facets.Target`. A key is the sorted list of a row's labels."""

    key_type = pa.list_(pa.string())
    per_step = False
    notes = ()

    def __init__(
        self, options: LabelTarget, stored_names: Mapping[str, list[str]], kind: str = ""
    ) -> None:
        del kind  # the target is of the whole row
        self._options = options
        self._stored_names = stored_names.get(options.column)
        self.columns = [options.column]
        self.number_columns: list[str] = []

    def read(self, cells: Sequence[pa.Array]) -> tuple[pa.Array, pa.Array]:
        [column] = cells
        if not _is_list(column.type) and not isinstance(column, pa.DictionaryArray):
            column = column.dictionary_encode()  # equal texts are read once
        if not isinstance(column, pa.DictionaryArray):
            return self._read_cells(column)
        keys, problems = self._read_cells(column.dictionary)
        missing = pa.scalar("missing_target", pa.string())
        return keys.take(column.indices), pc.if_else(
            column.indices.is_null(), missing, problems.take(column.indices)
        )

    def _read_cells(self, cells: pa.Array) -> tuple[pa.Array, pa.Array]:
        self._check_type(cells.type)
        sets = [self._read_cell(cell) for cell in cells.to_pylist()]
        keys = pa.array([None if labels is None else sorted(labels) for labels in sets],
                        self.key_type)  # fmt: skip
        return keys, pa.array([self._find_problem(labels) for labels in sets], pa.string())

    def stratify(self, keys: pa.Array, rows: NDArray[np.integer]) -> NDArray[np.int32]:
        labels = sorted({label for key in keys.to_pylist() for label in key})
        return stratify(_encode(keys, labels), rows)

    def learn(self, keys: pa.Array, rows: NDArray[np.integer]) -> LabelSpec:
        labels = self._options.labels or sorted(pc.unique(keys.flatten()).to_pylist())
        return LabelSpec(labels=list(labels))

    def without_rare(
        self, keys: pa.Array, rows: NDArray[np.integer], spec: LabelSpec, min_rows: int
    ) -> LabelSpec:
        return spec

    def accepts(self, keys: pa.Array, spec: LabelSpec) -> NDArray[np.bool_]:
        """A label that is in no training row cannot be learned."""
        existing = set(spec.labels)
        return np.array([existing.issuperset(key) for key in keys.to_pylist()], np.bool_)

    def encode(self, keys: pa.Array, spec: LabelSpec) -> NDArray[np.bool_]:
        """Return which labels are in each set, (keys, labels)."""
        return _encode(keys, spec.labels)

    def check(
        self,
        keys: pa.Array,
        rows: Mapping[str, NDArray[np.integer]],
        spec: LabelSpec,
        min_rows: int,
    ) -> dict[str, Any]:
        if not spec.labels:
            raise DataError(
                "the training rows: expected labels; got empty sets only. Change "
                "dataset.target.column, dataset.target.separator or dataset.split."
            )
        if (rows["train"] > 0).sum() < 2:
            raise DataError(
                "the training rows: expected at least two different sets of labels; got "
                f"{spec.labels[:MAX_LISTED]} in each row. Change dataset.target.column or "
                "dataset.split."
            )
        sets = _encode(keys, spec.labels)  # (keys, labels)
        counts = {split: by_key @ sets for split, by_key in rows.items()}  # (labels,) each
        by_name = {
            split: dict(zip(spec.labels, by_label.tolist(), strict=True))
            for split, by_label in counts.items()
        }
        warnings = check_rows(by_name, "label", min_rows)
        total = np.sum([*rows.values()], axis=0)  # (keys,)
        return {
            "warnings": warnings,
            "labels": by_name,
            "labels_per_row": {
                split: float(by_label.sum() / rows[split].sum())
                for split, by_label in counts.items()
            },
            "without_label": {
                split: int(by_key[~sets.any(axis=1)].sum()) for split, by_key in rows.items()
            },
            "co_occurrence": _count_pairs(sets, total, spec.labels),
        }

    def _check_type(self, kind: pa.DataType) -> None:
        """Raise a DataError if the cells are neither lists nor texts with a separator."""
        column, separator = self._options.column, self._options.separator
        if _is_list(kind) and separator is None:
            return
        if _is_list(kind):
            raise DataError(
                f"column {column!r}: expected texts, since dataset.target.separator is set; got "
                f"{kind}. Remove the separator."
            )
        if separator is None:
            raise DataError(
                f"column {column!r}: expected lists of labels; got {kind}. If the labels are in "
                'a text, set dataset.target.separator, such as ";".'
            )
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)
                or pa.types.is_string_view(kind) or pa.types.is_null(kind)):  # fmt: skip
            raise DataError(
                f"column {column!r}: expected texts, since dataset.target.separator is set; got "
                f"{kind}. Change dataset.target.column."
            )

    def _read_cell(self, cell: Any) -> set[str] | None:
        """Return the labels of a cell; None for a null, or a list that holds one or
        a number without a name."""
        if cell is None:
            return None
        if isinstance(cell, str):
            cell = cell.split(self._options.separator)
        if any(label is None or self._is_unnamed(label) for label in cell):
            return None
        return {name for label in cell if (name := self._name(label))}

    def _is_unnamed(self, label: Any) -> bool:
        """Return whether a number stands for no name, as -1 does in data sets of the hub."""
        return self._stored_names is not None and isinstance(label, int) and label < 0

    def _name(self, label: Any) -> str:
        if self._stored_names is not None and isinstance(label, int):
            return self._stored_names[label]
        return str(label).strip()

    def _find_problem(self, labels: Iterable[str] | None) -> str | None:
        if labels is None:
            return "missing_target"
        allowed = self._options.labels
        return None if allowed is None or set(allowed).issuperset(labels) else "unknown_target"


def _is_list(kind: pa.DataType) -> bool:
    return (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _encode(keys: pa.Array, labels: Sequence[str]) -> NDArray[np.bool_]:
    positions = {label: position for position, label in enumerate(labels)}
    encoded = np.zeros((len(keys), len(labels)), np.bool_)
    for row, key in enumerate(keys.to_pylist()):
        encoded[row, [positions[label] for label in key if label in positions]] = True
    return encoded


def _count_pairs(
    sets: NDArray[np.bool_], rows: NDArray[np.integer], labels: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Count the rows that have both labels of each pair of the most frequent labels."""
    frequent = np.sort(np.argsort(-(rows @ sets), kind="stable")[:MAX_PAIRED])
    chosen = sets[:, frequent].astype(np.int64)  # (keys, frequent)
    pairs = chosen.T @ (chosen * rows[:, None])  # (frequent, frequent)
    names: list[str] = np.array(labels)[frequent].tolist()
    return {
        name: dict(zip(names, row.tolist(), strict=True))
        for name, row in zip(names, pairs, strict=True)
    }
