"""A page of points in two dimensions: coloured by target and by error, each with its neighbours."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor import files
from conveyor.html import DIGITS, load_pages
from conveyor.html.assets import plotly_script
from conveyor.html.figures import figure, text
from conveyor.inspection.points import Points
from conveyor.inspection.projection import METHODS, SEED, find_neighbours

PAGES = load_pages(__file__)
MOST_NAMED = 8  # targets with a colour of their own
# Near Okabe and Ito's colours, which all eyes tell apart, and seen on a light and a dark ground.
COLOURS = ("#3a93d1", "#d98200", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#a08a00", "#8c6bb1")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "triangle-down", "star")
SCALE = [[0, "#4393c3"], [0.5, "#b3a7b8"], [1, "#e66101"]]  # likewise
OTHERS, OTHERS_COLOUR = "others", "#8a8f98"
RIGHT, WRONG = "right", "wrong"

ColourGroup = tuple[str, NDArray[np.integer], dict[str, Any]]  # name, points, Plotly's marker


def render_states(points: list[Points], split: str, method: str, digest: str) -> str:
    """Return the page; equal points give equal pages.

    Args:
        split: of the rows.
        method: of METHODS.
        digest: of the model folder.

    Raises:
        InputError: the method cannot project so few points, or is not installed.
    """
    # By those of the rows or steps: a target has one colour on the whole page.
    ranked = [name for name, _ in Counter(points[0].targets).most_common(MOST_NAMED)]
    views = [_view(each, split, method, ranked) for each in points]
    return PAGES.get_template("states.html").render(
        digest=digest[:DIGITS],
        split=split,
        views=views,
        plotly=plotly_script(),
        nonce=files.digest_value([digest, views]),  # which no text of the page can contain
    )


def _view(points: Points, split: str, method: str, ranked: Sequence[str | float]) -> dict[str, Any]:
    places, sentence, axes = METHODS[method](points.vectors)
    neighbours, distances = find_neighbours(points.vectors)
    targets, errors = _colour_targets(points, ranked), _colour_errors(points)
    count, kind = len(points.names), points.kind
    chosen = "the most frequent" if kind == "token" else f"drawn with the seed {SEED}"
    source = f"{split} {points.source}" if kind == "row" else points.source
    sample = (
        f"All {count:,} {source}"
        if count == points.total
        else f"{count:,} of {points.total:,} {source}, {chosen}"
    )
    values = [
        {
            "name": points.names[i],
            "preview": points.previews[i],
            "target": _write_target(points.targets[i]),
            "answer": points.answers[i] if points.answers else None,
            "error": f"{points.errors[i]:.3g}",
            "near": [[int(j), float(f"{d:.3g}")] for j, d in zip(near, away, strict=True)],
        }
        for i, (near, away) in enumerate(zip(neighbours, distances, strict=True))
    ]
    return {
        "kind": kind,
        "title": f"{kind.capitalize()}s",
        "notes": [
            f"{sample}. A point is {points.meaning} ({points.vectors.shape[1]} numbers).",
            f"{sentence}. The nearest are those in all dimensions, by Euclidean distance.",
            *points.notes,
        ],
        "plots": [
            _plot(f"{kind.capitalize()}s by target", points, places, axes, targets),
            _plot(f"{kind.capitalize()}s by error", points, places, axes, errors),
        ],
        "points": values,
    }


def _write_target(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def _colour_targets(points: Points, ranked: Sequence[str | float]) -> list[ColourGroup]:
    """Give each of these texts a colour and a symbol, or numbers a scale."""
    if any(isinstance(value, float) for value in points.targets):
        numbers = np.array([np.nan if isinstance(v, str) else v for v in points.targets])
        return _scale(numbers, "target")
    targets = np.array(points.targets, object)
    named = [
        (str(name), np.flatnonzero(targets == name), _marker(COLOURS[i], SYMBOLS[i]))
        for i, name in enumerate(ranked)
        if name in points.targets
    ]
    rest = np.flatnonzero(~np.isin(targets, ranked))
    others = [(_name_rest(targets[rest]), rest, _marker(OTHERS_COLOUR, "circle-open"))]
    return [*(others if len(rest) else []), *named]


def _name_rest(targets: NDArray[Any]) -> str:
    """Return the name of the targets without a colour; one alone keeps its own."""
    names = set(targets.tolist())
    return str(names.pop()) if len(names) == 1 else OTHERS


def _colour_errors(points: Points) -> list[ColourGroup]:
    """Colour right and wrong answers, or by a scale where answers may be wrong by more or less."""
    errors = points.errors
    if not np.isin(errors, (0, 1)).all():
        return _scale(errors, "error")
    return [
        (name, np.flatnonzero(errors == value), _marker(color, symbol))
        for name, value, color, symbol in (
            (RIGHT, 0, "var(--blue)", "circle"), (WRONG, 1, "var(--orange)", "x"),
        )
    ]  # fmt: skip


def _marker(color: str, symbol: str) -> dict[str, Any]:
    return {"color": color, "symbol": symbol, "size": 7, "opacity": 0.8}


def _scale(values: NDArray[np.floating], title: str) -> list[ColourGroup]:
    """Colour by a scale from the 2nd to the 98th percentile, so that outliers hide nothing else;
    what has no number is left gray."""
    finite = np.flatnonzero(np.isfinite(values))
    low, high = np.percentile(values[finite], (2, 98)).tolist()
    marker = {
        "color": [float(f"{value:.4g}") for value in values[finite]], "colorscale": SCALE,
        "cmin": low, "cmax": high if high > low else low + (abs(low) or 1.0), "size": 7,
        "opacity": 0.85,
        "colorbar": {"thickness": 12, "title": {"text": title}, "exponentformat": "e"},
    }  # fmt: skip
    missing = np.flatnonzero(~np.isfinite(values))
    others = [("none", missing, _marker(OTHERS_COLOUR, "circle-open"))] if len(missing) else []
    return [*others, ("", finite, marker)]


def _plot(
    title: str, points: Points, places: NDArray[np.floating], axes: list[str],
    groups: list[ColourGroup],
) -> dict[str, Any]:  # fmt: skip
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": text(name),
            "x": _round(places[chosen, 0]),
            "y": _round(places[chosen, 1]),
            "text": [text(points.names[i]) for i in chosen],
            "customdata": chosen.tolist(),
            "hovertemplate": "%{text}<extra></extra>",
            "showlegend": bool(name),
            "marker": marker,
        }
        for name, chosen, marker in groups
    ]
    bare = {"showticklabels": False, "zeroline": False}
    return figure(title, traces, *axes, height=460, xaxis=bare, yaxis=bare, hovermode="closest")


def _round(values: NDArray[np.floating]) -> list[float]:
    return [float(f"{value:.4g}") for value in values]
