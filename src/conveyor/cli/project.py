"""Finds the project that a command is for, and the commands that it has."""

import ast
import re
from pathlib import Path

from conveyor.errors import InputError

MARKS = ("dvc.yaml", "pipeline/__init__.py")  # files that every project has
# The variable that tells a script, which starts in the project's folder, where it was typed.
TYPED_IN = "CONVEYOR_TYPED_IN"
OPTION = re.compile(r"--[a-z][a-z-]*")


def find_project(folder: Path) -> Path | None:
    """Return the project around a folder; None outside of one."""
    for root in (folder, *folder.parents):
        if all((root / mark).is_file() for mark in MARKS):
            return root
    return None


def require_project(folder: Path) -> Path:
    """Return the project around a folder.

    Raises:
        InputError: there is none.
    """
    root = find_project(folder)
    if root is None:
        raise InputError(
            f"{folder}: expected a project here or above, a folder with {' and '.join(MARKS)}; got "
            "none. Change to one, or make one: conveyor new FOLDER"
        )
    return root


def find_scripts(root: Path) -> dict[str, Path]:
    """Return the scripts of a project, by command."""
    return {path.stem: path for path in sorted((root / "pipeline").glob("[a-z]*.py"))}


def describe_script(path: Path) -> str:
    """Return the first sentence of a script's docstring, without its last stop or colon.

    The script is not imported, since some load TensorFlow.
    """
    text = " ".join((ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split())
    return re.split(r"\. |[.:]$", re.sub(r"^Stage `\w+`: ", "", text), maxsplit=1)[0]


def find_actions(path: Path) -> list[str]:
    """Return the actions that a script's docstring shows behind its name, as in `promote history`.

    The script is not imported.
    """
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    pattern = rf"^ +(?:python -m pipeline\.)?{path.stem} ([a-z]+)\b"
    return sorted(set(re.findall(pattern, text, re.MULTILINE)))


def find_options(path: Path) -> list[str]:
    """Return the options that a script's text names, and --help. The script is not imported."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
    return sorted({"--help"} | {t for t in texts if isinstance(t, str) and OPTION.fullmatch(t)})
