"""The paths of the HTTP interface, and its statuses."""

from conveyor.server.access import OPEN_PATHS
from conveyor.server.inspect import INSPECT
from conveyor.server.openapi import (
    END_SESSION,
    INFER,
    INVOCATIONS,
    READ_PATHS,
    REFUSALS,
    SESSION_PATHS,
    SESSION_REFUSALS,
)
from conveyor.server.session_routes import SESSION

from . import table

PREDICTIONS = {
    INVOCATIONS: "Predict, in MLflow's protocol",
    INFER: "Predict, in KServe's V2 protocol",
    INSPECT: "Gates and states of the network while it reads one row, which the page at `/` draws",
    **SESSION_PATHS,
}


def write() -> str:
    """Return both tables, under headings."""
    rows = [["POST", f"`{path}`", text, needs_token(path)] for path, text in PREDICTIONS.items()]
    rows.append(["DELETE", f"`{SESSION}`", END_SESSION, needs_token(SESSION)])
    rows += [["GET", f"`{path}`", text, needs_token(path)] for path, text in READ_PATHS.items()]
    statuses = [[code, text] for code, text in sorted((REFUSALS | SESSION_REFUSALS).items())]
    paths = table(["method", "path", "answer", "token"], rows)
    return f"## Paths\n\n{paths}\n\n## Refusals\n\n{table(['status', 'when'], statuses)}"


def needs_token(path: str) -> str:
    """Return whether a server with a token asks for it at this path."""
    return "no" if path in OPEN_PATHS else "yes"
