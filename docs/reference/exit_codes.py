"""The table of the exit codes."""

from conveyor.errors import ExitCode

from . import table
from .comments import field_comments


def write() -> str:
    """Return the table."""
    comments = field_comments(ExitCode)
    names = {code: code.name.lower().replace("_", " ") for code in ExitCode}
    rows = [[str(code.value), f"`{names[code]}`", comments[code.name]] for code in ExitCode]
    return table(["code", "outcome", "meaning"], rows)
