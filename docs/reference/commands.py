"""The help of each command, grouped by use."""

import ast
import os
from importlib import import_module

from conveyor.cli.commands import GROUPS, OTHER, OWN, SHORT
from conveyor.cli.project import find_scripts
from pipeline import make_parser

from . import ROOT

WIDTH = "100"  # columns of the help


def write() -> str:
    """Return a section for each command."""
    scripts = find_scripts(ROOT)
    named = {name for names in GROUPS.values() for name in names}
    groups = {**GROUPS, OTHER: tuple(sorted(scripts.keys() - named))}
    parts: list[str] = []
    for title, names in groups.items():
        described = [text for name in names if (text := describe(name, name in scripts))]
        if described:
            parts += [f"## {title}\n", *described]
    return "\n".join(parts)


def describe(name: str, is_script: bool) -> str:
    """Return the section of a command; nothing if the project has no such command."""
    if is_script:
        text = f"```text\n{help_text(name)}```\n"
    elif name in SHORT:
        full, sentence = SHORT[name]
        text = f"{sentence}: short for `conveyor {' '.join(full)}`.\n"
    elif name in OWN:
        text = f"{OWN[name]}. Only `conveyor` has it: it needs no project.\n"
    else:
        return ""
    return f"### {name}\n\n{text}"


def help_text(script: str) -> str:
    """Return what a script prints for --help.

    Options may stand in a module of their own, `_NAME_options.py`, since the script `train` would
    load TensorFlow; a script without options is not imported at all.
    """
    source = (ROOT / "pipeline" / f"{script}.py").read_text("utf-8")
    parser = make_parser(script, ast.get_docstring(ast.parse(source)))
    if "add_options" in source:
        own = f"_{script}_options"
        has_own = (ROOT / "pipeline" / f"{own}.py").is_file()
        import_module(f"pipeline.{own if has_own else script}").add_options(parser)
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = WIDTH  # which argparse reads
    try:
        return parser.format_help()
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
