"""A trace as a page that needs no network, and as the values that a page is drawn from."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

from conveyor import files
from conveyor.errors import InputError
from conveyor.escape import one_line
from conveyor.html import DIGITS, load_pages
from conveyor.html.assets import plotly_script
from conveyor.inspection.bounds import cut_sequence
from conveyor.inspection.heat_maps import draw_layers, limit_columns
from conveyor.inspection.previews import cut_items
from conveyor.inspection.row_parts import group_evenly, say_count, say_unread
from conveyor.inspection.trace import BACKWARD, LayerTrace, Trace, trace_row
from conveyor.raw_row import sequence_of, static_of, to_text
from conveyor.serving import LoadedModel
from conveyor.serving.example import to_json

log = logging.getLogger(__name__)
ROW_LENGTH = 300  # characters of a row in the head of the page
FIELD_LENGTH = 60  # characters of a field of the answer

PAGES = load_pages(__file__)


def render_example(folder: Path, model: LoadedModel, digest: str) -> str | None:
    """Return the page of a model's own example, in about a second; None, with a warning, where it
    cannot be traced.

    Args:
        digest: of the model folder.
    """
    try:
        trace = trace_row(folder, model, model.example, is_bounded=True)
    except InputError as error:
        log.warning("there is no page of what the network does inside: %s", error)
        return None
    return render_page(trace, digest)


def render_page(trace: Trace, digest: str) -> str:
    """Return the heat maps of all layers as one page; equal traces give equal pages.

    Args:
        digest: of the model folder.
    """
    values = describe_trace(trace)
    return PAGES.get_template("inspect.html").render(
        **values,
        digest=digest[:DIGITS],
        plotly=plotly_script(),
        nonce=files.digest_value([digest, values]),  # which no text of the page can contain
    )


def describe_trace(trace: Trace) -> dict[str, Any]:
    """Return what a page shows of a trace, as values of JSON: row, answer, notes, and for each
    layer a title and Plotly's heat maps."""
    titles = [_title(layer, trace.layers) for layer in trace.layers]
    return {
        "row": describe_row(trace.row),
        "answer": describe_answer(trace.answer),
        "notes": _list_notes(trace),
        "layers": [
            {"title": title, "plots": plots}
            for title, plots in zip(titles, draw_layers(trace), strict=True)
        ],
    }


def _list_notes(trace: Trace) -> list[str]:
    """Return sentences on what the heat maps show."""
    steps, groups = len(trace.steps), group_evenly(len(trace.steps), limit_columns(trace.layers))
    size = groups[0].stop
    order = "" if steps == 1 else " from left to right"
    notes = [f"{say_count(steps, trace.unit)}{order}; a line for each unit."]
    if size > 1:
        notes.append(
            f"A column is the mean of {size:,} {trace.unit}s, which keeps the page small: it has "
            f"at most {len(groups):,} columns."
        )
    if trace.is_cut:
        notes.append(
            "The row is longer: network and answer have its beginning only, which is traced in "
            "about a second."
        )
    if trace.unread:
        notes.append(say_unread(trace.unread, trace.unit))
    if any(trace.unknown):
        notes.append("A token in brackets is not in the vocabulary.")
    notes.append(
        "Units that behave alike stand side by side, in the same order in all plots of a layer."
    )
    if any(layer.direction == BACKWARD for layer in trace.layers):
        notes.append("The backward direction reads from the right.")
    return notes


def _title(layer: LayerTrace, layers: list[LayerTrace]) -> str:
    place = " (bottom)" if layer.number == 1 and layers[-1].number > 1 else ""
    return f"Layer {layer.number}{place}: {layer.cell}, {layer.direction}"


def describe_row(row: Any) -> str:
    """Write a raw row, or the beginning of a long one, with its static columns in parentheses."""
    sequence = sequence_of(row)
    width = 1 if to_text(sequence) is not None else np.size(sequence[0])
    value = to_json(cut_sequence(sequence, ROW_LENGTH // width + 1))  # no more can be seen
    text = to_text(value)
    written = _cut(json.dumps(value) if text is None else text, ROW_LENGTH)
    static = ", ".join(f"{name} {value}" for name, value in describe_static(row).items())
    return f"{written} ({static})" if static else written


def describe_static(row: Any) -> dict[str, str]:
    """Write the value of each static column of a raw row in words."""
    return {name: _write_value(value) for name, value in static_of(row).items()}


def _write_value(value: Any) -> str:
    is_missing = value is None or value != value  # NaN
    return "none" if is_missing else _cut(one_line(_write(value)), FIELD_LENGTH)


def describe_answer(answer: dict[str, Any]) -> dict[str, str]:
    """Write each field in words, with four digits of each number."""
    return {name: cut_items(_write(value), FIELD_LENGTH) for name, value in answer.items()}


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]} …"


def _write(value: Any) -> str:
    """Return a field in words, with four digits of each number."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_write(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_write, value)) or "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
