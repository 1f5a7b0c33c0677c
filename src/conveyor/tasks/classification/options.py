"""Options of classification: where a row's class comes from, and how the network learns it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt, field_validator, model_validator

from conveyor.section import Section, TargetSection

# By true class: a number for any wrong answer, or numbers by answer.
Costs = Mapping[str, float | Mapping[str, float]]
ValueType = Literal["text", "integer", "number", "boolean"]


class ClassTarget(TargetSection):
    """How a column becomes a class.

    `thresholds` cuts a numeric column into len(thresholds) + 1 classes, named by `classes` from
    the lowest up; a value equal to a threshold belongs to the class above it. Without
    thresholds, `classes` lists the allowed values, or null takes those of the training rows.

    rare: what becomes of a class with fewer training rows than `dataset.checks.min_rows`. refuse:
    the data set is refused. drop: the rows of the class are left out and counted.
    """

    task: Literal["classification"]
    column: str  # of the class, or of the number that `thresholds` cuts
    classes: list[str] | None = Field(None, min_length=2)  # names; null: those of the training rows
    thresholds: list[float] | None = Field(None, min_length=1)  # rising; null: no cut
    rare: Literal["refuse", "drop"] = "refuse"  # what becomes of a class with too few rows

    @field_validator("classes")
    @classmethod
    def _strip(cls, classes: list[str] | None) -> list[str] | None:
        """Names are those of the cells, which are read without white space around them."""
        return None if classes is None else [name.strip() for name in classes]

    @model_validator(mode="after")
    def _check_classes(self) -> "ClassTarget":
        if self.thresholds is not None and len(self.classes or ()) != len(self.thresholds) + 1:
            raise ValueError(
                f"classes: expected one name more than thresholds {self.thresholds}; "
                f"got {self.classes}"
            )
        if self.thresholds is not None and sorted(set(self.thresholds)) != self.thresholds:
            raise ValueError(f"thresholds: expected rising numbers; got {self.thresholds}")
        if self.classes is not None and "" in self.classes:
            raise ValueError(f"classes: expected names; got a blank one among {self.classes}")
        if self.classes is not None and len(set(self.classes)) != len(self.classes):
            raise ValueError(f"classes: expected different names; got {self.classes}")
        return self


def check_cost_names(costs: Costs, classes: Sequence[str]) -> None:
    """Check that costs name classes only.

    Raises:
        ValueError: a name is no class.
    """
    for true, value in costs.items():
        for name in (true, *(value if isinstance(value, Mapping) else ())):
            if name not in classes:
                raise ValueError(
                    f"head.costs: expected names among the classes {', '.join(classes)}; got "
                    f"{name!r}. Change it in params.yaml or in conf/head."
                )


class ClassHead(TargetSection):
    """How the network learns classes."""

    # Settings that change what the validation loss measures, so that losses do not compare.
    kinds_of_loss: ClassVar[tuple[str, ...]] = ()

    task: Literal["classification"]
    loss: Literal["cross_entropy", "focal"]  # focal weighs rows that are easy less
    gamma: NonNegativeFloat  # of the focal loss; 0 is cross-entropy
    # auto: 0.1 where training and validation rows are few, else 0.
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] | Literal["auto"]
    # auto: where a class has under a tenth of the rows of the largest, square roots of balanced
    # weights, else none.
    class_weights: Literal["auto", "none", "balanced"]
    # What errors cost, by true class: a number for any wrong answer, or numbers by answer. What is
    # not named costs 1. null: the answer is the most probable class.
    costs: dict[str, NonNegativeFloat | dict[str, NonNegativeFloat]] | None

    def check_target(self, target: Section) -> None:
        """Refuse costs of a class that the configuration does not name, if it names the classes.

        Raises:
            ValueError: a name is no class.
        """
        if self.costs is not None and isinstance(target, ClassTarget) and target.classes:
            check_cost_names(self.costs, target.classes)


class ClassReport(Section):
    """What the report of the test rows shows."""

    task: Literal["classification"]
    calibration_bins: PositiveInt  # of the reliability diagram


class ClassThreshold(Section):
    """Of two classes, the probability from which one is the answer."""

    answer: str
    probability: float


class ClassDecision(Section):
    """How probabilities become an answer where errors have different costs."""

    costs: dict[str, dict[str, float]]  # by true class and other answer
    threshold: ClassThreshold | None  # null: the answer is the class of the least expected cost


class ClassSpec(TargetSection):
    """The target of prepared data or of a model: the classes, in the order of the outputs."""

    task: Literal["classification"] = "classification"
    classes: list[str]
    value_type: ValueType = "text"  # of the data's cells
    decision: ClassDecision | None = None  # null: the answer is the most probable class
