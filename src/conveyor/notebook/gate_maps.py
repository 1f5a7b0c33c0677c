"""Gates and states of a row, as heat maps in a notebook and as tables."""

from dataclasses import dataclass

import pandas as pd

from conveyor.errors import InputError
from conveyor.inspection.page import render_page
from conveyor.inspection.row_parts import say_count
from conveyor.inspection.trace import FORWARD, LayerTrace, Trace
from conveyor.notebook.page_frame import frame_page


@dataclass(frozen=True, repr=False)
class GateMaps:
    """What the recurrent layers do while they read one row.

    A notebook shows the page of `conveyor inspect` in a frame: heat maps of all gates and states,
    with their values under the mouse. It needs no network, and takes about 2 MB of the notebook.
    Where no page can be shown, such as on a code host, a picture of the same heat maps is.

    Attributes:
        trace: the row, the answer, the steps, and each layer's gates and states.
        digest: of the model, for the title.
    """

    trace: Trace
    digest: str

    def frame(self, state: str, *, layer: int = 1, direction: str = FORWARD) -> pd.DataFrame:
        """Return a gate or a state as a table (steps, units); a gate is from 0 to 1.

        Args:
            state: such as "forget gate", "cell state" or "hidden state".
            layer: from 1 at the bottom.
            direction: "forward" or "backward".

        Raises:
            InputError: the model has no such layer, direction or state; the message lists those
                that it has.
        """
        states = self._find_layer(layer, direction).states
        if state not in states:
            raise InputError(f"state: expected one of {', '.join(states)}; got {state!r}")
        return pd.DataFrame(states[state], index=pd.Index(self.trace.steps, name="step"))

    def _find_layer(self, number: int, direction: str) -> LayerTrace:
        for layer in self.trace.layers:
            if (layer.number, layer.direction) == (number, direction):
                return layer
        existing = ", ".join(f"{layer.number} {layer.direction}" for layer in self.trace.layers)
        raise InputError(
            f"layer: expected one of {existing}; got {number} {direction}. Name another one"
        )

    def __repr__(self) -> str:
        layers = ", ".join(f"{each.number} {each.direction}" for each in self.trace.layers)
        steps = say_count(len(self.trace.steps), self.trace.unit)
        states = ", ".join(self.trace.layers[0].states)
        return f"<{states} of layers {layers}, at {steps}>"

    def _repr_png_(self) -> bytes:
        from conveyor.notebook.gate_picture import draw_gates  # loads Matplotlib

        return draw_gates(self.trace)

    def _repr_html_(self) -> str:
        return frame_page("Gates and states", render_page(self.trace, self.digest))
