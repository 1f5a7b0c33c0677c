"""What the progress bar of a fit shows."""

from typing import Any

from conveyor.training.history import Metrics


def advance(bar: Any, row: Metrics, updates: int) -> None:
    """Add updates to a bar, and show their losses."""
    bar.set_postfix({name: f"{value:.4f}" for name, value in row.items() if name.endswith("loss")})
    bar.update(updates)
