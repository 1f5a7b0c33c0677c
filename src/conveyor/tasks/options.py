"""The options of all tasks, by the name of the task: sections of the configuration, and targets."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from conveyor.tasks.classification import options as classification
from conveyor.tasks.forecasting import options as forecasting
from conveyor.tasks.multilabel import options as multilabel
from conveyor.tasks.regression import options as regression
from conveyor.tasks.tagging import options as tagging

TASK = Field(discriminator="task")

TargetSpec = Annotated[
    classification.ClassSpec
    | multilabel.LabelSpec
    | regression.RegressionSpec
    | tagging.TagSpec
    | forecasting.ForecastSpec,
    TASK,
]
Target = Annotated[
    classification.ClassTarget
    | multilabel.LabelTarget
    | regression.RegressionTarget
    | tagging.TagTarget
    | forecasting.ForecastTarget,
    TASK,
]
Head = Annotated[
    classification.ClassHead
    | multilabel.LabelHead
    | regression.RegressionHead
    | tagging.TagHead
    | forecasting.ForecastHead,
    TASK,
]
Report = Annotated[
    classification.ClassReport
    | multilabel.LabelReport
    | regression.RegressionReport
    | tagging.TagReport
    | forecasting.ForecastReport,
    TASK,
]


def describe_target(spec: TargetSpec) -> dict[str, Any]:
    """Return the values of a spec that all formats of one table have in common.

    CSV has texts only, where other formats have a type of their cells.
    """
    values = spec.model_dump(mode="json")
    return values | ({"value_type": "text"} if "value_type" in values else {})


def parse_spec(values: Mapping[str, Any]) -> TargetSpec:
    """Return the target that JSON describes."""
    return TypeAdapter(TargetSpec).validate_python(values)
