"""Names of what is measured inside the layers of a network while it trains.

Such a metric is named after what is measured and its layer: `within/gradient_norm/lstm_0`. MLflow
draws those of one statistic together, after all other metrics.
"""

from collections.abc import Iterable

PREFIX = "within/"
GRADIENT_NORM, WEIGHT_NORM = "gradient_norm", "weight_norm"
SATURATED_GATES, DEAD_UNITS = "saturated_gates", "dead_units"
# What each statistic is, in the order in which they are drawn.
TITLES = {
    GRADIENT_NORM: "gradient norm",
    WEIGHT_NORM: "weight norm",
    SATURATED_GATES: "share of saturated gates",
    DEAD_UNITS: "share of dead units",
}
LOGARITHMIC = (GRADIENT_NORM, WEIGHT_NORM)  # values of very different sizes


def name_metric(statistic: str, layer: str) -> str:
    """Name a statistic of a layer.

    >>> name_metric("gradient_norm", "lstm_0")
    'within/gradient_norm/lstm_0'
    """
    return f"{PREFIX}{statistic}/{layer}"


def is_within(name: str) -> bool:
    """Tell whether a metric is one of these."""
    return name.startswith(PREFIX)


def layers_by_statistic(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the layers of each statistic that these metrics name, in their order.

    >>> layers_by_statistic(["loss", "within/dead_units/lstm_0", "within/dead_units/lstm_1"])
    {'dead_units': ['lstm_0', 'lstm_1']}
    """
    layers: dict[str, list[str]] = {}
    present = [name.removeprefix(PREFIX).split("/", 1) for name in names if is_within(name)]
    for statistic in TITLES:
        of_statistic = [layer for key, layer in present if key == statistic]
        if of_statistic:
            layers[statistic] = of_statistic
    return layers
