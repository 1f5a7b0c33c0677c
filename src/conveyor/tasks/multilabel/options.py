"""Options of multi-label targets: where a row's labels come from, and how the network learns
them."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt, model_validator

from conveyor.section import Section, TargetSection

# What thresholds can be chosen for.
ThresholdMetric = Literal["micro_f1", "macro_f1", "hamming_loss"]


class LabelTarget(TargetSection):
    """How a column becomes sets of labels.

    The cells are lists or, with a `separator`, texts such as "news; sport". Order, repeats and
    the white space around a label do not count. An empty list or text is an empty set, a valid
    target; null is a missing one. `labels` lists the allowed labels, or null takes those of the
    training rows.
    """

    task: Literal["multilabel"]
    column: str  # of the sets
    separator: Annotated[str, Field(min_length=1)] | None = None  # of labels in a text; null: lists
    labels: list[str] | None = Field(None, min_length=1)  # names; null: those of the training rows

    @model_validator(mode="after")
    def _check_labels(self) -> "LabelTarget":
        if self.labels is not None and len(set(self.labels)) != len(self.labels):
            raise ValueError(f"labels: expected different names; got {self.labels}")
        return self


class LabelHead(TargetSection):
    """How the network learns labels."""

    # Settings that change what the validation loss measures, so that losses do not compare.
    kinds_of_loss: ClassVar[tuple[str, ...]] = ()

    task: Literal["multilabel"]
    loss: Literal["cross_entropy", "focal"]  # focal weighs labels that are easy less
    gamma: NonNegativeFloat  # of the focal loss; 0 is cross-entropy
    label_weights: Literal["none", "balanced"]  # of the rows with and without each label
    # The metric of the validation rows for which a threshold of each label is chosen once the
    # network is trained; null: each is 0.5.
    thresholds: ThresholdMetric | None

    def check_target(self, target: Section) -> None:
        """Any target will do."""


class LabelReport(Section):
    """What the report of the test rows shows."""

    task: Literal["multilabel"]
    plotted_labels: PositiveInt  # the most frequent ones


class Thresholds(Section):
    """The probability of each label from which it is in the answer, in the order of the labels."""

    values: list[float]
    metric: ThresholdMetric  # for which they were chosen


class LabelSpec(TargetSection):
    """The target of prepared data or of a model: the labels, in the order of the outputs."""

    task: Literal["multilabel"] = "multilabel"
    labels: list[str]
    thresholds: Thresholds | None = None  # null: each is 0.5
