"""Prepares long series: reads, checks, cuts and encodes them, and writes an index of windows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor import files
from conveyor.config.dataset import SeriesDataset
from conveyor.data.arrow import use_small_pool
from conveyor.data.report import describe_files
from conveyor.data.rules import require_usable
from conveyor.data.sources import open_source
from conveyor.data.split_columns import MISSING_TIME
from conveyor.data.steps import SortedSteps
from conveyor.data.store import META, META_FORMAT, SPLITS, Meta
from conveyor.data.windows.clock import read_calendar, season_of
from conveyor.data.windows.cut import Cut, choose_origins, find_cut, parse_time
from conveyor.data.windows.findings import say_counted, say_findings
from conveyor.data.windows.grid import Grid, make_grid
from conveyor.data.windows.read import ReadSteps, read_steps
from conveyor.data.windows.static import fit_static
from conveyor.data.windows.write import write_windows
from conveyor.encoding.window_encoder import WindowEncoder
from conveyor.errors import DataError
from conveyor.progress import show_clock
from conveyor.tasks.forecasting.options import ForecastTarget
from conveyor.tasks.forecasting.target import check_windows, learn_spec, window_of

NOTHING = {"rows": 0, "ids": []}


def prepare_windows(config: SeriesDataset, root: Path, folder: Path, cache: Path) -> dict[str, Any]:
    """Write the store of windows into `folder`, whole or not at all; as `data.prepare.prepare`."""
    use_small_pool()
    target = config.target
    assert isinstance(target, ForecastTarget)
    parts = open_source(config.source, root, cache)
    if [part.name for part in parts] != ["all"]:
        raise DataError(
            "dataset.source.files: expected `all` alone, since dataset.split cuts series at times; "
            f"got {', '.join(part.name for part in parts)}. Name all files as `all`."
        )
    with show_clock("reading"):
        read = read_steps(parts[0], target, config.columns.static, config.source.decimal)
        steps, late = _leave_out_late(read, target)
        grid = make_grid(read.names, steps, read.clock, target)
    with show_clock("checking and cutting"):
        cut = find_cut(grid, config.split, target)
        chosen = choose_origins(grid, cut, target, stride=target.stride)
    report = {
        "files": describe_files(parts, root),
        "rows": {"read": read.rows} | {name: len(chosen.origins[name]) for name in SPLITS},
        "dropped": {MISSING_TIME: NOTHING | {"rows": read.missing_time}, "missing_values": NOTHING},
        "removed_between_splits": {},
        "duplicates_within": dict.fromkeys(SPLITS, 0),
        "conflicting_targets": NOTHING,
        "steps": grid.counts,
        "windows": {
            "series": len(grid.names), "frequency": grid.frequency.model_dump(),
            "validation_since": grid.clock.describe(np.array([cut.validation]))[0],
            "test_since": grid.clock.describe(np.array([cut.test]))[0],
            "empty_cells": read.empty_cells, "rows_out_of_order": read.unsorted,
            "rows_since_until": late, "values_not_finite": read.not_finite,
            "origins_with_missing_values": chosen.missing, "series_too_short": chosen.short,
        },
        "truncated": dict.fromkeys(SPLITS, 0),
        "missing_values": _count_missing(grid, cut),
        "unknown_token_share": None,
    }  # fmt: skip
    require_usable(config.checks, report)
    training = grid.keys < cut.validation
    season = season_of(grid.frequency)
    spec = learn_spec(target, grid.frequency, season, grid.values[training])
    counts = {name: len(chosen.origins[name]) for name in SPLITS}
    parts = {name: grid.values[inside] for name, inside in _divide(grid, cut).items()}
    report |= check_windows(spec, parts, counts, config.checks.min_rows)
    by_series = {name: grid.count_rows(chosen.origins[name]) for name in SPLITS}
    static = fit_static(read, config.columns.static, by_series)
    window = window_of(target)
    report["lengths"] = {
        name: dict.fromkeys(("min", "median", "p95", "max"), float(window.steps)) for name in SPLITS
    }
    with files.replacing_folder(folder) as temporary:
        with show_clock("encoding"):
            encoder = WindowEncoder.fit_steps(
                grid.values[training], config.encoding, window, target.calendar
            )
            encoder.static = None if static is None else static.encoder
            encoder.save(temporary / "encoder.json")
            calendar = read_calendar(grid.keys, grid.clock, target.calendar)
            write_windows(temporary, grid, calendar, encoder, spec, training, chosen, static)
        digest = files.digest_value([files.digest_tree(temporary), spec.model_dump(mode="json")])
        meta = Meta(
            format=META_FORMAT, kind=config.kind, name=config.name, target=spec,
            counts=counts, digest=digest, vocabulary=None, dialect=config.source.dialect,
            windows=True, features=window.features,
            columns=None if static is None else config.columns,
            static_width=None if static is None else static.encoder.width,
        )  # fmt: skip
        files.write_json(temporary / META, meta.model_dump())
    findings = [*say_findings(read, grid.counts, target), *_say_origins(report)]
    report["warnings"] = [*encoder.notes, *findings, *report["warnings"]]
    return report | ({} if static is None else {"static": static.counts})


def _leave_out_late(read: ReadSteps, target: ForecastTarget) -> tuple[SortedSteps, int]:
    """Return the steps before `until`, and the number of the others."""
    steps = read.steps
    if target.until is None:
        return steps, 0
    early = steps.times < parse_time(target.until, target, "dataset.target.until")
    if len(np.unique(steps.series[early])) < len(read.names):
        raise DataError(
            f"dataset.target.until: expected a time after the first step of each series; got "
            f"{target.until!r}. Change it."
        )
    earlier = replace(
        steps, series=steps.series[early], times=steps.times[early], values=steps.values[early]
    )
    return earlier, int((~early).sum())


def _count_missing(grid: Grid, cut: Cut) -> dict[str, dict[str, int]]:
    """Count the missing values of each part, and the steps that have any."""
    missing = np.isnan(grid.values)
    return {
        name: {"rows": int(missing[inside].any(axis=1).sum()), "values": int(missing[inside].sum())}
        for name, inside in _divide(grid, cut).items()
    }


def _divide(grid: Grid, cut: Cut) -> dict[str, NDArray[np.bool_]]:
    """Return the steps of each split, (steps,)."""
    return {
        "train": grid.keys < cut.validation,
        "validation": (grid.keys >= cut.validation) & (grid.keys < cut.test),
        "test": grid.keys >= cut.test,
    }


def _say_origins(report: dict[str, Any]) -> list[str]:
    windows = report["windows"]
    return say_counted({
        f"{windows['rows_since_until']} rows are not before dataset.target.until, and left out":
            windows["rows_since_until"],
        f"{windows['origins_with_missing_values']} origins have a missing value in their horizon, "
        "or a context without any, and make no row": windows["origins_with_missing_values"],
        f"{windows['series_too_short']} series are shorter than context and horizon, and make no "
        "row": windows["series_too_short"],
    })  # fmt: skip
