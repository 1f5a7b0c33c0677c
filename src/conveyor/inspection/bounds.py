"""How much of a row is traced where the time is limited: in a stage, and by a server."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from conveyor.encoding import Encoder, WindowEncoder
from conveyor.errors import InputError
from conveyor.inspection.recurrent_layers import RecurrentLayer
from conveyor.raw_row import Row, sequence_of

MAX_STEPS = 4000  # of a row, which take a layer a quarter of a second
MAX_PRODUCTS = 10**9  # of weights and steps, which take half a second


def limit_steps(layers: Iterable[RecurrentLayer]) -> int:
    """Return the steps that the layers can be traced over in about a second."""
    weights = sum(
        direction.kernel.size + direction.recurrent.size
        for layer in layers
        for direction in layer.directions
    )
    return max(1, min(MAX_STEPS, MAX_PRODUCTS // weights))


def cut_row(encoder: Encoder, row: Any, limit: int) -> Any:
    """Return a raw row of the first steps, or characters, of another.

    Raises:
        InputError: the row is a window of a forecast, of which no step can be left out.
    """
    sequence = sequence_of(row)
    if isinstance(encoder, WindowEncoder):
        raise InputError(
            f"the row: expected at most {limit:,} steps, which are traced in about a second; got a "
            f"window of {encoder.window.steps:,}. Use `conveyor inspect`, which has no limit"
        )
    return replace(row, sequence=sequence[:limit]) if isinstance(row, Row) else sequence[:limit]
