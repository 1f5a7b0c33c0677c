"""The pictures of a sweep, in a process beside the driver's."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from conveyor.beside import Tell
from conveyor.plots import sweep as pictures
from conveyor.plots.pareto import pareto


def draw(
    tell: Tell,
    folder: Path,
    trials: Sequence[pictures.Trial],
    keys: Sequence[str],
    objectives: Sequence[str],
    better: Sequence[str],
    importance: Mapping[str, float],
    logarithmic: Collection[str],
    best: Mapping[str, Any],
) -> None:
    """Write what `plots.sweep.draw` does of the first objective, and pareto.png where there are
    several.

    Args:
        better: "lower" or "higher", by objective.
        best: what best.yaml holds.
    """
    pictures.draw(trials, keys, objectives[0], better[0], importance, logarithmic, folder)
    if len(objectives) > 1:
        front = [one["trial"] for one in best["front"]]
        pareto(trials, objectives, better, front, best["trial"], folder / "pareto.png")
