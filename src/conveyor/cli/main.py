"""The program `conveyor NAME`: runs `python -m pipeline.NAME` of the project it stands in.

Nothing here loads a library of the belt, so that --help and the tab key answer at once.
"""

import os
import shutil
import sys
import textwrap
from argparse import ArgumentParser
from collections.abc import Sequence
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from conveyor.cli.commands import GROUPS, OTHER, OWN, expand
from conveyor.cli.completion import (
    CANDIDATES,
    SHELLS,
    candidates,
    completion_script,
    describe_commands,
)
from conveyor.cli.project import TYPED_IN, find_project, find_scripts, require_project
from conveyor.environment import path_with_python
from conveyor.errors import ExitCode, InputError

INTRODUCTION = """usage: conveyor COMMAND [ARGUMENT ...]
       conveyor --help | --version

Runs a command of the project in whose folder, or below, it is typed: `conveyor NAME` is
`python -m pipeline.NAME` there. `conveyor COMMAND --help` describes a command."""
NO_PROJECT = "No project is here: `conveyor new FOLDER` makes one, which has the other commands."
NEXT = """{folder} is a project. To run it on its data, which come with it, and keep it in git:
  cd {folder}
  make
  git add -A && git commit -m "First run"
For your own data: conveyor describe --suggest FILE"""
UP_TO_DATE = "nothing to do: the project uses the installed version"


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run what the command line says; ends with the command's exit code."""
    typed = sys.argv[1:] if arguments is None else list(arguments)
    try:
        run(typed)
    except InputError as error:
        print(f"conveyor: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    sys.exit(0)


def run(typed: list[str]) -> None:
    """Run a command of the program, or replace this process with a script of the project.

    Raises:
        InputError: there is no such command, or no project here.
    """
    folder = Path.cwd()
    if not typed or typed[0] in ("-h", "--help", "help"):
        print(help_text(find_project(folder)))
        if not typed:
            sys.exit(ExitCode.INPUT_REFUSED)
    elif typed[0] in ("-V", "--version"):
        print(f"conveyor {version('conveyor')}")
    elif typed[0] in OWN:
        run_own(typed, folder)
    else:
        run_script_of(require_project(folder), expand(typed), folder)


def run_own(typed: list[str], folder: Path) -> None:
    if typed[:2] == ["completion", CANDIDATES]:  # a shell asks; the words may look like options
        for name, text in candidates(typed[2:] or [""], folder).items():
            print(f"{name}\t{text}")
        return
    name = typed[0]
    parser = ArgumentParser(f"conveyor {name}", description=f"{OWN[name]}.", allow_abbrev=False)
    if name == "completion":
        parser.add_argument("shell", choices=SHELLS)
        print(completion_script(parser.parse_args(typed[1:]).shell), end="")
        return
    from conveyor.cli.new import make_project, upgrade_project  # reads YAML, which takes its time

    if name == "new":
        parser.add_argument("folder", type=Path, metavar="FOLDER")
        folder = parser.parse_args(typed[1:]).folder
        make_project(folder)
        print(NEXT.format(folder=folder))
    else:
        parser.parse_args(typed[1:])
        print("\n".join(upgrade_project(require_project(folder)) or [UP_TO_DATE]))


def run_script_of(root: Path, typed: list[str], folder: Path) -> None:
    """Replace this process with `python -m pipeline.NAME` in the project's folder, so that signals
    and the exit code are the script's own."""
    name = typed[0]
    if name not in find_scripts(root):
        near = get_close_matches(name, describe_commands(root), n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise InputError(f"expected a command; got {name!r}. {hint}See conveyor --help")
    variables = {**os.environ, "PATH": path_with_python(), TYPED_IN: str(folder)}
    os.chdir(root)
    sys.stdout.flush()
    command = [sys.executable, "-m", f"pipeline.{name}", *typed[1:]]
    os.execve(sys.executable, command, variables)


def help_text(root: Path | None) -> str:
    """Return the commands, grouped by use, with the first sentence of each."""
    descriptions = describe_commands(root)
    named = {name for names in GROUPS.values() for name in names}
    groups = {**GROUPS, OTHER: tuple(sorted(descriptions.keys() - named))}
    width = max(map(len, descriptions)) + 4
    columns = min(shutil.get_terminal_size().columns, 100)
    lines = [INTRODUCTION]
    for title, names in groups.items():
        present = [name for name in names if name in descriptions]
        lines += [f"\n{title}:"] if present else []
        for name in present:
            lines += textwrap.wrap(descriptions[name], columns,
                                   initial_indent=f"  {name}".ljust(width),
                                   subsequent_indent=" " * width)  # fmt: skip
    return "\n".join(lines if root else [*lines, "", NO_PROJECT])
