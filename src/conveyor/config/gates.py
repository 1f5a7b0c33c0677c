"""The section gates: what a model must meet before it becomes champion."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from conveyor.section import Portion, Section, Share


class Bar(Section):
    """Limits of one metric, in its unit; null is no limit."""

    min: float | None  # the lowest allowed value
    max: float | None  # the highest allowed value

    @model_validator(mode="after")
    def _check_limits(self) -> "Bar":
        if self.min is None and self.max is None:
            raise ValueError("expected `min`, `max` or both; got none")
        return self


class ChampionGate(Section):
    """The paired test by which a model must be better than the champion on the test rows."""

    test: str  # bootstrap, or a paired test of the task, such as mcnemar
    metric: str  # of the task
    margin: NonNegativeFloat  # how much better, in the metric's unit
    confidence: Share  # of the test, one-sided
    samples: PositiveInt  # bootstrap resamples


class SliceGate(Section):
    """Limits on parts of the test rows: the task's, such as `class NAME`; `length A to B`,
    A and B in steps."""

    bars: dict[str, dict[str, Bar]]  # slice, or a pattern such as `class *` -> metric -> limits
    metric: str  # of the task, held against the champion's on the same rows
    tolerance: NonNegativeFloat | None  # how much worse than the champion's, in its unit
    min_rows: PositiveInt  # of a slice that is judged; smaller slices are not judged
    lengths: PositiveInt  # slices of equal rows by length


class DataGate(Section):
    """Limits on the findings of reports/data.json, as shares of the rows read."""

    max_dropped_share: Portion | None  # rows that prepare left out
    max_dropped_rise: Portion | None  # above the share of the champion's data
    max_conflicting_share: Portion | None  # equal input, unequal target


class QuantisationGate(Section):
    """The limits of an int8 graph; without effect where the float graph is served."""

    max_drop: NonNegativeFloat | None  # of the headline metric, from the float graph
    # In place of gates.padding_tolerance: a row's outputs depend on the other rows of its batch.
    padding_tolerance: NonNegativeFloat | None


class Waiver(Section):
    """A reason to promote a model that a gate would refuse, which the verdict shows."""

    waived: Annotated[str, Field(min_length=1)]  # the reason


def _check_waiver(value: Any) -> Any:
    if value is True or isinstance(value, Waiver | Mapping):
        return value
    raise ValueError(
        f"expected true, or {{waived: REASON}}, which the verdict shows; got {value!r}"
    )


class Gates(Section):
    """What a model must meet before it becomes champion; null switches a gate off."""

    bars: dict[str, Bar]  # metric -> limits
    champion: ChampionGate
    must_beat_baselines: Annotated[Literal[True] | Waiver, BeforeValidator(_check_waiver)]
    slices: SliceGate
    max_bytes: PositiveInt | None  # of all files of the model folder
    max_latency_ms: PositiveFloat | None  # median for one row, ONNX Runtime, one thread
    # Differences of a row's outputs, in the unit of the task's answers: for numbers, the standard
    # deviation of the training target.
    padding_tolerance: NonNegativeFloat | None  # alone and in a batch
    round_trip_tolerance: NonNegativeFloat | None  # here and in a fresh process
    quantisation: QuantisationGate
    data: DataGate | None
    own: dict[str, Any]  # gate of extensions.py -> its limits; null switches it off
