"""The exported model behind one call."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from conveyor.config.dataset import NO_STATIC, StaticColumns
from conveyor.encoding import Encoder, RowError, load_encoder
from conveyor.encoding.network_inputs import NetworkInputs
from conveyor.encoding.ragged import RowNumbers
from conveyor.metrics import Outputs
from conveyor.metrics.steps import empty_outputs, set_outputs
from conveyor.progress import progress_bar
from conveyor.serving.card import TRAIN_ANEW, Card, read_card
from conveyor.serving.digests import check_digests
from conveyor.serving.example import read_example
from conveyor.serving.layout import Layout
from conveyor.stored import FormatError, require_file
from conveyor.tasks import Task
from conveyor.tasks.forecasting.options import ForecastSpec
from conveyor.tasks.values import ModelOutputs

if TYPE_CHECKING:
    from conveyor.serving.stream import StreamingModel

GRAPH, FLOAT_GRAPH = "model.onnx", "float.onnx"  # the served graph; its float form if it is int8

DTYPES: dict[str, Any] = {"tensor(float)": np.float32, "tensor(double)": np.float64}

Batch = tuple[RowNumbers, NetworkInputs]


@dataclass(frozen=True)
class Predictions:
    """The predictions of a model, in the order of the rows.

    Attributes:
        task: the model's.
        outputs: what the network gives for each row, (rows, width).
        rows: raw, as they were predicted.
        encoder: that read them.
    """

    task: Task
    outputs: Outputs
    rows: Sequence[Any] = ()
    encoder: Encoder | None = None

    @property
    def located_rows(self) -> list[Any]:
        """The rows as the answers need them; see `Encoder.locate`."""
        return [] if self.encoder is None else list(map(self.encoder.locate, self.rows))

    def records(self) -> list[dict[str, Any]]:
        """Return the answer for each row, by field."""
        return self.task.answers.records(self.outputs, self.located_rows)


class LoadedModel:
    """An exported model folder in memory, which predicts from raw rows.

    Attributes:
        kind: the kind of its encoder, `text` or `series`.
        task: what its targets are.
        example: a raw row of its training data; a made one in a folder from before there were
            examples.
        graph: of a model of series, as it was loaded; `stream` makes its own graphs of it.
    """

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        encoder: Encoder,
        card: Card,
        example: Any = None,
        graph: bytes = b"",
    ) -> None:
        self.session, self.encoder, self.card = session, encoder, card
        self.example = encoder.shortest_row if example is None else example
        self.graph = graph
        self.kind: str = card.kind
        self.task = Task(card.target)

    @property
    def general_layouts(self) -> list[Layout]:
        """The columns in which it reads raw rows, whatever its data set calls them."""
        names = filter(None, [self.encoder.column, self.encoder.token_column])
        return [Layout.of_column(self.kind, name, self.static) for name in names]

    @property
    def layouts(self) -> list[Layout]:
        """The columns in which it reads raw rows: the general ones, then those of its data set."""
        spec, own = self.card.target, []
        if isinstance(spec, ForecastSpec):
            own = [Layout.of_windows(spec, self.static)]
        elif self.card.columns is not None:
            own = [Layout(self.card.columns)]
        return [*self.general_layouts, *own]

    @property
    def static(self) -> StaticColumns:
        """The columns beside the sequence of a row."""
        return NO_STATIC if self.card.columns is None else self.card.columns.static

    @cached_property
    def streaming(self) -> "StreamingModel":
        """The model for rows that come step by step.

        Raises:
            StreamError: it cannot read a row so.
        """
        from conveyor.serving.stream import StreamingModel  # loads onnx, which few servers need

        return StreamingModel(self)

    @property
    def width(self) -> int:
        """Number of outputs for each row, or for each step of a row."""
        return self.session.get_outputs()[0].shape[-1]

    @property
    def dtype(self) -> Any:
        """NumPy's type of the outputs."""
        return DTYPES[self.session.get_outputs()[0].type]

    def empty_outputs(self, rows: int) -> Outputs:
        """Return outputs of so many rows, before any is predicted."""
        per_step = self.task.spec.per_step
        return empty_outputs(rows, self.width, self.dtype, per_step=per_step)

    @classmethod
    def load(cls, folder: Path, *, graph: str = GRAPH) -> "LoadedModel":
        """Load the graph, encoder.json and card.json of a folder, after a check of all its files.

        Args:
            graph: file name; FLOAT_GRAPH only to compare it with an int8 graph.

        Raises:
            FormatError: the folder holds no exported model, a damaged one, or one of a format that
                this version does not read.
        """
        check_digests(folder, TRAIN_ANEW)
        card = read_card(folder)
        encoder = load_encoder(folder / "encoder.json", TRAIN_ANEW)
        example = read_example(folder, TRAIN_ANEW)
        session, path = _open_graph(folder / graph), folder / graph
        return cls(
            session, encoder, card, example, path.read_bytes() if card.kind == "series" else b""
        )

    def predict(
        self, rows: Sequence[Any], *, batch_size: int = 256, progress: bool = False
    ) -> Predictions:
        """Predict from raw rows: texts, or series of shape (steps, channels), or, for a model with
        static columns, a `raw_row.Row` of either.

        Rows of similar length share a batch; padding changes no prediction.

        Args:
            progress: show a progress bar.

        Raises:
            RowError: the encoder does not accept a row, or there are no rows.
        """
        outputs = self.empty_outputs(len(rows))
        batches = self.encoder.batches(rows, batch_size)
        for batch, inputs in _show_progress(batches, len(rows)) if progress else batches:
            set_outputs(outputs, batch, self.session.run(None, inputs)[0], inputs["lengths"])
        return Predictions(self.task, outputs, rows, self.encoder)

    def predict_as(self, other: "LoadedModel", rows: Sequence[Any]) -> ModelOutputs | None:
        """Predict in the order of another model's outputs.

        Returns:
            Outputs (rows, width), with their target; None where the other model has another target
            or reads other rows: of another kind, of other channels, with missing values, or of
            other static columns.
        """
        if self.kind != other.kind or self.encoder.channels != other.encoder.channels:
            return None
        try:
            own = ModelOutputs(self.task.spec, self.predict(rows).outputs)
        except RowError:
            return None
        return other.task.answers.align(own)


def make_session(graph: str | bytes) -> onnxruntime.InferenceSession:
    """Load a graph, from a path or as bytes, for one thread, which is fastest for single rows and
    for many callers at once."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _open_graph(path: Path) -> onnxruntime.InferenceSession:
    """Load the graph of a model folder.

    Raises:
        FormatError: there is no graph, or ONNX Runtime refuses it.
    """
    require_file(path, TRAIN_ANEW)
    try:
        return make_session(str(path))
    except Exception as error:  # ONNX Runtime's errors have no other class in common
        problem = f"expected a graph that ONNX Runtime loads; got {str(error).splitlines()[0]!r}"
        raise FormatError(path, problem, TRAIN_ANEW) from error


def _show_progress(batches: Iterator[Batch], rows: int) -> Iterator[Batch]:
    """Pass the batches on, and count their rows in a progress bar on a terminal.

    The bar would slow a prediction of one row by a quarter, so requests have none.
    """
    with progress_bar("predicting", " rows", rows) as bar:
        for batch in batches:
            yield batch
            bar.update(len(batch[0]))
