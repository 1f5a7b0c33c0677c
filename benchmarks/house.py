"""How the code reads, in numbers, and the identifiers that say nothing of what they hold."""

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

Function = ast.FunctionDef | ast.AsyncFunctionDef
LAYOUT = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
          tokenize.ENCODING, tokenize.ENDMARKER)  # fmt: skip
# Identifiers that are not allowed, each with what to write instead.
VOCABULARY = {
    "asked": "name the request: `request`, `question`, `requested`",
    "at": "name the position: `offset`, `index`, `time`, `path`",
    "every": "name the things: `rows`, `trials`, `all_stages`",
    "found": "name the result: `results`, `match`, `existing`",
    "given": "name the input: `args`, `value`, `override`",
    "heard": "name the message: `message`, `received`",
    "kept": "name what stays: `saved_path`, `remaining`, `selected`",
    "known": "name what exists: `existing`, `names`, `seen`",
    "made": "name the product: `created`, `model`, `folder`",
    "one": "name the item: `row`, `trial`, `item`",
    "shown": "name the output: `text`, `printed`, `displayed`",
    "some": "name the part: `batch`, `sample`, `subset`",
    "tell": "use a verb of the field: `report`, `notify`, `log`",
    "told": "name the message: `message`, `report`, `details`",
    "way": "name the method: `method`, `direction`, `mode`",
    "words": "name the text: `tokens`, `text`, `arguments`",
}


@dataclass
class House:
    """What was counted over all files of a project's src and pipeline."""

    code_lines: int = 0
    files: dict[str, int] = field(default_factory=dict)  # lines of each file
    bodies: list[int] = field(default_factory=list)  # lines of code of each function's body
    annotated: list[bool] = field(default_factory=list)  # for each function
    documented: list[bool] = field(default_factory=list)  # for each public function and class
    inner_imports: int = 0
    banned: int = 0

    @classmethod
    def of(cls, root: Path) -> "House":
        house = cls()
        for path in sorted([*root.glob("src/**/*.py"), *root.glob("pipeline/*.py")]):
            house.add(path.relative_to(root).as_posix(), path.read_text())
        return house

    def add(self, name: str, text: str) -> None:
        tree = ast.parse(text)
        code = code_lines(text, tree)
        self.code_lines += len(code)
        self.files[name] = len(text.splitlines())
        self.banned += len(list(banned_identifiers(tree)))
        self.inner_imports += len(inner_imports(tree))
        self.documented += [ast.get_docstring(d) is not None for d in public(tree)]
        for node in ast.walk(tree):
            if isinstance(node, Function):
                body = range(node.body[0].lineno, (node.end_lineno or 0) + 1)
                self.bodies.append(len(code & set(body)))
                self.annotated.append(is_annotated(node))

    def rows(self) -> dict[str, str]:
        """Each number as a text, under its name."""
        longest = max(self.files, key=lambda name: self.files[name])
        return {
            "lines of code": f"{self.code_lines:,}",
            "functions": f"{len(self.bodies):,}",
            "median body": f"{median(self.bodies):g} lines",
            "90th percentile of bodies": f"{quantiles(self.bodies, n=10)[-1]:g} lines",
            "longest body": f"{max(self.bodies)} lines",
            "longest file": f"{self.files[longest]} lines ({longest})",
            "annotated functions": share(self.annotated),
            "documented public functions and classes": share(self.documented),
            "imports inside functions": str(self.inner_imports),
            "banned identifiers": str(self.banned),
        }


def share(flags: list[bool]) -> str:
    return f"{100 * sum(flags) / len(flags):.1f} %"


def code_lines(text: str, tree: ast.Module) -> set[int]:
    """Numbers of the lines that hold code: no blank lines, comments or docstrings."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in LAYOUT:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree):
        if isinstance(node, Function | ast.ClassDef | ast.Module) and ast.get_docstring(node):
            docstring = node.body[0]
            lines.difference_update(range(docstring.lineno, (docstring.end_lineno or 0) + 1))
    return lines


def public(tree: ast.AST) -> Iterator[Function | ast.ClassDef]:
    """Functions, classes and methods whose names do not begin with an underscore."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node)


def is_annotated(function: Function) -> bool:
    """Whether the result and all arguments but `self` and `cls` have a type."""
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    untyped = [a.arg for a in arguments if a.annotation is None and a.arg not in ("self", "cls")]
    return function.returns is not None and not untyped


def inner_imports(tree: ast.AST) -> set[int]:
    """Lines of the imports inside functions."""
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    nodes = [node for function in functions for node in ast.walk(function)]
    return {node.lineno for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)}


def banned_identifiers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of each banned identifier that the code binds.

    Uses are not listed, since a library may have such names.
    """
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                pass
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                pass
            case ast.arg(arg=name) | ast.ClassDef(name=name) | ast.alias(asname=str(name)):
                pass
            case _:
                continue
        if name.strip("_").lower() in VOCABULARY:
            yield node.lineno, name
