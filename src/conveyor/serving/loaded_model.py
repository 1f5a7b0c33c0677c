"""The exported model behind one call."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tqdm import tqdm

from conveyor import files
from conveyor.encoding import Encoder, load_encoder
from conveyor.encoding.ragged import Lengths, RowNumbers, Values
from conveyor.errors import InputError

GRAPH, FLOAT_GRAPH = "model.onnx", "float.onnx"  # the served graph; its float form if it is int8

Batch = tuple[RowNumbers, Values, Lengths]


@dataclass(frozen=True)
class Predictions:
    """The predictions of a model, in the order of the rows.

    Attributes:
        classes: names of the classes, in the order of the columns of `probabilities`.
        probabilities: float32 (rows, classes); the sum of each row is 1.
    """

    classes: list[str]
    probabilities: NDArray[np.float32]

    @property
    def labels(self) -> list[str]:
        """Name of each row's most probable class."""
        return [self.classes[i] for i in self.probabilities.argmax(axis=1)]

    @property
    def best(self) -> NDArray[np.float32]:
        """Probability of each row's most probable class, (rows,)."""
        return self.probabilities.max(axis=1)

    def records(self) -> list[dict[str, Any]]:
        """For each row: `label`, its `probability`, and `probabilities` by class name."""
        return [
            {
                "label": label,
                "probability": max(row),
                "probabilities": dict(zip(self.classes, row, strict=True)),
            }
            for label, row in zip(self.labels, self.probabilities.tolist(), strict=True)
        ]


class LoadedModel:
    """An exported model folder in memory, which predicts from raw rows.

    Attributes:
        kind: the kind of its encoder, `text` or `series`.
        classes: class names, in the order of the columns of the probabilities.
    """

    def __init__(
        self, session: onnxruntime.InferenceSession, encoder: Encoder, card: dict[str, Any]
    ) -> None:
        self.session, self.encoder, self.card = session, encoder, card
        self.kind: str = card["kind"]
        self.classes: list[str] = card["classes"]

    @classmethod
    def load(cls, folder: Path, *, graph: str = GRAPH) -> "LoadedModel":
        """Load the graph, encoder.json and card.json of a folder.

        Args:
            graph: file name; FLOAT_GRAPH only to compare it with an int8 graph.

        Raises:
            InputError: the folder holds no exported model.
        """
        for name in (graph, "encoder.json", "card.json"):
            if not (folder / name).is_file():
                raise InputError(
                    f"{folder}: expected an exported model; got no {name}. Run `dvc repro train`, "
                    "or name another folder"
                )
        options = onnxruntime.SessionOptions()
        # One thread is fastest for single rows and for many callers at once.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            str(folder / graph), options, providers=["CPUExecutionProvider"]
        )
        card = files.read_json(folder / "card.json")
        return cls(session, load_encoder(folder / "encoder.json"), card)

    def predict(
        self, rows: Sequence[Any], *, batch_size: int = 256, progress: bool = False
    ) -> Predictions:
        """Predict from raw rows: texts, or series of shape (steps, channels).

        Rows of similar length share a batch; padding changes no prediction.

        Args:
            progress: show a progress bar.

        Raises:
            RowError: the encoder does not accept a row, or there are no rows.
        """
        probabilities = np.zeros((len(rows), len(self.classes)), dtype=np.float32)
        batches = self.encoder.batches(rows, batch_size)
        for batch, values, lengths in _show_progress(batches, len(rows)) if progress else batches:
            feed = {"values": values, "lengths": lengths}
            probabilities[batch] = self.session.run(["probabilities"], feed)[0]
        return Predictions(self.classes, probabilities)

    def predict_as(
        self, classes: Sequence[str], kind: str, rows: Sequence[Any]
    ) -> NDArray[np.float32] | None:
        """Probabilities with the columns in the order of another model's classes.

        Args:
            classes: of the other model.
            kind: of the other model.

        Returns:
            (rows, classes); None where the other model has other classes or reads other rows.
        """
        if self.kind != kind or sorted(self.classes) != sorted(classes):
            return None
        order = [self.classes.index(name) for name in classes]
        return self.predict(rows).probabilities[:, order]


def _show_progress(batches: Iterator[Batch], rows: int) -> Iterator[Batch]:
    """Pass the batches on, and count their rows in a progress bar on a terminal.

    The bar would slow a prediction of one row by a quarter, so requests have none.
    """
    with tqdm(total=rows, unit="row", disable=None) as bar:
        for batch in batches:
            yield batch
            bar.update(len(batch[0]))
