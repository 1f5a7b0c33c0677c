"""Writes the page of a trace, reports/inspect.html."""

import json
import secrets
from pathlib import Path
from typing import Any

from conveyor import files
from conveyor.html import load_pages
from conveyor.html.assets import plotly_script
from conveyor.inspection.heat_maps import MAX_COLUMNS, draw_layer
from conveyor.inspection.trace import LayerTrace, Trace
from conveyor.serving.example import to_json

ROW_LENGTH = 300  # characters of a row in the head of the page
FIELD_LENGTH = 60  # characters of a field of the answer

PAGES = load_pages(__file__)


def write_page(path: Path, trace: Trace, model_digest: str) -> None:
    """Write the heat maps of all layers as one file that needs no network."""
    files.write_text(path, render_page(trace, model_digest))


def render_page(trace: Trace, model_digest: str) -> str:
    """Return the page as HTML."""
    layers = [
        {
            "title": _title(layer, trace.layers),
            "plots": draw_layer(layer, trace.steps),
        }
        for layer in trace.layers
    ]
    row = to_json(trace.row)
    row_text = row if isinstance(row, str) else json.dumps(row)
    return PAGES.get_template("inspect.html").render(
        row=_cut(row_text, ROW_LENGTH),
        answer=_describe(trace.answer),
        digest=model_digest,
        steps=len(trace.steps),
        grouped=len(trace.steps) > MAX_COLUMNS,
        layers=layers,
        plotly=plotly_script(),
        nonce=secrets.token_urlsafe(),
    )


def _title(layer: LayerTrace, layers: list[LayerTrace]) -> str:
    place = " (bottom)" if layer.number == 1 and layers[-1].number > 1 else ""
    return f"Layer {layer.number}{place}: {layer.cell}, {layer.direction}"


def _describe(answer: dict[str, Any]) -> dict[str, str]:
    """Write each field in words, with four digits of each number."""
    return {name: _cut(_write(value), FIELD_LENGTH) for name, value in answer.items()}


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]} …"


def _write(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_write(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_write, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
