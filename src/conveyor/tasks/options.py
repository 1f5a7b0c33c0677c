"""The options of all tasks, by the name of the task: sections of the configuration, and targets."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from conveyor.tasks.classification import options as classification

TargetSpec = classification.ClassSpec
Target = classification.ClassTarget
Head = classification.ClassHead
Report = classification.ClassReport


def parse_spec(values: Mapping[str, Any]) -> TargetSpec:
    """Return what meta.json or card.json says of the target."""
    return TypeAdapter(TargetSpec).validate_python(values)
