"""What compares the models of a task, as a facet; see `conveyor.tasks.facets`."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics import Outputs, Targets
from conveyor.metrics.paired import PValues
from conveyor.tasks.values import ModelOutputs, Score


class PairedTest(Protocol):
    """A paired test of two models: its metric, and the test itself."""

    metric: str

    def judge(
        self,
        targets: Targets,
        ours: ModelOutputs,
        theirs: ModelOutputs,
        version: str,
        alpha: float,
    ) -> tuple[bool, str, dict[str, Any]]:
        """Return whether ours is better at level `alpha`, a sentence, and its numbers."""
        ...


class Comparison(Protocol):
    """Compares models on the same rows.

    Attributes:
        test_title: name of the test behind `p_values`.
        error_title: what `row_errors` measures, as the end of a sentence.
        tests: paired tests of the task beside the bootstrap, which every task has; by name.
    """

    test_title: str
    error_title: str
    tests: Mapping[str, PairedTest]

    def units(self, targets: Targets) -> NDArray[np.integer] | None:
        """Return the unit of each row, (rows,), that a bootstrap draws as a whole, such as a block
        of time; None: each row is one."""
        ...

    def p_values(self, targets: Targets, ours: ModelOutputs, theirs: ModelOutputs) -> PValues:
        """Return the p values of the test that `test_title` names."""
        ...

    def row_errors(self, targets: Targets, model: ModelOutputs) -> NDArray[np.floating]:
        """Return how wrong the answer of each row is, (rows,); 0 is right."""
        ...

    def read_answers(self, rows: Sequence[Mapping[str, str]]) -> tuple[Targets, ModelOutputs]:
        """Return the targets of recorded predictions, and outputs that give their answers.

        Args:
            rows: of predictions.csv, as `Report.predictions` makes them, by column.

        Raises:
            KeyError: the predictions are those of another target.
        """
        ...

    def strata(self, targets: Targets) -> NDArray[np.integer]:
        """Return a stratum of each row, (rows,), over which folds are spread evenly."""
        ...

    def slices(self, targets: Targets) -> list[tuple[str, NDArray[np.bool_]]]:
        """Return name and rows, bool (rows,), of each slice that the target makes."""
        ...

    def score(self, values: Sequence[Any], outputs: Outputs) -> Score:
        """Score a model on rows whose targets, as they are in the data, may be new to it."""
        ...
