"""Every run, model and decision in MLflow. The home of MLflow; nothing here decides an output."""

from contextlib import AbstractContextManager

from conveyor.imports import without


def only_runs() -> AbstractContextManager[None]:
    """Load MLflow in this where runs are kept and no model: what it looks for to describe data and
    signatures takes 0.6 s."""
    return without("pandas", "scipy")
