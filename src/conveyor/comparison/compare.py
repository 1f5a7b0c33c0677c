"""Two models beside each other: what differs, the paired test, and the rows that turned."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from conveyor.metrics.paired import PairedComparison
from conveyor.registry.side import Side
from conveyor.tasks import Task
from conveyor.tasks.compare import compare_models

SEED = 0  # of the bootstrap, so that the same predictions give the same numbers
OTHER_ROWS = "not on the same test rows, so the metrics cannot be compared row by row"
OTHER_TARGET = "not of the same target, so their metrics cannot be compared"


@dataclass(frozen=True)
class TurnedRow:
    """A row that the second model answers better or worse than the first one.

    Attributes:
        true: its target; `before` and `after`: the answers of the two models; as in the records.
    """

    id: str
    true: str
    before: str
    after: str


@dataclass(frozen=True)
class ModelComparison:
    """What separates the second model from the first one.

    Attributes:
        params: both values of each parameter that differs.
        metrics: both values of each metric, and by how much the second is better; None where the
            gain or a value is not known.
        test: the paired test of the headline metric; None where the rows are not the same.
        turned_right: rows that the second model answers better.
        turned_wrong: rows that it answers worse.
        problem: why there is no paired test; None if there is one.
    """

    first: Side
    second: Side
    params: Mapping[str, tuple[str | None, str | None]]
    metrics: Mapping[str, tuple[float | None, float | None, float | None]]
    test: PairedComparison | None
    turned_right: list[TurnedRow]
    turned_wrong: list[TurnedRow]
    problem: str | None

    @property
    def sentence(self) -> str:
        """What the paired test says."""
        if self.test is None:
            return f"{self.first.title} and {self.second.title} were {self.problem}."
        test, rows = self.test, len(self.second.predictions)
        return (
            f"{self.second.title} {test.relation} {self.first.title}: {test.metric} "
            f"{test.ours:.4g} against {test.theirs:.4g} on the same {rows} test rows (gain "
            f"{test.gain:+.3g}, standard error {test.standard_error:.2g}, two-sided p = "
            f"{test.p_value:.2g}, {test.test})."
        )

    def as_json(self) -> dict[str, Any]:
        """The content of --json."""
        names = {"params": ("first", "second"), "metrics": ("first", "second", "gain")}
        tables = {
            part: {k: dict(zip(keys, v, strict=True)) for k, v in getattr(self, part).items()}
            for part, keys in names.items()
        }
        sides = {part: {"title": side.title, "run": side.run_id}
                 for part, side in (("first", self.first), ("second", self.second))}  # fmt: skip
        turned = {part: [asdict(row) for row in getattr(self, part)]
                  for part in ("turned_right", "turned_wrong")}  # fmt: skip
        test = None if self.test is None else asdict(self.test)
        return {**sides, "sentence": self.sentence, **tables, "test": test, **turned}


def compare(first: Side, second: Side) -> ModelComparison:
    """Compare the second model with the first one, by what their evaluations recorded."""
    names = dict.fromkeys([*first.params, *second.params])
    params = {name: (first.params.get(name), second.params.get(name)) for name in names}
    differing = {name: values for name, values in params.items() if values[0] != values[1]}
    problem = _find_problem(first, second)
    metrics = _compare_metrics(first, second, comparable=problem is None)
    if problem is not None:
        return ModelComparison(first, second, differing, metrics, None, [], [], problem)
    task = Task(first.target)
    before = {row["id"]: row for row in first.predictions}
    rows = [(before[row["id"]], row) for row in second.predictions]
    targets, theirs = task.comparison.read_answers([old for old, _ in rows])
    _, ours = task.comparison.read_answers([new for _, new in rows])
    test = compare_models(task, targets, ours, theirs, SEED)
    change = task.comparison.row_errors(targets, ours) - task.comparison.row_errors(targets, theirs)
    right, wrong = (
        [_describe(*rows[int(row)]) for row in np.flatnonzero(turned)]
        for turned in (change < 0, change > 0)
    )
    return ModelComparison(first, second, differing, metrics, test, right, wrong, None)


def _find_problem(first: Side, second: Side) -> str | None:
    """Why the two have no paired test; None if they have one."""
    if first.target.task != second.target.task:
        return OTHER_TARGET
    truths = [{row["id"]: _true(row) for row in side.predictions} for side in (first, second)]
    if truths[0] != truths[1]:
        return OTHER_ROWS
    try:
        for side in (first, second):
            Task(first.target).comparison.read_answers(side.predictions)
    except KeyError:
        return OTHER_TARGET
    return None


def _compare_metrics(
    first: Side, second: Side, *, comparable: bool
) -> dict[str, tuple[float | None, float | None, float | None]]:
    """Both values of each metric, the headline first, and the gain where they are comparable."""
    table = Task(second.target).metrics
    rows = {}
    for name in dict.fromkeys([table.headline, *second.scores, *first.scores]):
        old, new = first.scores.get(name), second.scores.get(name)
        gain = None
        if comparable and old is not None and new is not None and name in table.metrics:
            gain = table[name].gain(new, old)
        rows[name] = (old, new, gain)
    return rows


def _true(row: Mapping[str, str]) -> str:
    """The target of a recorded row."""
    return _join(row, ("label", "labels", "target"))


def _describe(old: Mapping[str, str], new: Mapping[str, str]) -> TurnedRow:
    return TurnedRow(new["id"], _true(new), *(_join(row, ("predicted",)) for row in (old, new)))


def _join(row: Mapping[str, str], fields: tuple[str, ...]) -> str:
    """The cells of a field: one, or one for each of several targets, such as `predicted NAME`."""
    return ", ".join(cell for name, cell in row.items() if name.partition(" ")[0] in fields)
