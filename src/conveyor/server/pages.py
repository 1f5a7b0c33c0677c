"""The pages of the server: one to try the model, one that describes the HTTP interface.

They load nothing from the network, and run no script but those of the server.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from conveyor import html
from conveyor.pages import load_templates
from conveyor.server.example_request import curl_lines
from conveyor.server.live_model import ModelSlot
from conveyor.server.openapi import describe_server

TEMPLATES = Path(__file__).parent / "templates"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{}; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY.format(""),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
# Plotly styles what it draws inside the page; no script can come in that way.
PLOT_HEADERS = {**HEADERS, "content-security-policy": POLICY.format(" 'unsafe-inline'")}


class Pages:
    """The handlers of the pages and of the description that they show."""

    def __init__(self, slot: ModelSlot, needs_token: bool) -> None:
        self.slot, self.needs_token = slot, needs_token
        self.docs = load_templates(__file__, json=_indent).get_template("docs.html")

    def routes(self) -> list[Route]:
        return [
            Route("/", self.get_page),
            Route("/page.js", self.get_script),
            Route("/plots.js", self.get_plots),
            Route("/page.css", self.get_style),
            Route("/docs", self.get_docs),
            Route("/openapi.json", self.get_openapi),
        ]

    async def get_page(self, request: Request) -> Response:
        """A page to try the model; it asks /openapi.json about the model."""
        return _file("page.html", "text/html", headers=PLOT_HEADERS)

    async def get_script(self, request: Request) -> Response:
        """The script of that page."""
        return _file("page.js", "text/javascript")

    async def get_plots(self, request: Request) -> Response:
        """The script of all pages that draws a plot."""
        return _file("plots.js", "text/javascript", folder=html.TEMPLATES)

    async def get_style(self, request: Request) -> Response:
        """The style of both pages."""
        return _file("page.css", "text/css")

    async def get_openapi(self, request: Request) -> Response:
        """The HTTP interface in OpenAPI."""
        return JSONResponse(await self._describe())

    async def get_docs(self, request: Request) -> Response:
        """The HTTP interface as a page without scripts."""
        description = await self._describe()
        address = request.headers.get("host", "127.0.0.1")
        html = self.docs.render(description=description, address=address, curl=curl_lines)
        return HTMLResponse(html, headers=HEADERS)

    async def _describe(self) -> dict[str, Any]:
        return await run_in_threadpool(describe_server, self.slot.require(), self.needs_token)


def _file(
    name: str, media_type: str, *, folder: Path = TEMPLATES, headers: Mapping[str, str] = HEADERS
) -> Response:  # fmt: skip
    return Response((folder / name).read_bytes(), media_type=media_type, headers=headers)


def _indent(value: Any) -> str:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text if len(text) < 4000 else json.dumps(value, ensure_ascii=False)
