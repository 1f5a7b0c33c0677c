"""What a model that was opened in Python can do, from the docstrings."""

import inspect
import re
from collections.abc import Callable

import conveyor
from conveyor.notebook.answers import AnswerList
from conveyor.notebook.explained_answer import ExplainedAnswer
from conveyor.notebook.file_scores import FileScores
from conveyor.notebook.gate_maps import GateMaps
from conveyor.notebook.opened_model import OpenedModel
from conveyor.notebook.registry_history import RegistryHistory

SECTION = re.compile(r"(Args|Attributes|Returns|Raises):")
ITEM = re.compile(r"(\w+): (.*)")
CLASSES = (OpenedModel, AnswerList, GateMaps, ExplainedAnswer, FileScores, RegistryHistory)


def write() -> str:
    """Return a part for `conveyor.open`, and one for each class with its public methods."""
    parts = ["## conveyor.open", *_describe(conveyor.open)]
    for each in CLASSES:
        parts += [f"## {each.__name__}", _format(inspect.getdoc(each) or "")]
        for name, member in vars(each).items():
            if name.startswith("_"):
                continue
            if isinstance(member, property):
                parts += [f"### {name}", _format(inspect.getdoc(member) or "")]
            elif inspect.isfunction(member):
                parts += [f"### {name}", *_describe(member)]
    return "\n\n".join(parts) + "\n"


def _describe(function: Callable[..., object]) -> list[str]:
    """Return how a function is called, and its docstring."""
    given = inspect.signature(function).parameters.values()
    parameters = [str(each.replace(annotation=each.empty)) for each in given]
    keywords = [each.kind is each.KEYWORD_ONLY for each in given]
    if any(keywords):
        parameters.insert(keywords.index(True), "*")
    names = [name for name in parameters if name != "self"]
    return [f"`{function.__name__}({', '.join(names)})`", _format(inspect.getdoc(function) or "")]


def _format(document: str) -> str:
    """Return a docstring as Markdown: its sections become lists."""
    lines: list[str] = []
    for line in document.splitlines():
        text, item = line.strip(), ITEM.match(line.strip())
        if SECTION.fullmatch(text):
            lines += [f"**{text}**", ""]
        elif item and line.startswith("    ") and not line.startswith("     "):
            lines.append(f"- `{item[1]}`: {item[2]}")
        else:
            lines.append(text)
    return "\n".join(lines)
