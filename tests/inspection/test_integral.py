"""The integral of slopes along a path: complete for what networks are made of, honest otherwise."""

from collections.abc import Callable

import numpy as np
import pytest

from conveyor.inspection.integral import (
    MAX_POINT_STEPS,
    MAX_POINTS,
    TOLERANCE,
    USUAL_POINT_STEPS,
    Slopes,
    integrate,
)

Array = np.ndarray
# Functions of the position x on the path, and their slopes.
FUNCTIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "line": (lambda x: 3 * x, lambda x: 3 + 0 * x),
    "probability that turns late": (
        lambda x: 1 / (1 + np.exp(-500 * (x - 0.83))),
        lambda x: 500 / (4 * np.cosh(250 * (x - 0.83)) ** 2),
    ),
    "maximum that changes its place": (
        lambda x: np.maximum(x - 0.31, 0.1 - x), lambda x: np.where(x > 0.205, 1.0, -1.0)
    ),
    "many kinks": (
        lambda x: np.abs(np.sin(40 * x)),
        lambda x: 40 * np.cos(40 * x) * np.sign(np.sin(40 * x)),
    ),
    "scale of a window": (
        lambda x: x / np.sqrt(x * x + 1e-8), lambda x: 1e-8 / (x * x + 1e-8) ** 1.5
    ),
    "infinite slope at the start": (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
}  # fmt: skip


def share(function: Callable[[Array], Array], slope: Callable[[Array], Array]) -> Slopes:
    """Two parts, which have a quarter and three quarters of the slope."""
    return lambda x: (function(x), slope(x)[:, None] * np.array([0.25, 0.75]))


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_parts_add_up_to_the_difference(name: str) -> None:
    function, slope = FUNCTIONS[name]
    integral = integrate(share(function, slope))
    difference = function(np.ones(1))[0] - function(np.zeros(1))[0]
    assert integral.is_complete
    assert abs(integral.parts.sum() - difference) <= TOLERANCE * abs(difference)
    assert integral.parts[1] == pytest.approx(3 * integral.parts[0])
    assert integral.points < MAX_POINTS


def test_what_jumps_is_incomplete_and_says_so() -> None:
    integral = integrate(share(lambda x: np.where(x > 0.4, 2.0, 1.0), lambda x: 0.5 * x))
    assert not integral.is_complete
    assert integral.error == pytest.approx(0.75)
    assert integral.points <= MAX_POINTS


@pytest.mark.parametrize(
    ("steps", "name", "points", "is_complete"),
    [
        (10, "many kinks", MAX_POINTS, True),
        (2000, "many kinks", MAX_POINT_STEPS // 2000, True),  # beyond the usual number
        (1600, "many kinks", USUAL_POINT_STEPS // 1600, True),  # complete, if not as precise
        (20_000, "many kinks", MAX_POINT_STEPS // 20_000, False),
        (10**9, "many kinks", 25, False),
    ],
)
def test_a_long_row_has_fewer_points(
    steps: int, name: str, points: int, is_complete: bool
) -> None:  # fmt: skip
    computed = list[int]()

    def slopes(x: Array) -> tuple[Array, Array]:
        computed.append(len(x))
        return share(*FUNCTIONS[name])(x)

    integral = integrate(slopes, steps)
    assert integral.points == sum(computed) <= points
    assert integral.is_complete == is_complete


def test_a_function_that_does_not_change_is_complete() -> None:
    integral = integrate(share(lambda x: 5 + 0 * x, lambda x: 0 * x))
    assert integral.is_complete
    assert integral.parts.tolist() == [0, 0]
