"""Completes what is typed after `conveyor`, in bash, zsh and fish."""

from collections.abc import Sequence
from pathlib import Path

from conveyor.cli.commands import OWN, SHORT, expand
from conveyor.cli.project import (
    describe_script,
    find_actions,
    find_options,
    find_project,
    find_scripts,
)

TEMPLATES = Path(__file__).parent / "templates"
SHELLS = ("bash", "zsh", "fish")
CANDIDATES = "candidates"  # the action by which a shell asks
PROGRAM_OPTIONS = {"--help": "Describe the commands", "--version": "Print the version"}


def completion_script(shell: str) -> str:
    """Return the lines that a shell reads to complete the program's commands."""
    return (TEMPLATES / f"completion.{shell}").read_text("utf-8")


def describe_commands(root: Path | None) -> dict[str, str]:
    """Return the description of every command, in a project or outside of one, by name."""
    scripts = find_scripts(root) if root else {}
    own = {name: text for name, (full, text) in SHORT.items() if full[0] in scripts}
    return {name: describe_script(path) for name, path in scripts.items()} | own | OWN


def candidates(arguments: Sequence[str], folder: Path) -> dict[str, str]:
    """Return what the last word may become, with descriptions. Nothing: a file, if anything.

    Args:
        arguments: those after `conveyor`, up to the one under the cursor, which may be empty.
        folder: in which they are typed.
    """
    root, last = find_project(folder), arguments[-1]
    if len(arguments) == 1:
        results = describe_commands(root) | (PROGRAM_OPTIONS if last.startswith("-") else {})
    elif arguments[0] == "completion":
        results = dict.fromkeys(SHELLS if len(arguments) == 2 else (), "")
    else:
        typed = expand([*arguments])
        script = find_scripts(root).get(typed[0]) if root else None
        if last.startswith("-"):
            names = find_options(script) if script else ["--help"]
        else:  # an action is the second word
            names = find_actions(script) if script and len(typed) == 2 else []
        results = dict.fromkeys(names, "")
    return {name: text for name, text in results.items() if name.startswith(last)}
