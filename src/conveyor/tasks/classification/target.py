"""The target of a classifier, from the cells of a column to the codes of classes."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from conveyor.errors import DataError, quote, quote_names
from conveyor.tasks.classification.options import ClassSpec, ClassTarget, ValueType
from conveyor.tasks.few_rows import MAX_LISTED, check_rows

MAX_TWINS = 3  # groups of classes that differ by case only, which the data report lists


class Target:
    """See `conveyor.tasks.facets.Target`. A key is the name of a class, without white space around
    it."""

    key_type = pa.string()
    per_step = False

    def __init__(
        self, options: ClassTarget, stored_names: Mapping[str, list[str]], kind: str = ""
    ) -> None:
        del kind  # the target is of the whole row
        self._options = options
        self._stored_names = stored_names.get(options.column)
        self.columns = [options.column]
        self.number_columns = [] if options.thresholds is None else self.columns
        self._cell_type = pa.null()  # of the column, once read
        self._padded: set[str] = set()  # classes whose cells had white space around them

    def read(self, cells: Sequence[pa.Array]) -> tuple[pa.Array, pa.Array]:
        [column] = cells
        if pa.types.is_nested(column.type):
            raise DataError(
                f"column {self._options.column!r}: expected one class a row; got {column.type}. "
                "For several labels a row, set dataset.target.task to multilabel."
            )
        self._cell_type = column.type
        coded = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
        results = [self._read_value(value) for value in coded.dictionary.to_pylist()]
        keys = pa.array([key for key, _ in results], pa.string())
        problems = pa.array([problem for _, problem in results], pa.string())
        missing = pa.scalar("missing_target", pa.string())
        return keys.take(coded.indices), pc.if_else(
            coded.indices.is_null(), missing, problems.take(coded.indices)
        )

    @property
    def notes(self) -> list[str]:
        if not self._padded:
            return []
        names = quote_names(sorted(self._padded))
        return [f"white space around these classes is left out in some rows: {names}"]

    def _read_value(self, value: Any) -> tuple[str | None, str | None]:
        is_nan = isinstance(value, float) and value != value
        is_unnamed = self._stored_names is not None and isinstance(value, int) and value < 0
        is_blank = isinstance(value, str) and not value.strip()
        if value is None or is_blank or is_nan or is_unnamed:
            return None, "missing_target"
        if self._options.thresholds is not None:
            return self._apply_thresholds(value)
        name = self._name(value)
        if isinstance(value, str) and value != name:
            self._padded.add(name)
        if self._options.classes is not None and name not in self._options.classes:
            return name, "unknown_target"
        return name, None

    def stratify(self, keys: pa.Array, rows: NDArray[np.integer]) -> NDArray[np.int32]:
        """Each class is a stratum, in the order of their names.

        Raises:
            DataError: no two rows have one class.
        """
        if len(keys) > 1 and rows.max() < 2:
            raise DataError(
                f"column {self._options.column!r}: expected classes of several rows; got "
                f"{len(keys)} rows that all differ. Change dataset.target.column."
                f"{self._suggest_numbers(keys.to_pylist())}"
            )
        return np.arange(len(keys), dtype=np.int32)

    def learn(self, keys: pa.Array, rows: NDArray[np.integer]) -> ClassSpec:
        classes = self._options.classes or sorted(keys.to_pylist(), key=_natural_key)
        are_numbers = all(_natural_key(name)[0] == 0 for name in classes)
        # Where the column of one file holds numbers and that of another texts, all are texts.
        is_text = self._value_type in ("integer", "number") and not are_numbers
        return ClassSpec(classes=list(classes), value_type="text" if is_text else self._value_type)

    def without_rare(
        self, keys: pa.Array, rows: NDArray[np.integer], spec: ClassSpec, min_rows: int
    ) -> ClassSpec:
        if self._options.rare == "refuse":
            return spec
        frequent = set(keys.filter(pa.array(rows >= min_rows)).to_pylist())
        return spec.model_copy(update={"classes": [c for c in spec.classes if c in frequent]})

    def accepts(self, keys: pa.Array, spec: ClassSpec) -> NDArray[np.bool_]:
        """A class that is in no training row cannot be learned."""
        return np.isin(keys.to_pylist(), spec.classes)

    def encode(self, keys: pa.Array, spec: ClassSpec) -> NDArray[np.int32]:
        positions = {name: position for position, name in enumerate(spec.classes)}
        return np.array([positions.get(key, -1) for key in keys.to_pylist()], np.int32)

    def check(
        self,
        keys: pa.Array,
        rows: Mapping[str, NDArray[np.integer]],
        spec: ClassSpec,
        min_rows: int,
    ) -> dict[str, Any]:
        if len(spec.classes) < 2:
            raise DataError(
                f"the training rows: expected at least two classes; got {spec.classes}. Change "
                f"dataset.target.column or dataset.split{self._suggest_fewer_rows()}."
            )
        by_class = {}
        for split, counts in rows.items():
            by_key = dict(zip(keys.to_pylist(), counts.tolist(), strict=True))
            by_class[split] = {name: by_key.get(name, 0) for name in spec.classes}
        hint = self._suggest_numbers(spec.classes)
        hint = f" dataset.target.rare=drop leaves such classes out.{hint}"
        twins = _list_twins(keys.to_pylist())
        hint += f" Note: {'; '.join(twins)}." if twins else ""
        warnings = check_rows(by_class, "class", min_rows, hint)
        return {
            "classes": by_class,
            "warnings": self._list_rare(keys, spec, min_rows) + twins + warnings,
        }

    def _list_rare(self, keys: pa.Array, spec: ClassSpec, min_rows: int) -> list[str]:
        """Return a sentence about the classes that are left out as rare, if there are any."""
        names = self._options.classes or keys.to_pylist()
        rare = [repr(name) for name in names if name not in spec.classes]
        if self._options.rare == "refuse" or not rare:
            return []
        more = " ..." if len(rare) > MAX_LISTED else ""
        return [
            f"classes of fewer than {min_rows} training rows are left out: "
            f"{', '.join(rare[:MAX_LISTED])}{more}"
        ]

    def _suggest_fewer_rows(self) -> str:
        return ", or lower dataset.checks.min_rows" if self._options.rare == "drop" else ""

    @property
    def _value_type(self) -> ValueType:
        """The type of the cells; names of classes that the configuration gives are text."""
        if self._stored_names is not None or self._options.thresholds is not None:
            return "text"
        if pa.types.is_boolean(self._cell_type):
            return "boolean"
        if pa.types.is_integer(self._cell_type):
            return "integer"
        return "number" if pa.types.is_floating(self._cell_type) else "text"

    def _suggest_numbers(self, classes: Sequence[str]) -> str:
        """Return a hint where the classes look like measurements."""
        fractions = [name for name in classes if "." in name and _natural_key(name)[0] == 0]
        if len(fractions) < len(classes) / 2:
            return ""
        return (
            " To predict a number, set dataset.target to "
            f"{{task: regression, columns: [{self._options.column}]}}."
        )

    def _name(self, value: Any) -> str:
        if self._stored_names is not None and isinstance(value, int):
            return self._stored_names[value].strip()
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return str(value).strip()

    def _apply_thresholds(self, value: Any) -> tuple[str | None, str | None]:
        thresholds, classes = self._options.thresholds or [], self._options.classes or []
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise DataError(
                f"column {self._options.column!r}: expected numbers, since "
                f"dataset.target.thresholds is set; got {value!r}. Remove the thresholds, or "
                "change the column."
            ) from None
        if not np.isfinite(number):
            return None, "missing_target"
        return classes[int(np.searchsorted(thresholds, number, side="right"))], None


def _list_twins(classes: Sequence[str]) -> list[str]:
    """Return a sentence for each of the first groups of classes that differ by case or by white
    space within their names only."""
    groups: dict[str, list[str]] = {}
    for name in sorted(classes):
        groups.setdefault(" ".join(name.casefold().split()), []).append(name)
    twins = [names for names in groups.values() if len(names) > 1]
    sentences = [
        f"classes {' and '.join(map(quote, names))} differ by {_difference(names)} only"
        for names in twins[:MAX_TWINS]
    ]
    if len(twins) > MAX_TWINS:
        sentences.append(f"{len(twins) - MAX_TWINS} more groups of classes differ as little")
    return sentences


def _difference(names: Sequence[str]) -> str:
    if len({name.casefold() for name in names}) == 1:
        return "case"
    letters = {" ".join(name.split()) for name in names}
    return "white space" if len(letters) == 1 else "case and white space"


def _natural_key(name: str) -> tuple[int, float, str]:
    """Sort numbers by value, and other names after them as text."""
    try:
        number = float(name)
    except ValueError:
        return 1, 0.0, name
    return (0, number, name) if isfinite(number) else (1, 0.0, name)
