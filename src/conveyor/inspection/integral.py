"""The integral of a gradient along a path, in pieces that are as short as the function needs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# Positions on the path, (points,), to the function at each, (points,), and its slope along the path
# by each part of the input, (points, parts): the slopes of a point add up to that of the function.
Slopes = Callable[[Array], tuple[Array, Array]]

NODES, WEIGHTS = np.polynomial.legendre.leggauss(5)  # between -1 and 1
MIDDLE = 2  # the node at 0, where a piece is halved
FIRST_PIECES = 4
HALVING = 2 * len(NODES)  # points
MAX_POINTS = 4000
# Points times steps of a row, for time and memory: after USUAL_POINT_STEPS, which take a small
# network some half a minute, it is enough that the parts are complete.
USUAL_POINT_STEPS, MAX_POINT_STEPS = 2_000_000, 8_000_000
TOLERANCE = 1e-3  # of the sum of the parts, relative to the difference between both ends
AIM = 1e-4  # likewise, of the sum of all pieces' errors
ROUNDING = 1e-12  # of a value of the function


@dataclass(frozen=True)
class Integral:
    """The integral of the slopes from 0 to 1.

    Attributes:
        parts: of each part of the input, (parts,).
        start, end: the function at both ends, whose difference is the sum of the parts.
        points: where the function was computed.
    """

    parts: Array
    start: float
    end: float
    points: int

    @property
    def error(self) -> float:
        """How far the sum of the parts is from the difference, relative to the difference."""
        difference = self.end - self.start
        error = abs(float(self.parts.sum()) - difference)
        return error / max(abs(difference), ROUNDING * (abs(self.start) + abs(self.end) + 1))

    @property
    def is_complete(self) -> bool:
        return self.error <= TOLERANCE


@dataclass(frozen=True)
class _Piece:
    """A part of the path, with the function at its ends and in its middle."""

    low: float
    high: float
    values: tuple[float, float, float]
    parts: Array

    @property
    def error(self) -> float:
        return abs(float(self.parts.sum()) - (self.values[2] - self.values[0]))


def integrate(slopes: Slopes, steps: int = 1) -> Integral:
    """Integrate by Gauss-Legendre quadrature in each piece of the path, and halve the pieces whose
    sum differs from the difference between their ends: most are near the start, and where a
    probability turns or a maximum changes its place.

    Networks that jump cannot be integrated; after MAX_POINTS, or fewer of a long row, the result is
    what it is, and says so. Where not all wrong pieces can be halved before that, the worst are.

    Args:
        steps: of the row.
    """
    usual = min(MAX_POINTS, USUAL_POINT_STEPS // steps)
    most = min(MAX_POINTS, MAX_POINT_STEPS // steps)
    edges = np.linspace(0, 1, FIRST_PIECES + 1)
    values, _ = slopes(edges)
    bounds = list(zip(edges, edges[1:], values, values[1:], strict=False))
    pieces, points = _integrate_pieces(slopes, bounds), len(edges) + len(bounds) * len(NODES)
    start, end = float(values[0]), float(values[-1])
    aim = max(AIM * abs(end - start), ROUNDING * (abs(start) + abs(end)))
    while sum(piece.error for piece in pieces) > aim:
        is_late = points + HALVING > usual
        if points + HALVING > most or (is_late and _join(pieces, start, end, points).is_complete):
            break
        pieces.sort(key=lambda piece: piece.error, reverse=True)
        wrong = sum(piece.error > aim / len(pieces) for piece in pieces)
        count = min(wrong, ((most if is_late else usual) - points) // HALVING)
        halves = [half for piece in pieces[:count] for half in _halve(piece)]
        pieces = pieces[count:] + _integrate_pieces(slopes, halves)
        points += len(halves) * len(NODES)
    return _join(pieces, start, end, points)


def _join(pieces: list[_Piece], start: float, end: float, points: int) -> Integral:
    return Integral(np.sum([piece.parts for piece in pieces], axis=0), start, end, points)


Bounds = tuple[float, float, float, float]  # low, high, and the function there


def _halve(piece: _Piece) -> list[Bounds]:
    middle = (piece.low + piece.high) / 2
    first, between, last = piece.values
    return [(piece.low, middle, first, between), (middle, piece.high, between, last)]


def _integrate_pieces(slopes: Slopes, bounds: list[Bounds]) -> list[_Piece]:
    low, high, first, last = np.array(bounds).T
    positions = (low + high)[:, None] / 2 + (high - low)[:, None] / 2 * NODES  # (pieces, nodes)
    values, of_parts = slopes(positions.ravel())
    values = values.reshape(positions.shape)
    weights = (high - low)[:, None] / 2 * WEIGHTS
    parts = np.einsum("pn,pns->ps", weights, of_parts.reshape(*positions.shape, -1))
    return [
        _Piece(low[i], high[i], (first[i], values[i, MIDDLE], last[i]), parts[i])
        for i in range(len(bounds))
    ]
