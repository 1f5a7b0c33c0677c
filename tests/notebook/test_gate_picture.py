"""Gates as a picture: any cell, any labels, and the notebook's own style stays."""

import warnings

import matplotlib
import numpy as np
from labels import NASTY_LABELS

from conveyor.inspection.trace import LayerTrace, Trace
from conveyor.notebook.gate_maps import GateMaps

CELLS = {
    "LSTM": ["input gate", "forget gate", "output gate", "candidate", "cell state", "hidden state"],
    "GRU": ["update gate", "reset gate", "candidate", "hidden state"],
    "SimpleRNN": ["hidden state"],
}


def make_gates(cell: str, steps: list[str], layers: int = 1, units: int = 5) -> GateMaps:
    draw = np.random.default_rng(0)
    shape = (len(steps), units)
    traces = [
        LayerTrace(number, "forward", cell, {name: draw.random(shape) for name in CELLS[cell]})
        for number in range(1, layers + 1)
    ]
    return GateMaps(Trace("row", {}, steps, traces), "digest")


def test_the_picture_leaves_the_style_of_the_notebook() -> None:
    gates = make_gates("SimpleRNN", ["1", "2", "3"])
    with matplotlib.rc_context({"lines.linewidth": 7, "axes.spines.top": True}):
        before = dict(matplotlib.rcParams)
        first, second = gates._repr_png_(), gates._repr_png_()
        assert dict(matplotlib.rcParams) == before
    assert first.startswith(b"\x89PNG")
    assert first == second


def test_any_cell_token_and_number_of_steps_is_drawn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # such as that of a glyph that no font has
        for start in range(0, len(NASTY_LABELS), 8):
            make_gates("SimpleRNN", NASTY_LABELS[start : start + 8])._repr_png_()
        for cell in CELLS:
            make_gates(cell, ["1"], units=1)._repr_png_()
        make_gates("SimpleRNN", [str(step) for step in range(3000)], layers=2)._repr_png_()
