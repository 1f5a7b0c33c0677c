"""Gates and states of a row as one picture, for where no script runs, such as a code host."""

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib
import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from conveyor.escape import plot_text
from conveyor.inspection.equations import CELL, GATES, HIDDEN
from conveyor.inspection.heat_maps import AROUND_ZERO, SHUT_TO_OPEN
from conveyor.inspection.trace import LayerTrace, Trace
from conveyor.inspection.unit_order import order_units

WIDTH, PANEL_HEIGHT, TITLE_HEIGHT = 8, 1.7, 0.4  # inches
COLUMNS = (3, 2, 1)  # panels beside each other: the first that fills all rows
MAX_TICKS = 8  # names under a panel
NAME_LENGTH = 12  # characters of a name under a panel
LINE_LENGTH = 30  # characters that stand beside each other under a panel


def draw_gates(trace: Trace) -> bytes:
    """Return a PNG with a heat map of each gate and state of each layer: units from top to bottom,
    in the order of the page of `conveyor inspect`, and steps from left to right."""
    # Importing `conveyor.plots` sets a style, which the notebook's own plots should not get.
    with matplotlib.rc_context(), TemporaryDirectory() as folder:
        from conveyor import plots

        matplotlib.rcdefaults()
        style.use(Path(plots.__file__).with_name("conveyor.mplstyle"))
        path = Path(folder, "gates.png")
        plots.save(_draw(trace), path)
        return path.read_bytes()


def _draw(trace: Trace) -> Figure:
    grids = [_arrange(len(layer.states)) for layer in trace.layers]
    heights = [rows * PANEL_HEIGHT + TITLE_HEIGHT for rows, _ in grids]
    figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
    parts = figure.subfigures(len(grids), 1, squeeze=False, height_ratios=heights)[:, 0]
    for part, layer, (rows, columns) in zip(parts, trace.layers, grids, strict=True):
        part.suptitle(f"Layer {layer.number}: {layer.cell}, {layer.direction}", fontsize=11)
        panels = part.subplots(rows, columns, sharex=True, squeeze=False)
        _draw_layer(list(panels.flat), layer)
        for axes in panels[:, 0]:
            axes.set_ylabel(f"{layer.states[HIDDEN].shape[1]} units")
        for axes in panels[-1]:
            axes.set_xlabel(trace.unit)
            _name_steps(axes, trace.steps)
    return figure


def _arrange(panels: int) -> tuple[int, int]:
    """Return rows and columns without gaps: an LSTM has three columns, a GRU two."""
    columns = next(count for count in COLUMNS if panels % count == 0)
    return panels // columns, columns


def _draw_layer(panels: list[Axes], layer: LayerTrace) -> None:
    order = order_units(layer.states.get(CELL, layer.states[HIDDEN]))
    around_zero = LinearSegmentedColormap.from_list("around_zero", [c for _, c in AROUND_ZERO])
    for axes, (name, values) in zip(panels, layer.states.items(), strict=True):
        finite = np.abs(values[np.isfinite(values)])
        limit = max(float(finite.max(initial=0)), 1e-6)
        colors = (
            {"cmap": SHUT_TO_OPEN.lower(), "vmin": 0, "vmax": 1} if name in GATES
            else {"cmap": around_zero, "vmin": -limit, "vmax": limit}
        )  # fmt: skip
        units = values[:, order].T  # (units, steps)
        image = axes.imshow(units, aspect="auto", interpolation="nearest", **colors)
        axes.set_title(name.capitalize(), fontsize=9.5)
        axes.set_yticks([])
        bar = axes.figure.colorbar(image, ax=axes, pad=0.02)
        bar.locator = MaxNLocator(2)
        bar.update_ticks()


def _name_steps(axes: Axes, steps: list[str]) -> None:
    ticks = range(0, len(steps), -(-len(steps) // MAX_TICKS))
    names = [plot_text(steps[number]) for number in ticks]
    names = [n if len(n) <= NAME_LENGTH else f"{n[: NAME_LENGTH - 1]}…" for n in names]
    is_long = sum(len(name) + 2 for name in names) > LINE_LENGTH
    turned = {"rotation": 60, "ha": "right", "rotation_mode": "anchor"} if is_long else {}
    axes.set_xticks(list(ticks), names, **turned)
