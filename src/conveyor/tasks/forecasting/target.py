"""What the training steps say of the columns that are forecast."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.errors import DataError
from conveyor.tasks.few_rows import FEW_TEST_ROWS
from conveyor.tasks.forecasting.options import ForecastSpec, ForecastTarget, Frequency
from conveyor.tasks.window import Window

BINS = 30  # of the histogram in the data report
Values = NDArray[np.float32]


def window_of(target: ForecastTarget | ForecastSpec) -> Window:
    """Return the shape of the windows of a target."""
    future = target.horizon if target.known_ahead or target.calendar else 0
    return Window(
        target.context, target.horizon, future, len(target.columns), len(target.past),
        len(target.known_ahead), 2 * len(target.calendar),
    )  # fmt: skip


def learn_spec(
    target: ForecastTarget, frequency: Frequency, season: int, values: Values
) -> ForecastSpec:
    """Return the target, with mean and deviation of its columns.

    Args:
        season: steps of the usual season of the frequency.
        values: of the training steps, (steps, columns).

    Raises:
        DataError: a column has no value, or one value only.
    """
    columns = len(target.columns)
    numbers = values[:, :columns].astype(np.float64)
    for name, column in zip(target.columns, numbers.T, strict=True):
        present = column[~np.isnan(column)]
        if not len(present) or np.ptp(present) == 0:
            got = f"{present[0]:g} in all of them" if len(present) else "none"
            raise DataError(
                f"the training steps: expected different numbers in column {name!r}; got {got}. "
                "Add rows, or change dataset.split or dataset.target.columns."
            )
    names = ("columns", "series", "wide", "time", "time_format", "zone", "horizon", "context",
             "past", "known_ahead", "calendar", "gaps", "duplicates")  # fmt: skip
    return ForecastSpec(
        **{name: getattr(target, name) for name in names}, frequency=frequency,
        season=target.season or season, mean=np.nanmean(numbers, axis=0).tolist(),
        std=np.nanstd(numbers, axis=0).tolist(),
    )  # fmt: skip


def naive_errors(
    values: Values, series: NDArray[np.int64], training: NDArray[np.bool_], spec: ForecastSpec
) -> NDArray[np.float64]:
    """Return the mean absolute error of the seasonal naive forecast in the training steps, by which
    `mase` divides, (series, columns); where a series has none, or 0, that of all series.

    Args:
        values: (steps, columns).
        series: number of the series of each step, (steps,).
    """
    season, count = min(spec.season, len(values)), int(series.max()) + 1
    errors = np.abs(values[season:] - values[: len(values) - season]).astype(np.float64)
    inside = (series[season:] == series[: len(values) - season]) & training[season:]
    by_series = np.zeros((count, len(spec.columns)))
    for column, std in enumerate(spec.std):
        rows = inside & ~np.isnan(errors[:, column])
        numbers = np.bincount(series[season:][rows], minlength=count)
        sums = np.bincount(series[season:][rows], errors[rows, column], count)
        by_series[:, column] = sums / np.maximum(numbers, 1)
        overall = sums.sum() / max(1, numbers.sum()) or std
        by_series[by_series[:, column] == 0, column] = overall
    return by_series


def check_windows(
    spec: ForecastSpec,
    parts: dict[str, Values],
    rows: dict[str, int],
    min_rows: int,
) -> dict[str, Any]:
    """Return what the data report says of the target.

    Args:
        parts: the steps of each split, (steps, columns).
        rows: windows of each split.

    Raises:
        DataError: a split has no window.
    """
    for name, count in rows.items():
        needed = min_rows if name == "train" else 1
        if count < needed:
            raise DataError(
                f"the {name} split: expected at least {needed} origins with {spec.context} steps "
                f"before them and {spec.horizon} from them on; got {count}. Lower "
                "dataset.target.context or horizon, change dataset.split, or add rows."
            )
    few = [f"there are {rows['test']} test rows, so their metrics say little"]
    targets: dict[str, Any] = {}
    for column, name in enumerate(spec.columns):
        whole = np.concatenate([values[:, column] for values in parts.values()])
        edges = np.histogram_bin_edges(whole[~np.isnan(whole)].astype(np.float64), BINS)
        splits = {}
        for split, values in parts.items():
            numbers = values[:, column].astype(np.float64)
            numbers = numbers[~np.isnan(numbers)]
            splits[split] = {
                "min": float(numbers.min()), "max": float(numbers.max()),
                "mean": float(numbers.mean()), "std": float(numbers.std()),
                "histogram": np.histogram(numbers, edges)[0].tolist(),
            }  # fmt: skip
        targets[name] = {"splits": splits, "edges": edges.tolist()}
    return {"warnings": few * (rows["test"] < FEW_TEST_ROWS), "targets": targets}
