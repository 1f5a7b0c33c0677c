"""Describes a table of times and numbers as series that are forecast."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from conveyor.data.table import build_column
from conveyor.data.times import CellError, read_times
from conveyor.data.windows.clock import describe_step, season_of
from conveyor.data.windows.frequency import find_frequency, read_keys
from conveyor.encoding.static import MAX_CATEGORIES
from conveyor.errors import DataError
from conveyor.suggest.columns import Column
from conveyor.suggest.dataset import DatasetSettings, describe_dialect
from conveyor.suggest.families import find_families
from conveyor.suggest.inputs import constant_columns, find_long
from conveyor.suggest.names import STEPS, TARGETS, is_named, means
from conveyor.suggest.read import Sample
from conveyor.suggest.targets import has_few
from conveyor.suggest.write import flow

ONCE = 0.9  # the share of rows that have a time of their own, of a file of one series
MOST = 0.8  # the share of the columns of numbers whose names differ by a number: each is a series
MIN_SEASONS = 10  # of a series, so that a season is the horizon
LONG_SEASONS = 40  # of a series, so that a week of days, or seven seasons, is the context
SHARE = 0.2  # of the times, for test and for validation
ADVICE = "what is known ahead, such as a holiday or a price, belongs into known_ahead"


@dataclass(frozen=True)
class StepColumns:
    """The columns of a table whose rows are steps.

    Attributes:
        series: the column of the name of a row's series; None: there is one, or the table is wide.
        numbers: that change from step to step.
        constant: columns of one value a series.
    """

    time: Column
    series: Column | None
    numbers: list[Column]
    constant: list[Column]


def describe_forecast(name: str, sample: Sample, target: str | None) -> DatasetSettings:
    """Describe a data set whose series are forecast.

    Args:
        target: the column of numbers to forecast; None chooses one.

    Raises:
        DataError: there are no steps with numbers, or they are on no regular grid.
    """
    steps = _find_steps([c for c in sample.columns if c.kind != "empty" and is_named(c.name)])
    if steps is None or target not in (None, *(column.name for column in steps.numbers)):
        raise DataError("expected a column of times and one of numbers")
    settings = DatasetSettings({"name": name, "source": dict(sample.source), "target": {}}, {})
    _describe_columns(settings, steps, target)
    _describe_times(settings, steps)
    take = {"by": "time", "column": steps.time.name, "share": SHARE}
    settings.values["split"] = {"test": take, "validation": dict(take)}
    settings.reasons["split"] = "the newest times, of all series alike"
    describe_dialect(settings, sample, [steps.time, *steps.numbers])
    return settings


def _find_steps(columns: Sequence[Column]) -> StepColumns | None:
    times = [c for c in columns if c.kind == "time"]
    times += [c for c in columns if c.kind == "number" and means(c.name, STEPS)]
    numbers = [c for c in columns if c.kind == "number" and c not in times[:1]]
    if not times or not numbers:
        return None
    if times[0].distinct >= ONCE * len(times[0].cells):
        return StepColumns(times[0], None, numbers, [])
    long = find_long(columns)
    if long is None:
        return None
    by_name = {column.name: column for column in columns}
    owner, time, *channels = (by_name[name] for name in long.names)
    constant = [c for c in constant_columns(columns, owner.name) if c not in (owner, time)]
    return StepColumns(time, owner, channels, constant)


def _describe_columns(settings: DatasetSettings, steps: StepColumns, target: str | None) -> None:
    """Set what is forecast, and which series there are."""
    options, reasons = settings.values["target"], settings.reasons
    names = [column.name for column in steps.numbers]
    families = {} if steps.series or target else find_families(steps.numbers)
    pattern, family = next(iter(families.items()), ("", []))
    if len(family) >= MOST * len(names):
        options |= {"columns": ["value"], "wide": pattern, "time": steps.time.name}
        reasons["target.columns"] = "a name for the numbers of all series"
        reasons["target.wide"] = f"{len(family)} columns, each of which is a series"
        return
    ranked = sorted(
        steps.numbers, key=lambda c: (c.name != target, not means(c.name, TARGETS), has_few(c))
    )
    chosen, *others = (column.name for column in ranked)
    options["columns"] = [chosen]
    if others:
        reasons["target.columns"] = f"forecast it, or with --target {flow(others[0])} --force that"
    if steps.series is not None:
        options["series"] = steps.series.name
        reasons["target.series"] = f"{steps.series.distinct} values, each in several rows"
    elif others:
        settings.notes.append(
            "the columns seem to be numbers of one series. If each is a series of its own, write  "
            f"target: {flow({'columns': ['value'], 'wide': '*'})}, and remove past"
        )
    options["time"] = steps.time.name
    if others:
        options["past"] = [name for name in names if name != chosen]
        reasons["target.past"] = f"known up to the origin of a forecast; {ADVICE}"
    _mention_static(settings, steps)


def _mention_static(settings: DatasetSettings, steps: StepColumns) -> None:
    numbers = [c.name for c in steps.constant if c.kind == "number"]
    categories = [
        c.name for c in steps.constant if c.kind == "text" and c.distinct <= MAX_CATEGORIES
    ]
    if numbers or categories:
        static = {"static": {"numbers": numbers, "categories": categories}}
        settings.notes.append(f"each series has one value of others, which may be read too, with  "
                              f"columns: {flow(static)}")  # fmt: skip


def _describe_times(settings: DatasetSettings, steps: StepColumns) -> None:
    """Set notation, horizon and context, from the frequency of the steps.

    Raises:
        DataError: the times cannot be read, or are on no regular grid.
    """
    options, reasons, time = settings.values["target"], settings.reasons, steps.time
    if time.time_format is not None:
        options["time_format"] = time.time_format
        reasons["target.time_format"] = "the notation of the times"
    filled = [row for row, cell in enumerate(time.cells) if cell is not None]
    owners = steps.series.cells if steps.series is not None else [""] * len(time.cells)
    _, series = np.unique([str(owners[row]) for row in filled], return_inverse=True)
    cells: list[Any] = [time.cells[row] for row in filled]
    try:
        times = read_times(build_column(cells), time.time_format, "time_format")
        keys, clock = read_keys(times, None, series)
    except CellError as error:
        raise DataError(str(error)) from None
    order = np.lexsort((keys, series))
    distances = np.diff(keys[order])[np.diff(series[order]) == 0]
    repeated = int((distances == 0).sum())
    if repeated:
        options["duplicates"] = "mean"
        reasons["target.duplicates"] = f"{repeated} rows have the series and time of another one"
    frequency = find_frequency(distances[distances > 0], keys, clock)
    season, length = season_of(frequency), int(np.median(np.bincount(series)))
    distance = "1 month" if frequency.unit == "months" else describe_step(frequency.step, clock)
    if season > 1 and length >= MIN_SEASONS * season:
        horizon, reason = season, f"a season of steps of {distance}"
        context = season * (7 if length >= LONG_SEASONS * season else 2)
    else:
        horizon, reason = max(1, min(12, length // 20)), f"of series of {length} steps"
        context = max(2, min(3 * horizon, length // 4))
    options |= {"horizon": horizon, "context": context}
    reasons["target.horizon"] = f"{reason}; choose how far you look ahead"
    reasons["target.context"] = "steps that are read; longer ones are slower, and may be better"
