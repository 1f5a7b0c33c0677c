"""How much is computed where people wait: for a stage, a server, an explanation."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from conveyor.encoding import Encoder, WindowEncoder
from conveyor.errors import InputError
from conveyor.inspection.occlusion import MAX_PARTS
from conveyor.inspection.recurrent_layers import RecurrentLayer
from conveyor.raw_row import Row, sequence_of
from conveyor.serving.card import Card

MAX_STEPS = 4000  # of a row, which take a layer a quarter of a second
MAX_PRODUCTS = 10**9  # of weights and steps, which take half a second
MAX_OCCLUDED_STEPS = 2_000_000  # of all answers without a part, which take a small network 2 s
MAX_OCCLUDED_FLOPS = 200 * 10**9  # likewise, which take 3 s
ENOUGH_PARTS = 48  # of a sequence, before another row gets some too
FEWEST_PARTS = 8  # below which a row is not worth showing


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
        RowError: the encoder does not accept the row.
        InputError: the row is a window of a forecast, of which no step can be left out.
    """
    if isinstance(encoder, WindowEncoder):
        raise InputError(
            f"the row: expected at most {limit:,} steps, which are traced in about a second; got a "
            f"window of {encoder.window.steps:,}. Use `conveyor inspect`, which has no limit"
        )
    # A series may come as the text of its steps, of which the first characters are no series.
    return cut_sequence(encoder.check_row(row) if encoder.kind == "series" else row, limit)


def cut_sequence(row: Any, limit: int) -> Any:
    """Return a raw row of the first steps, tokens or characters of another."""
    beginning = sequence_of(row)[:limit]
    return replace(row, sequence=beginning) if isinstance(row, Row) else beginning


def limit_occluded_steps(card: Card) -> int:
    """Return the steps that the network of a card answers in a few seconds."""
    if not card.flops or not card.flops_at_length:  # of a model from before they were kept
        return MAX_OCCLUDED_STEPS
    return min(MAX_OCCLUDED_STEPS, MAX_OCCLUDED_FLOPS * card.flops_at_length // card.flops)


def limit_parts(card: Card, length: int) -> int:
    """Return how many parts of a row of so many steps are left out one after the other in a few
    seconds; FEWEST_PARTS of any row."""
    return max(FEWEST_PARTS, min(MAX_PARTS, limit_occluded_steps(card) // length))


@dataclass
class OcclusionBudget:
    """Shares out the answers without a part among rows, which come one after the other.

    A row gets an equal share of what is left, or as much as ENOUGH_PARTS need: few rows that can be
    read say more than many that are a blur.

    Attributes:
        steps: of answers that may still be computed.
        rows: that are still to come.
    """

    steps: int
    rows: int

    def take(self, length: int, parts: int, columns: int) -> int:
        """Take what the next row needs, and return how many parts of its sequence may be left out
        one after the other; 0: the row cannot be afforded.

        Args:
            length: steps of the row.
            parts: of its sequence, all channels of all steps.
            columns: static ones, each of which is left out too.
        """
        besides = 2 + columns  # answers: of the row, before and beside those without a part
        share = self.steps // self.rows // length - besides
        rest = self.steps // length - besides
        limit = min(max(share, ENOUGH_PARTS), rest, parts, MAX_PARTS)
        self.rows -= 1
        if limit < min(parts, FEWEST_PARTS):
            return 0
        self.steps -= length * (besides + limit)
        return limit
