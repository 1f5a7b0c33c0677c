"""What a row says, whatever the file it came from."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from conveyor.config.dataset import SeriesDataset, TextDataset
from conveyor.data.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

BATCH = 500
Raw = str | NDArray[np.float32]  # a text, or a series (steps, channels)


@dataclass(frozen=True)
class Row:
    """One row as read. `problem` says why it cannot be used; then `raw` and `label` may be None."""

    id: str
    raw: Raw | None
    label: str | None
    group: str | None
    marks: tuple[bool, bool]  # a split column says that this is a test row, a validation row
    problem: str | None

    @property
    def digest(self) -> bytes:
        """16 bytes that are equal for equal input."""
        raw = self.raw
        content = raw.encode() if isinstance(raw, str) else np.ascontiguousarray(raw).tobytes()
        return hashlib.blake2b(content, digest_size=16).digest()

    @property
    def empty(self) -> bool:
        raw = self.raw
        return raw is None or len(raw.strip() if isinstance(raw, str) else raw) == 0


class RowReader:
    """Reads one part of a source row by row, in its own order."""

    def __init__(self, config: TextDataset | SeriesDataset, part: str, dataset: "Dataset") -> None:
        self.config, self.part, self.dataset = config, part, dataset
        self.takes = (config.split.test, config.split.validation)
        self._classes = _class_names(dataset, config.columns.label)
        self.channels: int | None = None  # of a series; known when one was read

    @property
    def columns(self) -> list[str]:
        """Columns that must be there."""
        names = [self.input_column, self.config.columns.label]
        names += [take.column for take in self.takes if take.by == "column"]
        return names + [n for n in (self.config.columns.id, self.config.split.group) if n]

    @property
    def input_column(self) -> str:
        if isinstance(self.config, TextDataset):
            return self.config.columns.text
        return self.config.columns.series or "series"

    def rows(self, positions: NDArray[np.int64] | None = None) -> Iterator[Row]:
        """All rows, or those at rising `positions`; in batches, so that memory stays flat."""
        chosen = self.dataset if positions is None else self.dataset.select(positions)
        at = 0
        for batch in chosen.iter(batch_size=BATCH):
            for i in range(len(batch[self.input_column])):
                number = at if positions is None else int(positions[at])
                yield self._row({name: batch[name][i] for name in self.columns}, number)
                at += 1

    def _row(self, cells: dict[str, Any], number: int) -> Row:
        config = self.config
        identifier = config.columns.id and cells[config.columns.id]
        name = str(identifier) if identifier not in (None, "") else f"{self.part}-{number:06d}"
        label, problem = self._label(cells[config.columns.label])
        raw: Raw | None = None
        if cells[self.input_column] is None:
            problem = problem or "missing_input"
        elif isinstance(config, TextDataset):
            raw = str(cells[self.input_column])
        else:
            raw = self._series(cells[self.input_column], name)
            if not np.isfinite(raw).all():
                problem = problem or "not_finite"
        group = None if config.split.group is None else str(cells[config.split.group])
        test, validation = (
            take.by == "column" and str(cells[take.column]) == take.value for take in self.takes
        )
        return Row(name, raw, label, group, (test, validation), problem)

    def _label(self, value: Any) -> tuple[str | None, str | None]:
        if value is None or value == "":
            return None, "missing_label"
        labels = self.config.labels
        if labels.thresholds is not None:
            return self._cut(value)
        name = self._name(value)
        if labels.classes is not None and name not in labels.classes:
            return name, "unknown_label"
        return name, None

    def _name(self, value: Any) -> str:
        if self._classes is not None and isinstance(value, int):
            return self._classes[value] if value >= 0 else "-1"
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return str(value)

    def _cut(self, value: Any) -> tuple[str | None, str | None]:
        thresholds, classes = self.config.labels.thresholds or [], self.config.labels.classes or []
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise DataError(
                f"label column {self.config.columns.label!r} of the {self.part} rows holds "
                f"{value!r}; labels.thresholds needs numbers"
            ) from None
        if not np.isfinite(number):
            return None, "missing_label"
        return classes[int(np.searchsorted(thresholds, number, side="right"))], None

    def _series(self, value: Any, name: str) -> NDArray[np.float32]:
        columns = self.config.columns
        try:
            steps = np.array(
                [[np.nan if v is None else v for v in step] for step in value], dtype=np.float32
            )
            if not len(value):
                steps = np.zeros((0, self.channels or 1), dtype=np.float32)
            if steps.ndim != 2:
                raise ValueError(f"it has {steps.ndim} dimensions")
        except (TypeError, ValueError) as error:
            raise DataError(
                f"row {name}: column {self.input_column!r} must hold a list of steps, each a list "
                f"of one number a channel: {error}"
            ) from None
        if getattr(columns, "layout", "steps_first") == "channels_first" and len(value):
            steps = steps.T
        if len(steps):
            self.channels = self.channels or steps.shape[1]
            if steps.shape[1] != self.channels:
                raise DataError(
                    f"row {name}: {steps.shape[1]} channels, but the rows before it have "
                    f"{self.channels}. Is dataset.columns.layout right?"
                )
        return np.ascontiguousarray(steps)


def _class_names(dataset: "Dataset", column: str) -> list[str] | None:
    """Names behind a hub column of class numbers."""
    return getattr(dataset.features.get(column), "names", None)
