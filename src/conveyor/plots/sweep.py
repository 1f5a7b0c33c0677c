"""What a sweep found: history, epochs, importance, parallel coordinates, slices, distribution,
timeline."""

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from conveyor.escape import plot_text
from conveyor.plots import save

Trial = Mapping[str, Any]  # trial, state, value, values, params, epochs: [(epoch, objective)]
LABEL: dict[str, Any] = {
    "fontsize": 8, "va": "center", "zorder": 5,
    "bbox": {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
}  # fmt: skip
ABSENT = -0.12  # where a trial passes the axis of a key that it doesn't have
COLORS = {"complete": "tab:blue", "pruned": "tab:orange", "failed": "tab:red"}


def draw(
    trials: Sequence[Trial],
    keys: Sequence[str],
    objective: str,
    better: str,
    importance: Mapping[str, float],
    logarithmic: Collection[str],
    folder: Path,
) -> None:
    """Write history.png, intermediate.png, importance.png, parallel.png, slices.png and edf.png.

    Args:
        better: "lower" or "higher".
        importance: share of each key; empty where it could not be told.
        logarithmic: keys that were searched on a log scale.
    """
    shown = [t for t in trials if t["value"] is not None]
    _history(shown, objective, better, folder / "history.png")
    _intermediate(shown, objective, folder / "intermediate.png")
    _importance(importance, objective, folder / "importance.png")
    _parallel(shown, keys, objective, better, logarithmic, folder / "parallel.png")
    _slices(shown, keys, objective, logarithmic, folder / "slices.png")
    _edf(shown, objective, folder / "edf.png")


def _history(trials: Sequence[Trial], objective: str, better: str, path: Path) -> None:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for state in ("complete", "pruned"):
        some = [t for t in trials if t["state"] == state]
        numbers, values = [t["trial"] for t in some], [t["value"] for t in some]
        axes.scatter(numbers, values, c=COLORS[state], label=state)
    complete = [t for t in trials if t["state"] == "complete" and t["feasible"]]
    best = np.minimum if better == "lower" else np.maximum
    if complete:
        values = best.accumulate([t["value"] for t in complete])
        axes.step([t["trial"] for t in complete], values, where="post", color="tab:red",
                  label="best so far")  # fmt: skip
    axes.set(xlabel="trial", ylabel=f"{objective} ({better} is better)", title="Trials")
    axes.legend(frameon=False)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    save(figure, path)


def _intermediate(trials: Sequence[Trial], objective: str, path: Path) -> None:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for trial in trials:
        epochs, values = zip(*trial["epochs"], strict=True) if trial["epochs"] else ((), ())
        axes.plot(
            epochs, values, color=COLORS[trial["state"]], alpha=0.6, linewidth=1,
            marker="o", markersize=3, markevery=[-1] if epochs else None,
        )  # fmt: skip
    if not any(trial["epochs"] for trial in trials):
        axes.text(0.5, 0.5, "no values before the end of a trial", ha="center", va="center",
                  transform=axes.transAxes)  # fmt: skip
    axes.set(xlabel="epoch", ylabel=objective, title="Epoch by epoch (orange: pruned)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    save(figure, path)


def _edf(trials: Sequence[Trial], objective: str, path: Path) -> None:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    values = [t["value"] for t in trials if t["state"] == "complete"]
    if values:
        axes.ecdf(values, color="tab:blue")
    axes.set(xlabel=objective, ylabel="share of completed trials at or below it",
             title=f"Distribution of {objective}")  # fmt: skip
    axes.grid(alpha=0.3)
    save(figure, path)


def timeline(spans: Sequence[tuple[int, str, datetime, datetime]], path: Path) -> None:
    """Draw each trial (number, state, begin, end) as a bar in time."""
    figure = Figure(figsize=(9, 1.5 + 0.22 * max(4, min(len(spans), 60))), layout="constrained")
    axes = figure.subplots()
    first = min((begin for _, _, begin, _ in spans), default=datetime.now())
    for state, color in COLORS.items():
        some = [span for span in spans if span[1] == state]
        if not some:
            continue
        axes.barh(
            [number for number, *_ in some],
            [(end - begin).total_seconds() for _, _, begin, end in some],
            left=[(begin - first).total_seconds() for _, _, begin, _ in some],
            color=color, label=state,
        )  # fmt: skip
    axes.set(xlabel=f"seconds since {first:%Y-%m-%d %H:%M:%S}", ylabel="trial", title="Timeline")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.invert_yaxis()
    axes.legend(frameon=False)
    save(figure, path)


def _importance(importance: Mapping[str, float], objective: str, path: Path) -> None:
    figure = Figure(figsize=(7, 1.4 + 0.4 * max(1, len(importance))), layout="constrained")
    axes = figure.subplots()
    axes.set_title(f"What {objective} depends on (PED-ANOVA)")
    if importance:
        names = sorted(importance, key=lambda name: importance[name])
        bars = axes.barh(names, [importance[name] for name in names], color="tab:blue")
        axes.bar_label(bars, fmt="%.2f", padding=3)
        axes.margins(x=0.12)
    else:
        axes.text(0.5, 0.5, "too few completed trials to tell", ha="center", va="center")
        axes.set_axis_off()
    save(figure, path)


def _scale(
    key: str, trials: Sequence[Trial], logarithmic: bool
) -> tuple[list[float], list[tuple[float, str]]]:
    """Positions of a key's values on its axis, and ticks to name them by.

    All trials have the key.
    """
    values = [t["params"][key] for t in trials]
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        options = _ordered(values)
        return [float(options.index(v)) for v in values], [
            (float(i), plot_text(str(option))) for i, option in enumerate(options)
        ]
    if logarithmic:
        at = [math.log10(v) for v in values]
        decades = range(math.floor(min(at)), math.ceil(max(at)) + 1)
        return at, [(float(decade), f"1e{decade}") for decade in decades]
    ticks = MaxNLocator(5).tick_values(min(values), max(values))
    return [float(v) for v in values], [(float(v), f"{v:.3g}") for v in ticks]


def _ordered(values: Sequence[Any]) -> list[Any]:
    """Each value once; [4, 4] before [16] where values compare, by name where they don't."""
    once = [v for i, v in enumerate(values) if v not in values[:i]]
    try:
        return sorted(once)
    except TypeError:
        return sorted(once, key=str)


def _parallel(
    trials: Sequence[Trial],
    keys: Sequence[str],
    objective: str,
    better: str,
    logarithmic: Collection[str],
    path: Path,
) -> None:
    figure = Figure(figsize=(2.2 * (len(keys) + 1), 4.5), layout="constrained")
    axes = figure.subplots()
    if trials:
        lines = np.zeros((len(trials), len(keys) + 1))
        for column, key in enumerate(keys):
            has = np.array([key in t["params"] for t in trials])
            lines[~has, column] = ABSENT
            if not has.all():
                axes.text(column + 0.03, ABSENT, "(none)", **LABEL)
            if not has.any():
                continue
            some = [t for t in trials if key in t["params"]]
            at, ticks = _scale(key, some, key in logarithmic)
            marks = [mark for mark, _ in ticks]
            low, high = min([*at, *marks]), max([*at, *marks])
            span = (high - low) or 1.0
            lines[has, column] = (np.array(at) - low) / span
            for mark, name in ticks:
                axes.text(column + 0.03, (mark - low) / span, name, **LABEL)
        values = np.array([t["value"] for t in trials], dtype=float)
        # by rank: one diverged trial must not press all others into one line
        rank = values.argsort().argsort() / max(1, len(values) - 1)
        lines[:, -1] = rank
        good = 1 - rank if better == "lower" else rank
        for i in np.argsort(good):
            style = "-" if trials[i]["state"] == "complete" else ":"
            axes.plot(lines[i], style, color=colormaps["viridis"](good[i]), linewidth=1.6)
        for end in (values.argmin(), values.argmax()):
            axes.text(len(keys) + 0.03, rank[end], f"{values[end]:.4g}", **LABEL)
    names = [key.rpartition(".")[2] for key in keys]
    axes.set_xticks(range(len(keys) + 1), [*names, f"{objective}\n(rank)"])
    axes.set_yticks([])
    axes.set_xlim(-0.1, len(keys) + 0.35)
    axes.grid(axis="x")
    axes.set_title("Every trial (yellow: best, dotted: pruned)")
    save(figure, path)


def _slices(
    trials: Sequence[Trial],
    keys: Sequence[str],
    objective: str,
    logarithmic: Collection[str],
    path: Path,
) -> None:
    figure = Figure(figsize=(3.4 * max(1, len(keys)), 3.6), layout="constrained")
    panels = figure.subplots(1, max(1, len(keys)), sharey=True, squeeze=False)[0]
    for axes, key in zip(panels, keys, strict=False):
        some = [t for t in trials if key in t["params"]]
        if not some:
            continue
        at, ticks = _scale(key, some, key in logarithmic)
        axes.scatter(at, [t["value"] for t in some], c=[COLORS[t["state"]] for t in some])
        axes.set_xticks([mark for mark, _ in ticks], [name for _, name in ticks], fontsize=8)
        axes.set(xlabel=f"{key}{' (log)' if key in logarithmic else ''}")
        axes.grid(alpha=0.3)
    panels[0].set_ylabel(objective)
    figure.suptitle("One parameter at a time (orange: pruned)")
    save(figure, path)
