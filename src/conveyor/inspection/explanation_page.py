"""Explained answers as a page that needs no network, reports/explain.html, and as JSON."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from conveyor import files
from conveyor.html import DIGITS, load_pages
from conveyor.html.assets import plotly_script
from conveyor.inspection.attribution_plots import draw_series
from conveyor.inspection.explain import Explanation
from conveyor.inspection.integral import TOLERANCE
from conveyor.inspection.page import describe_answer, describe_row
from conveyor.inspection.worst_errors import ExplainedError
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
    """Return the page; equal explanations give equal pages.

    Args:
        digest: of the model folder.
    """
    entries = [_describe(each) for each in explanations]
    values = [explanation_to_json(each) for each in explanations]
    return PAGES.get_template("explain.html").render(
        digest=digest[:DIGITS],
        entries=entries,
        has_texts=any(entry["texts"] for entry in entries),
        tolerance=TOLERANCE,
        plotly=plotly_script(),
        nonce=files.digest_value([digest, values]),  # which no text of the page can contain
    )


def _describe(entry: Explanation | ExplainedError) -> dict[str, Any]:
    """Return what the template shows."""
    error = entry if isinstance(entry, ExplainedError) else None
    explanation = entry if isinstance(entry, Explanation) else entry.explanation
    is_text = explanation.values is None
    return {
        "explanation": explanation,
        "total": float(explanation.attributions.sum()) + sum(explanation.static.values()),
        "row": describe_row(explanation.row),
        "answer": describe_answer(explanation.answer),
        "row_id": None if error is None else error.row_id,
        "truth": {} if error is None else describe_answer({"truth": error.truth}),
        "texts": _color_tokens(explanation) if is_text else [],
        "left_out": max(0, len(explanation.steps) - MAX_TOKENS) if is_text else 0,
        "plots": [] if is_text else draw_series(explanation),
    }


def _color_tokens(explanation: Explanation) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the tokens with their effects, by what measured these; the strongest has the full
    colour."""
    by_group = explanation.occlusion[:, 0]
    sizes = [group.stop - group.start for group in explanation.groups]
    effects = {
        "Integrated gradients: what each token adds": explanation.attributions[:, 0],
        "Occlusion: how much lower with an unknown token in its place": np.repeat(by_group, sizes),
    }
    return [(title, _color(explanation, values)) for title, values in effects.items()]


def _color(explanation: Explanation, values: Any) -> list[dict[str, Any]]:
    strongest = float(np.abs(values).max()) or 1.0
    return [
        {
            "name": name,
            "value": value,
            "share": round(abs(value) / strongest, 3),
            "unknown": unknown,
        }
        for name, value, unknown in zip(
            explanation.steps[:MAX_TOKENS], values.tolist(), explanation.unknown.tolist(),
            strict=False,
        )
    ]  # fmt: skip


def explanation_to_json(entry: Explanation | ExplainedError) -> dict[str, Any]:
    """Return an explanation as values of JSON."""
    if isinstance(entry, ExplainedError):
        return {
            "id": entry.row_id, "truth": entry.truth, **explanation_to_json(entry.explanation)
        }  # fmt: skip
    return {
        "row": to_json(entry.row),
        "answer": entry.answer,
        "output": entry.output,
        "start": entry.start,
        "end": entry.end,
        "completeness_error": entry.error,
        "is_complete": entry.is_complete,
        "agreement": entry.agreement,
        "steps": entry.steps,
        "channels": entry.channels,
        "attributions": entry.attributions.tolist(),
        "static": entry.static,
        "occlusion": entry.occlusion.tolist(),
        "occluded_steps": [[group.start + 1, group.stop] for group in entry.groups],
        "static_occlusion": entry.static_occlusion,
    }
