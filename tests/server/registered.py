"""Moving an alias."""

from conveyor.paths import Paths
from conveyor.registry.registry import Registry


def point(paths: Paths, version: int) -> None:
    """Move the toys' champion by hand."""
    client = Registry("toys", paths).client
    client.set_registered_model_alias("toys", "champion", str(version))
