"""The exported model behind one call."""

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tqdm import tqdm

from conveyor import files
from conveyor.encoding import Encoder, Ragged, SeriesEncoder, load_encoder
from conveyor.encoding.ragged import batches_by_length
from conveyor.errors import InputError

GRAPH, FLOAT_GRAPH = "model.onnx", "float.onnx"  # what is served; beside it where that is int8


class RowError(InputError):
    """A row that the model cannot read; the message says which one and what it needs.

    Attributes:
        row: its place among the rows that came, from 0; -1 where there were none.
        reason: the message without the row.
    """

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(f"row {row} {reason}" if row >= 0 else reason)
        self.row, self.reason = row, reason


@dataclass(frozen=True)
class Predictions:
    """Answers in the order of the rows.

    Attributes:
        classes: names, in the order of the columns of `probabilities`.
        probabilities: float32 (rows, classes), each row adds up to 1.
    """

    classes: list[str]
    probabilities: NDArray[np.float32]

    @property
    def indices(self) -> NDArray[np.int64]:
        """The most probable class of each row."""
        return self.probabilities.argmax(axis=1)

    @property
    def labels(self) -> list[str]:
        return [self.classes[i] for i in self.indices]

    @property
    def best(self) -> NDArray[np.float32]:
        """Probability of each row's most probable class."""
        return self.probabilities.max(axis=1)

    def records(self) -> list[dict[str, Any]]:
        """Each row's `label`, its `probability`, and `probabilities` of all classes by name."""
        return [
            {
                "label": label,
                "probability": best,
                "probabilities": dict(zip(self.classes, row, strict=True)),
            }
            for label, best, row in zip(
                self.labels, self.best.tolist(), self.probabilities.tolist(), strict=True
            )
        ]


@dataclass(frozen=True)
class Started:
    """Rows that are being answered.

    Attributes:
        batches: the rows of each batch, and their probabilities (rows, classes) to be.
    """

    classes: list[str]
    batches: list[tuple[NDArray[np.int64], Future[NDArray[np.float32]]]]

    def result(self) -> Predictions:
        """Wait for all of them."""
        rows = sum(len(batch) for batch, _ in self.batches)
        answers = np.zeros((rows, len(self.classes)), dtype=np.float32)
        for batch, answered in self.batches:
            answers[batch] = answered.result()
        return Predictions(self.classes, answers)


class LoadedModel:
    """An exported model folder, ready to answer raw rows."""

    def __init__(
        self, session: onnxruntime.InferenceSession, encoder: Encoder, card: dict[str, Any]
    ) -> None:
        self.session, self.encoder, self.card = session, encoder, card

    @classmethod
    def load(cls, folder: Path, *, threads: int = 1, graph: str = GRAPH) -> "LoadedModel":
        """Open a graph, encoder.json and card.json.

        Args:
            threads: for one batch; 1 is fastest for single rows and for many callers at once.
            graph: the file; another one than what is served only to compare the two.

        Raises:
            InputError: the folder holds no exported model.
        """
        for name in (graph, "encoder.json", "card.json"):
            if not (folder / name).is_file():
                raise InputError(f"{folder} holds no {name}; run `dvc repro train` first")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        session = onnxruntime.InferenceSession(
            str(folder / graph), options, providers=["CPUExecutionProvider"]
        )
        card = files.read_json(folder / "card.json")
        return cls(session, load_encoder(folder / "encoder.json"), card)

    @property
    def kind(self) -> str:
        return self.card["kind"]

    @property
    def classes(self) -> list[str]:
        return self.card["classes"]

    def predict(
        self, rows: Sequence[Any], *, batch_size: int = 256, progress: bool = False
    ) -> Predictions:
        """Answer raw rows: texts, or series of shape (steps, channels).

        Rows of like length share a batch, which changes no answer, only the padding.

        Raises:
            RowError: a row is no text, or no finite series of the right number of channels.
        """
        if len(rows) == 1:  # the way of a request: no order to find, nothing to pad
            one = self.encoder.encode_one(self._checked(rows[0], 0))
            return Predictions(self.classes, self._run(one[None], np.array([len(one)], np.int32)))
        sequences = self._encoded(rows)
        answers = np.zeros((len(rows), len(self.classes)), dtype=np.float32)
        with tqdm(total=len(rows), unit="row", disable=None if progress else True) as bar:
            for batch in batches_by_length(sequences.lengths, batch_size):
                answers[batch] = self._answered(sequences, batch)
                bar.update(len(batch))
        return Predictions(self.classes, answers)

    def start(self, rows: Sequence[Any], pool: Executor, *, batch_size: int) -> Started:
        """Check and encode raw rows now, and answer their batches in the threads of a pool.

        ONNX Runtime leaves the interpreter's lock while it works, so that a batch a core is
        faster than a batch on all cores.

        Raises:
            RowError: as `predict`.
        """
        sequences = self._encoded(rows)
        batches = batches_by_length(sequences.lengths, batch_size)
        answered = [pool.submit(self._answered, sequences, batch) for batch in batches]
        return Started(self.classes, list(zip(batches, answered, strict=True)))

    def _answered(self, sequences: Ragged, batch: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._run(*sequences.padded(batch))

    def _encoded(self, rows: Sequence[Any]) -> Ragged:
        if len(rows) == 0:
            raise RowError(-1, "no rows came; at least one is needed")
        return self.encoder.encode([self._checked(row, at) for at, row in enumerate(rows)])

    def _run(self, values: NDArray[Any], lengths: NDArray[np.int32]) -> NDArray[np.float32]:
        feed = {"values": values, "lengths": lengths}
        return self.session.run(["probabilities"], feed)[0]

    def refusal(self, row: Any) -> str | None:
        """Why a row cannot be answered; None where it can."""
        try:
            self._checked(row, 0)
        except RowError as error:
            return error.reason
        return None

    def predict_as(
        self, classes: Sequence[str], kind: str, rows: Sequence[Any]
    ) -> NDArray[np.float32] | None:
        """Probabilities with columns in the order of another model's classes.

        Returns:
            (rows, classes); None where the other model has other classes or reads other rows.
        """
        if self.kind != kind or sorted(self.classes) != sorted(classes):
            return None
        order = [self.classes.index(name) for name in classes]
        return self.predict(rows).probabilities[:, order]

    def _checked(self, row: Any, number: int) -> Any:
        if isinstance(self.encoder, SeriesEncoder):
            return _series(row, number, self.encoder.channels)
        if not isinstance(row, str):
            raise RowError(number, f"is {type(row).__name__}; a text is needed")
        return row


def _series(row: Any, number: int, channels: int) -> NDArray[np.float64]:
    """One row as a finite array (steps, channels)."""
    needed = f"a series is a list of steps of {channels} numbers each"
    try:
        series = _array(row)
    except (TypeError, ValueError):
        raise RowError(number, f"cannot be read; {needed}") from None
    if series.size == 0:
        return np.zeros((0, channels))
    if series.ndim != 2 or series.shape[1] != channels:
        raise RowError(number, f"has shape {series.shape}; {needed}")
    if not np.isfinite(series).all():
        raise RowError(number, f"holds NaN or infinity; {needed}")
    return series


def _array(row: Any) -> NDArray[np.float64]:
    if isinstance(row, list) or (isinstance(row, np.ndarray) and row.dtype != object):
        return np.asarray(row, dtype=np.float64)
    # Nested lists reach MLflow's models as arrays of arrays, which NumPy joins one by one.
    return np.array([np.asarray(step, dtype=np.float64) for step in row], dtype=np.float64)
