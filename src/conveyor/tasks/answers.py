"""What the facet of answers can do: from the outputs of a network to what a caller gets."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.options import TargetSpec
from conveyor.tasks.values import Distributions, ModelOutputs


class Answers(Protocol):
    """Turns the outputs of a network into what a caller gets.

    Attributes:
        schema: fields of an answer: those of a record, and the columns of a file.
        logged: names of the fields that a request log keeps.
        unit: of the outputs, in which tolerances are given, (width,) or one number: 1 for
            probabilities, the standard deviation of the training target for numbers.
    """

    schema: pa.Schema
    logged: Sequence[str]
    unit: float | NDArray[np.floating]

    def decode(self, targets: Targets) -> list[Any]:
        """Return the targets of rows as names or numbers, as drift tests compare them."""
        ...

    def records(self, outputs: Outputs, rows: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Return the answer for each row, by field.

        Args:
            rows: raw, for an answer that shows parts of them, such as the tokens of a text.
        """
        ...

    def columns(
        self, outputs: Outputs, missing: NDArray[np.bool_], rows: Sequence[Any] = ()
    ) -> list[pa.Array]:
        """Return the columns of `schema`; null in the rows where `missing`, (rows,), is true.

        Args:
            rows: as in `records`; one that is missing may be anything.
        """
        ...

    def tensors(
        self, outputs: Outputs, rows: Sequence[Any] = ()
    ) -> dict[str, tuple[str, list[int], list[Any]]]:
        """Return datatype, shape and flat data of each tensor of KServe's V2 protocol; `rows` as in
        `records`."""
        ...

    def parameters(self) -> dict[str, Any]:
        """Return what the V2 protocol tells about the model beside its tensors."""
        ...

    def matches(self, other: TargetSpec) -> bool:
        """Return whether rows with targets of another data set can be scored by these answers."""
        ...

    def align(self, other: ModelOutputs) -> ModelOutputs | None:
        """Return another model's outputs and target in this model's order; None if the two cannot
        be compared."""
        ...

    def summarise(self, outputs: Outputs) -> Distributions:
        """Return the distributions of answers that drift tests compare."""
        ...

    def summarise_targets(self, values: Sequence[Any]) -> Distributions:
        """Return the distributions of targets that drift tests compare.

        Args:
            values: as they are in the data.
        """
        ...
