"""Puts units of a layer that behave alike side by side."""

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage

MANY_UNITS = 1000  # whose distances are a million


def order_units(states: NDArray[np.floating]) -> NDArray[np.integer]:
    """Return an order of the units in which neighbours have similar curves, (units,).

    Hierarchical clustering by Ward's method, with the leaves ordered as Bar-Joseph et al. (2001)
    do, so that the sum of the distances of neighbours is least. Above `MANY_UNITS` they are ordered
    by their means.

    Args:
        states: (steps, units).
    """
    curves = np.asarray(states, dtype=np.float64).T
    if len(curves) < 3:
        return np.arange(len(curves))
    if len(curves) > MANY_UNITS:
        return np.argsort(curves.mean(axis=1), kind="stable")
    return leaves_list(linkage(curves, "ward", optimal_ordering=True))
