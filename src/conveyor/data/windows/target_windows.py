"""Reads every window of a file with what follows it, for a model that is scored on them."""

from pathlib import Path

import numpy as np

from conveyor.config.dataset import StaticColumns
from conveyor.config.source import Source
from conveyor.data.part import Part
from conveyor.data.sources import open_files
from conveyor.data.split_columns import MISSING_TIME
from conveyor.data.target_rows import TargetRows
from conveyor.data.windows.clock import read_calendar
from conveyor.data.windows.cut import Cut, choose_origins
from conveyor.data.windows.findings import say_findings
from conveyor.data.windows.grid import Grid, SeriesError, make_grid
from conveyor.data.windows.read import ReadSteps, read_steps
from conveyor.data.windows.static import check_cells
from conveyor.data.windows.store import WindowStore, list_static
from conveyor.encoding.window_encoder import WindowEncoder
from conveyor.errors import DataError
from conveyor.tasks.forecasting.options import ForecastSpec

NO_NAIVE_ERRORS = (
    "Errors in those of the seasonal naive forecast (mase) are left out: they are measured against "
    "the training steps of each series, which a model does not hold."
)


def read_target_windows(
    path: Path, source: Source, static: StaticColumns, encoder: WindowEncoder, spec: ForecastSpec
) -> TargetRows:
    """Read all rows of a file, each a step of a series, and cut a window at each origin that has
    the whole context before it and the whole horizon behind it.

    Args:
        source: how the file is read.
        spec: the target of the model.

    Raises:
        DataError: the file cannot be read, lacks a column or has no such origin; its times are not
            on the grid of the model.
    """
    part = open_files(source, "all", [path])
    read = read_steps(part, spec, static, source.decimal)
    if not read.names:
        raise DataError(f"{path}: expected rows with a time in {spec.time!r}; got none. Add rows.")
    try:
        grid = make_grid(read.names, read.steps, read.clock, spec, spec.frequency)
    except SeriesError as error:
        raise DataError(f"{path}: {error}") from None
    start = int(grid.keys.min())
    chosen = choose_origins(grid, Cut(validation=start, test=start), spec, stride=1)
    origins = chosen.origins["test"]
    if not len(origins):
        raise DataError(
            f"{path}: expected a series of at least {spec.context + spec.horizon} steps, with "
            f"values in the last {spec.horizon}; got {len(read.names)} series and no such steps. "
            "Add earlier rows."
        )
    left_out = {
        MISSING_TIME: read.missing_time,
        "origins_with_missing_values": chosen.missing,
        "series_too_short": chosen.short,
    }
    store = _hold(part, read, grid, static, encoder, spec)
    return TargetRows(
        store.rows(origins),
        np.asarray(store.targets(origins)),
        {name: count for name, count in left_out.items() if count},
        (*say_findings(read, grid.counts, spec), NO_NAIVE_ERRORS),
    )


def _hold(
    part: Part, read: ReadSteps, grid: Grid, static: StaticColumns, encoder: WindowEncoder,
    spec: ForecastSpec,
) -> WindowStore:  # fmt: skip
    """Return the steps as a store in memory, without encoded ones: a model encodes raw rows."""
    raw = np.concatenate(
        [grid.values, read_calendar(grid.keys, grid.clock, spec.calendar)], axis=1, dtype=np.float32
    )
    values = None
    if encoder.static is not None:
        try:
            cells = check_cells(read.static, read.names, static)
        except DataError as error:
            raise DataError(f"{part.origin}: {error}") from None
        values = list_static(cells.to_pylist(), encoder)
    unknown = np.full((len(grid.names), len(spec.columns)), np.nan)
    return WindowStore(
        raw, raw[:0], grid.keys, grid.names, grid.offsets, unknown, grid.clock, encoder.window,
        values,
    )  # fmt: skip
