"""The two plots of `run.py`."""

from pathlib import Path
from statistics import median

import numpy as np
from fits import CELLS, LEARNED
from memory_results import LENGTHS, Results
from problems import PROBLEMS

from conveyor.plots import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    RED,
    add_legend,
    finish,
    new_figure,
    save,
    say_empty,
    use_log_scale,
)

COLORS = dict(zip(CELLS, (RED, GREEN, ORANGE, BLUE), strict=True))
MARKERS = dict(zip(CELLS, "os^D", strict=True))
LOWEST = 1e-12  # gradient at which a plot ends
TITLES = {"adding": "adding problem", "recall": "recall"}


def plot_lengths(results: Results, path: Path) -> None:
    """Draw each cell's test error by length: the median of the seeds, and their range."""
    figure, panels = new_figure(11, 4.5, columns=len(PROBLEMS), sharey=True)
    for axes, problem in zip(panels, PROBLEMS, strict=True):
        if not any(results.by_seed(problem, cell, n) for cell in CELLS for n in LENGTHS):
            say_empty(axes, f"{TITLES[problem]}: not run yet")
            continue
        for number, cell in enumerate(CELLS):
            lengths = [n for n in LENGTHS if results.by_seed(problem, cell, n)]
            tests = [[o.test for o in results.by_seed(problem, cell, n)] for n in lengths]
            middle = [median(values) for values in tests]
            ranges = [[m - min(v) for m, v in zip(middle, tests, strict=True)],
                      [max(v) - m for m, v in zip(middle, tests, strict=True)]]  # fmt: skip
            beside = np.array(lengths) * (0.94 + 0.04 * number)  # so that no mark hides another
            axes.errorbar(beside, middle, ranges, label=cell, color=COLORS[cell],
                          marker=MARKERS[cell], capsize=3)  # fmt: skip
        axes.axhline(LEARNED, color=BLACK, linestyle="--", label="learned below")
        finish(axes, xlabel="steps of a row", title=TITLES[problem], xscale="log")
        use_log_scale(axes)
        axes.set_xlim(0.8 * LENGTHS[0], 1.25 * LENGTHS[-1])
        axes.set_xticks(LENGTHS, [str(n) for n in LENGTHS])
        axes.minorticks_off()
    panels[0].set_ylabel("test error / error of the mean")
    add_legend(figure)
    save(figure, path)


def plot_gradients(results: Results, path: Path) -> None:
    """Draw the gradient by lag, before and after training, at the longest length of all cells."""
    problem = next(iter(PROBLEMS))
    steps = longest_of_all(results, problem)
    figure, panels = new_figure(11, 4.5, columns=2, sharey=True)
    for axes, when in zip(panels, ("before", "after"), strict=True):
        if steps is None:
            say_empty(axes, "not measured")
            continue
        for cell in CELLS:
            outcomes = results.by_seed(problem, cell, steps)
            norms = np.median([getattr(o, when) for o in outcomes], axis=0)  # (lags,)
            norms = np.where(norms > LOWEST, norms, np.nan)
            axes.plot(outcomes[0].lags, norms, label=cell, color=COLORS[cell],
                      marker=MARKERS[cell], markersize=4)  # fmt: skip
        title = f"{when} training, {TITLES[problem]} of {steps} steps"
        finish(axes, xlabel="steps before the end", title=title)
        use_log_scale(axes)
    panels[0].set_ylabel("norm of the gradient by the input")
    add_legend(figure)
    save(figure, path)


def longest_of_all(results: Results, problem: str) -> int | None:
    """Return the longest length at which every cell was trained with all seeds."""
    lengths = [n for n in LENGTHS if all(results.by_seed(problem, cell, n) for cell in CELLS)]
    return max(lengths, default=None)
