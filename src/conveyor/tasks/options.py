"""The options of all tasks, by the name of the task: sections of the configuration, and targets."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from conveyor.tasks.classification import options as classification
from conveyor.tasks.multilabel import options as multilabel
from conveyor.tasks.regression import options as regression

TASK = Field(discriminator="task")

TargetSpec = Annotated[
    classification.ClassSpec | multilabel.LabelSpec | regression.RegressionSpec, TASK
]
Target = Annotated[
    classification.ClassTarget | multilabel.LabelTarget | regression.RegressionTarget, TASK
]
Head = Annotated[classification.ClassHead | multilabel.LabelHead | regression.RegressionHead, TASK]
Report = Annotated[
    classification.ClassReport | multilabel.LabelReport | regression.RegressionReport, TASK
]


def parse_spec(values: Mapping[str, Any]) -> TargetSpec:
    """Return the target that JSON describes."""
    return TypeAdapter(TargetSpec).validate_python(values)
