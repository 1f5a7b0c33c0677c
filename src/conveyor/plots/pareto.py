"""The Pareto front of a sweep with several objectives."""

from collections.abc import Collection
from pathlib import Path

from conveyor.plots import GRAY, RED, add_legend, finish, new_figure, save, say_empty
from conveyor.plots.sweep_trials import NO_VALUE, SweepTrials


def plot_pareto(trials: SweepTrials, front: Collection[int], best: int, path: Path) -> None:
    """Plot the first objective against each other one, with the front in red and the best ringed.

    Args:
        front: numbers of the trials on the front.
        best: number of the chosen trial.
    """
    others = range(1, len(trials.objectives))
    figure, panels = new_figure(5.5 * len(others), 4.2, columns=len(others))
    complete = [row for row in trials.rows if row["state"] == "complete"]
    for axes, other in zip(panels, others, strict=True):
        for on_front, color, legend in ((False, GRAY, "beaten, or breaks a constraint"),
                                       (True, RED, "on the Pareto front")):  # fmt: skip
            values = [row["values"] for row in complete if (row["trial"] in front) is on_front]
            axes.scatter([v[other] for v in values], [v[0] for v in values], c=color, label=legend)
        for row in complete:
            x, y = row["values"][other], row["values"][0]
            if row["trial"] in front:
                axes.annotate(str(row["trial"]), (x, y), xytext=(7, 7), textcoords="offset points")
            if row["trial"] == best:
                axes.scatter([x], [y], s=160, facecolors="none", edgecolors="black", label="chosen")
        axes.locator_params(nbins=5)  # numbers of parameters are long
        if not complete:
            say_empty(axes, NO_VALUE)
        finish(axes, xlabel=trials.axis_titles[other], ylabel=trials.axis_titles[0])
    figure.suptitle("Pareto front")
    add_legend(figure)
    save(figure, path)
