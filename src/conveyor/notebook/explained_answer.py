"""Which parts of a row moved its answer, as a page in a notebook and as a table."""

from dataclasses import dataclass

import pandas as pd

from conveyor.inspection.explanation import Explanation
from conveyor.inspection.explanation_page import render_explanations
from conveyor.notebook.answers import DIGITS, SHOWN_ROWS
from conveyor.notebook.page_frame import frame_page


@dataclass(frozen=True, repr=False)
class ExplainedAnswer:
    """What each part of a row adds to a number of its answer.

    A notebook shows the page of `conveyor explain` in a frame, which takes about 2 MB of it.

    Attributes:
        explanation: the number, the attributions and the occlusion that checks them, and how well
            both agree.
        digest: of the model, for the title.
    """

    explanation: Explanation
    digest: str

    def frame(self) -> pd.DataFrame:
        """Return the attributions as a table (steps, channels), in the unit of the explained
        number; a text has the one channel `tokens`. `explanation.static` has those of the static
        columns. All of them add up to `explanation.end - explanation.start`."""
        explanation = self.explanation
        steps = pd.Index(explanation.steps, name="step")
        return pd.DataFrame(explanation.attributions, index=steps, columns=explanation.channels)

    def __repr__(self) -> str:
        explanation = self.explanation
        table = self.frame().to_string(float_format=DIGITS, max_rows=SHOWN_ROWS)
        lines = [f"{explanation.output}: {explanation.end:.4g}", table]
        lines += [f"{name}: {effect:.4g}" for name, effect in explanation.static.items()]
        if not explanation.is_complete:
            lines.append(
                "The parts are not complete: their sum is off by "
                f"{explanation.error:.1e} of the difference. Do not rely on them."
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return frame_page("Explained answer", render_explanations([self.explanation], self.digest))
