"""Explained answers as a page that needs no network, and as JSON."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from conveyor import files
from conveyor.escape import one_line
from conveyor.html import DIGITS, load_pages
from conveyor.html.assets import plotly_script
from conveyor.inspection.attribution_plots import draw_series
from conveyor.inspection.explanation import Explanation, OccludedAnswer
from conveyor.inspection.integral import TOLERANCE
from conveyor.inspection.page import describe_answer, describe_row, describe_static
from conveyor.inspection.row_parts import say_unread
from conveyor.inspection.worst_errors import ExplainedError, WrongAnswer, occlude_errors
from conveyor.serving import LoadedModel
from conveyor.serving.example import to_json

MAX_TOKENS = 2000  # of a text on the page


PAGES = load_pages(
    __file__,
    number=lambda value: f"{value:.4g}",
    signed=lambda value: f"{value:+.3g}",
    capitalize_first=lambda text: text[:1].upper() + text[1:],
)


def render_explanations(
    explanations: Sequence[Explanation | ExplainedError], digest: str
) -> str:  # fmt: skip
    """Return the page of `conveyor explain`, reports/explain.html.

    Args:
        digest: of the model folder.
    """
    return _render(explanations, digest, has_gradients=True, listed=len(explanations))


def render_errors(model: LoadedModel, errors: list[WrongAnswer], digest: str) -> str:
    """Return the page of the stage evaluate: the worst errors, explained without gradients in a
    few seconds.

    Args:
        errors: that the report lists.
        digest: of the model folder.
    """
    explained = occlude_errors(model, errors)
    return _render(explained, digest, has_gradients=False, listed=len(errors))


def _render(
    explanations: Sequence[OccludedAnswer | ExplainedError], digest: str, *, has_gradients: bool,
    listed: int,
) -> str:  # fmt: skip
    """Return a page; equal explanations give equal pages.

    Args:
        has_gradients: whether the explanations have them.
        listed: errors in the report; fewer are explained where their rows are long.
    """
    entries = [_describe(each) for each in explanations]
    texts = [{**entry, "gradients": None} for entry in entries]
    return PAGES.get_template("explain.html").render(
        digest=digest[:DIGITS],
        entries=entries,
        has_texts=any(entry["texts"] for entry in entries),
        tolerance=TOLERANCE,
        plotly=plotly_script(),
        nonce=files.digest_value([digest, texts]),  # which none of these texts can contain
        has_gradients=has_gradients,
        listed=listed,
    )


def _describe(entry: OccludedAnswer | ExplainedError) -> dict[str, Any]:
    """Return what the template shows."""
    error = entry if isinstance(entry, ExplainedError) else None
    explanation = entry.explanation if isinstance(entry, ExplainedError) else entry
    gradients = explanation if isinstance(explanation, Explanation) else None
    is_text = explanation.values is None
    return {
        "gradients": gradients,
        "output": explanation.output,
        "number": explanation.number if gradients is None else gradients.end,
        "total": None if gradients is None else _add_up(gradients),
        "static": _list_columns(explanation),
        "static_values": describe_static(explanation.row),
        "grouped": _describe_groups(explanation),
        "row": describe_row(explanation.row),
        "unread": _say_unread(explanation),
        "answer": describe_answer(explanation.answer),
        "row_id": None if error is None else error.row_id,
        "truth": {} if error is None else describe_answer({"truth": error.truth}),
        "texts": _color_tokens(explanation) if is_text else [],
        "left_out": max(0, len(explanation.steps) - MAX_TOKENS) if is_text else 0,
        "plots": [] if is_text else draw_series(explanation),
    }


def _add_up(explanation: Explanation) -> float:
    return float(explanation.attributions.sum()) + sum(explanation.static.values())


def _say_unread(explanation: OccludedAnswer) -> str | None:
    unit = "step" if explanation.values is not None else "token"
    return say_unread(explanation.unread, unit) if explanation.unread else None


def _list_columns(explanation: OccludedAnswer) -> dict[str, list[float]]:
    """Return the effects of each static column, in the order of the methods."""
    if not isinstance(explanation, Explanation):
        return {name: [effect] for name, effect in explanation.static_occlusion.items()}
    effects = explanation.static_occlusion
    return {name: [added, effects[name]] for name, added in explanation.static.items()}


def _describe_groups(explanation: OccludedAnswer) -> str:
    """Return how many steps, and channels, are left out together; "" if each is left out alone."""
    step = "tokens" if explanation.values is None else "steps"
    sizes = {step: explanation.groups[0], "channels": explanation.channel_groups[0]}
    return " of ".join(
        f"{group.stop:,} neighbouring {name}" for name, group in sizes.items() if group.stop > 1
    )


def _color_tokens(explanation: OccludedAnswer) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the tokens with their effects, by what measured these; the strongest has the full
    colour."""
    by_group = explanation.occlusion[:, 0]
    sizes = [group.stop - group.start for group in explanation.groups]
    title = "Occlusion: how much lower with an unknown token in its place"
    effects = {title: np.repeat(by_group, sizes)}
    if isinstance(explanation, Explanation):
        added = explanation.attributions[:, 0]
        effects = {"Integrated gradients: what each token adds": added, **effects}
    return [(title, _color(explanation, values)) for title, values in effects.items()]


def _color(explanation: OccludedAnswer, values: Any) -> list[dict[str, Any]]:
    strongest = float(np.abs(values).max()) or 1.0
    return [
        {
            "name": one_line(name),
            "value": value,
            "share": round(abs(value) / strongest, 3),
            "unknown": unknown,
        }
        for name, value, unknown in zip(
            explanation.steps[:MAX_TOKENS], values.tolist(), explanation.unknown.tolist(),
            strict=False,
        )
    ]  # fmt: skip


def explanation_to_json(entry: OccludedAnswer | ExplainedError) -> dict[str, Any]:
    """Return an explanation as values of JSON."""
    if isinstance(entry, ExplainedError):
        return {
            "id": entry.row_id, "truth": entry.truth, **explanation_to_json(entry.explanation)
        }  # fmt: skip
    return {
        "row": to_json(entry.row),
        "answer": entry.answer,
        "output": entry.output,
        "steps": entry.steps,
        "unread": entry.unread,
        "channels": entry.channels,
        **(_gradients_to_json(entry) if isinstance(entry, Explanation) else {}),
        "occlusion": entry.occlusion.tolist(),
        "occluded_steps": _bounds(entry.groups),
        "occluded_channels": _bounds(entry.channel_groups),
        "static_occlusion": entry.static_occlusion,
    }


def _gradients_to_json(explanation: Explanation) -> dict[str, Any]:
    return {
        "start": explanation.start,
        "end": explanation.end,
        "completeness_error": explanation.error,
        "is_complete": explanation.is_complete,
        "agreement": explanation.agreement,
        "attributions": explanation.attributions.tolist(),
        "static": explanation.static,
    }


def _bounds(groups: list[slice]) -> list[list[int]]:
    """Return the first and the last of each group, from 1."""
    return [[group.start + 1, group.stop] for group in groups]
