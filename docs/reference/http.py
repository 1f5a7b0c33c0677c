"""The paths of the HTTP interface, and its statuses."""

from conveyor.server.access import OPEN_PATHS
from conveyor.server.inspect import INSPECT
from conveyor.server.openapi import INFER, INVOCATIONS, READ_PATHS, REFUSALS

from . import table

PREDICTIONS = {
    INVOCATIONS: "Predict, in MLflow's protocol",
    INFER: "Predict, in KServe's V2 protocol",
    INSPECT: "Gates and states of the network while it reads one row, which the page at `/` draws",
}


def write() -> str:
    """Return both tables, under headings."""
    rows = [["POST", f"`{path}`", text, needs_token(path)] for path, text in PREDICTIONS.items()]
    rows += [["GET", f"`{path}`", text, needs_token(path)] for path, text in READ_PATHS.items()]
    statuses = [[code, text] for code, text in REFUSALS.items()]
    paths = table(["method", "path", "answer", "token"], rows)
    return f"## Paths\n\n{paths}\n\n## Refusals\n\n{table(['status', 'when'], statuses)}"


def needs_token(path: str) -> str:
    """Return whether a server with a token asks for it at this path."""
    return "no" if path in OPEN_PATHS else "yes"
