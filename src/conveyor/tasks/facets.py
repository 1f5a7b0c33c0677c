"""What each facet of a task can do, in the order in which a row meets the facets.

The comparison is in `tasks/comparison.py`, what is explained in `tasks/explained.py`; the last one,
the answers, is in `tasks/answers.py`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from typing_extensions import TypeIs

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.options import TargetSpec
from conveyor.tasks.values import ModelOutputs, ScoredRows
from conveyor.tasks.window import Window


class Target(Protocol):
    """Reads the targets of a data set.

    The key of a row is its target before it is encoded: rows of equal target have equal keys.

    Attributes:
        columns: that hold the target.
        number_columns: those of them whose cells are numbers, which text may write with a comma.
        key_type: of the keys.
        notes: sentences on what was changed in cells that have been read.
        per_step: whether a key is a list, with a target for each step of its row.
    """

    columns: Sequence[str]
    number_columns: Sequence[str]
    key_type: pa.DataType
    notes: Sequence[str]
    per_step: bool

    def read(self, cells: Sequence[pa.Array]) -> tuple[pa.Array, pa.Array]:
        """Return the key of each row, and the problem that makes it unusable.

        Args:
            cells: one array for each of `columns`, (rows,).

        Returns:
            The keys, (rows,) of `key_type`, and the problems, (rows,): "missing_target",
            "unknown_target", "not_finite", or null for a usable row. A row with a problem may have
            no key.

        Raises:
            DataError: a column cannot hold such a target.
        """
        ...

    def stratify(self, keys: pa.Array, rows: NDArray[np.integer]) -> NDArray[np.int32]:
        """Return a stratum for each key, from which a split draws equal shares.

        Args:
            keys: different ones, sorted.
            rows: number of rows of each key.
        """
        ...

    def learn(self, keys: pa.Array, rows: NDArray[np.integer]) -> TargetSpec:
        """Return what the training rows say of the target; `keys` and `rows` as in `stratify`."""
        ...

    def without_rare(
        self, keys: pa.Array, rows: NDArray[np.integer], spec: TargetSpec, min_rows: int
    ) -> TargetSpec:
        """Return the target without rare parts, if the options say so; `rows` are for training."""
        ...

    def accepts(self, keys: pa.Array, spec: TargetSpec) -> NDArray[np.bool_]:
        """Return whether a model of this target can predict each key, (keys,)."""
        ...

    def encode(self, keys: pa.Array, spec: TargetSpec) -> Targets:
        """Return the encoded target of each key, first axis (keys,)."""
        ...

    def check(
        self,
        keys: pa.Array,
        rows: Mapping[str, NDArray[np.integer]],
        spec: TargetSpec,
        min_rows: int,
    ) -> dict[str, Any]:
        """Return what the data report says of the target; `warnings` are sentences about what
        makes the test metrics say little.

        Args:
            rows: by split, the number of rows of each key, (keys,).
            min_rows: training rows that each part of the target needs.

        Raises:
            DataError: the data cannot train a model.
        """
        ...


class Head(Protocol):
    """The last layer of a network, and what it is trained for; needs Keras.

    Attributes:
        width: of the outputs.
        output_name: of the output of the ONNX graph.
        score_name: of what `score` sums.
        window: the shape of the rows of a `WindowHead`; None for all others.
    """

    width: int
    output_name: str
    score_name: str

    @property
    def window(self) -> Window | None: ...

    def build(self, x: Any) -> Any:
        """Return the outputs (batch, width) of pooled features; (batch, time, width) of the
        features of each step, where the target has a value for each."""
        ...

    def add_to_graph(self, graph: Any, model: Any, x: str) -> None:
        """Add the head to a graph of `models.onnx_graph`; `x` names the pooled features, or those
        of each step, (time, batch, width)."""
        ...

    def prepare_loss(self, targets: Targets, *, few_rows: bool) -> None:
        """Set what the training loss takes from the training rows, such as weights of rare classes,
        and from whether training and validation rows are few."""
        ...

    def constant_outputs(self, targets: Targets) -> Outputs:
        """Return the one output for all rows or steps, (width,), that has the lowest training
        loss."""
        ...

    def training_losses(self, targets: Any, outputs: Any) -> Any:
        """Return the loss of each training row, (rows,)."""
        ...

    def losses(self, targets: Any, outputs: Any) -> Any:
        """Return the loss of each row, (rows,), by which validations and trials are compared."""
        ...

    def score(self, targets: Any, outputs: Any) -> Any:
        """Return a figure of the training rows for the log, summed over the rows."""
        ...

    def choose_decision(self, targets: Targets, outputs: Outputs) -> TargetSpec:
        """Return the target with the decision that is best on the validation rows, as the options
        say; the target as it is where there is nothing to choose."""
        ...


class WindowHead(Head, Protocol):
    """The head of a network that reads windows; see `models.window`, whose results `build` and
    `add_to_graph` take in place of pooled features.

    Attributes:
        level: what is subtracted from a context: "last" value, "mean" or "none".
        spread: whether it is divided by its standard deviation.
        parameters: numbers that the head needs for each target at each step.
        middle: which of them is the forecast.
    """

    level: str
    spread: bool
    parameters: int
    middle: int

    @property
    def window(self) -> Window: ...


def reads_windows(head: Head) -> TypeIs[WindowHead]:
    """Return whether the network of a head reads windows."""
    return head.window is not None


class Baselines(Protocol):
    """Simple models, which a recurrent network must beat to be worth its cost.

    Attributes:
        trivial: name of the one that gives each row the same answer.
    """

    trivial: str

    def best_constant(self, targets: Targets) -> ModelOutputs:
        """Return the one answer for all rows that has the best headline metric on these rows.

        It is fitted in hindsight, so that no network that gives each row the same answer can be
        better.

        Args:
            targets: of the rows, first axis (rows,).
        """
        ...

    def predict(
        self, kind: str, rows: Sequence[Any], targets: Targets, test_rows: Sequence[Any], seed: int
    ) -> dict[str, ModelOutputs]:
        """Train on some rows and predict others.

        Args:
            kind: of the rows, "text" or "series".
            rows: training rows, raw.
            targets: of the training rows, first axis (rows,).

        Returns:
            Outputs of the test rows by baseline, which decides by a target of its own.
        """
        ...


class Report(Protocol):
    """What the report of an evaluation has beside metrics and baselines."""

    def details(self, test: ScoredRows, worst_rows: int) -> dict[str, Any]:
        """Return what report.json has beside metrics; `worst` lists so many of the worst rows."""
        ...

    def section(self, details: dict[str, Any]) -> str:
        """Return the details as Markdown, with the plots of `draw`."""
        ...

    def draw(self, test: ScoredRows, options: Any, folder: Path) -> None:
        """Write the plots, and their points as CSV.

        Args:
            options: `evaluate.report` of the configuration.
        """
        ...

    def predictions(self, test: ScoredRows) -> tuple[list[str], list[list[str]]]:
        """Return columns and rows of predictions.csv."""
        ...
