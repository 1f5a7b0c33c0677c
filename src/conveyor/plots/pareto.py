"""The Pareto front of a sweep with several objectives."""

from collections.abc import Collection, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from conveyor.plots import save
from conveyor.plots.sweep import Trial


def pareto(
    trials: Sequence[Trial],
    objectives: Sequence[str],
    better: Sequence[str],
    front: Collection[int],
    chosen: int,
    path: Path,
) -> None:
    """Draw the first objective against each other one, the front in red, the choice ringed.

    Args:
        better: "lower" or "higher", by objective.
        front, chosen: numbers of trials.
    """
    complete = [t for t in trials if t["state"] == "complete"]
    others = range(1, len(objectives))
    figure = Figure(figsize=(5.5 * len(others), 4.2), layout="constrained")
    for axes, other in zip(figure.subplots(1, len(others), squeeze=False)[0], others, strict=True):
        for inside, color, name in ((False, "tab:gray", "beaten, or breaks a constraint"),
                                    (True, "tab:red", "on the Pareto front")):  # fmt: skip
            some = [t["values"] for t in complete if (t["trial"] in front) is inside]
            axes.scatter([v[other] for v in some], [v[0] for v in some], c=color, label=name)
        for trial in complete:
            if trial["trial"] in front:
                at = (trial["values"][other], trial["values"][0])
                axes.annotate(str(trial["trial"]), at, xytext=(4, 4), textcoords="offset points")
            if trial["trial"] == chosen:
                axes.scatter([trial["values"][other]], [trial["values"][0]], s=160,
                             facecolors="none", edgecolors="black", label="chosen")  # fmt: skip
        axes.set(xlabel=f"{objectives[other]} ({better[other]} is better)",
                 ylabel=f"{objectives[0]} ({better[0]} is better)")  # fmt: skip
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize=8)
    figure.suptitle("Pareto front")
    save(figure, path)
