"""Writes the store of windows; `windows.store` opens it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from conveyor import files
from conveyor.data.windows.cut import SplitOrigins
from conveyor.data.windows.grid import Grid
from conveyor.data.windows.static import SeriesStatic
from conveyor.data.windows.store import BLOCKS, ORIGINS, STATIC
from conveyor.encoding.window_encoder import WindowEncoder
from conveyor.tasks.forecasting.options import ForecastSpec
from conveyor.tasks.forecasting.target import naive_errors

BATCH = 100_000  # steps that are encoded together


def write_windows(
    folder: Path, grid: Grid, calendar: NDArray[np.float32], encoder: WindowEncoder,
    spec: ForecastSpec, training: NDArray[np.bool_], chosen: SplitOrigins,
    static: SeriesStatic | None,
) -> None:  # fmt: skip
    """Write the files of the store into a folder."""
    raw = np.concatenate([grid.values, calendar], axis=1, dtype=np.float32)
    shape = len(raw), encoder.window.features
    steps = np.lib.format.open_memmap(folder / "steps.npy", "w+", np.float32, shape)
    for start in range(0, len(raw), BATCH):
        steps[start : start + BATCH] = encoder.encode_steps(raw[start : start + BATCH])
    steps.flush()
    np.save(folder / "raw.npy", raw)
    np.save(folder / "keys.npy", grid.keys)
    for name, rows in chosen.blocks.items():
        (folder / name).mkdir()
        np.save(folder / name / BLOCKS, rows)
    for name, rows in chosen.origins.items():
        np.save(folder / name / ORIGINS, rows)
    errors = naive_errors(grid.values, grid.series, training, spec)
    files.write_json(folder / "series.json", {
        "names": grid.names, "offsets": grid.offsets.tolist(), "errors": errors.tolist(),
        "is_number": grid.clock.is_number, "zone": grid.clock.zone,
        **({} if static is None else {"static": static.values.to_pylist()}),
    })  # fmt: skip
    if static is not None:
        np.save(folder / STATIC, static.encoder.encode_arrow(static.values))
