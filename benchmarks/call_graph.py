"""A static call graph of the project, from its source alone: nothing is imported.

A call is resolved through imports, constructors, annotations of arguments, fields and results, and
attributes that a method sets on `self`. A function passed as an argument counts as called there;
a nested function counts as a part of the one around it. The functions of a table are called where
the table is used, and a protocol's method stands for that of each class that has all its methods.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
WRAPPERS = ("Iterator", "Iterable", "Sequence", "Generator", "list", "tuple", "set", "frozenset",
            "Optional", "Annotated", "AbstractContextManager", "type")  # fmt: skip


@dataclass(frozen=True)
class Definition:
    """A function, a method or a class, under its full name."""

    name: str
    node: Function | ast.ClassDef
    module: "Module"
    owner: "Definition | None" = None  # the class of a method

    @cached_property
    def members(self) -> dict[str, "Definition"]:
        """Methods of a class by their name."""
        return {
            node.name: Definition(f"{self.name}.{node.name}", node, self.module, self)
            for node in self.node.body if isinstance(node, Function)
        }  # fmt: skip


@dataclass(frozen=True)
class Module:
    """A source file: what it imports and defines."""

    name: str
    path: Path
    tree: ast.Module = field(repr=False)

    @cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        return imports_of(self.tree)

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        return {
            node.name: Definition(f"{self.name}.{node.name}", node, self)
            for node in self.tree.body if isinstance(node, Function | ast.ClassDef)
        }  # fmt: skip

    @cached_property
    def unions(self) -> dict[str, ast.expr]:
        """Names of unions, such as `Encoder = TextEncoder | SeriesEncoder`."""
        return {
            node.targets[0].id: node.value
            for node in self.tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp)
            and isinstance(node.targets[0], ast.Name)
        }  # fmt: skip

    @cached_property
    def tables(self) -> dict[str, ast.expr]:
        """Names of tables, such as `METRICS = {"accuracy": accuracy}`."""
        tables = {}
        for node in self.tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(
                node.value, ast.Dict | ast.Tuple
            ):
                target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
                tables[getattr(target, "id", "")] = node.value
        return tables


@dataclass(frozen=True)
class Union:
    """A name of several classes."""

    value: ast.expr
    module: Module


Symbol = Module | Definition | Union


def imports_of(tree: ast.AST) -> dict[str, tuple[str, str]]:
    """What all imports below a node bind: a module, and a name in it (empty for the module)."""
    names: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.partition(".")[0]
                names[alias.asname or root] = (alias.name if alias.asname else root, "")
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names[alias.asname or alias.name] = (node.module or "", alias.name)
    return names


@dataclass(frozen=True)
class Project:
    """All modules below some folders, by their full names."""

    modules: dict[str, Module]

    @classmethod
    def read(cls, root: Path) -> "Project":
        """Parse src/conveyor and pipeline of a project folder."""
        modules = {}
        for base, package in ((root / "src", "conveyor"), (root, "pipeline")):
            for path in sorted((base / package).rglob("*.py")):
                dotted = path.relative_to(base).with_suffix("").as_posix().replace("/", ".")
                name = dotted.removesuffix(".__init__")
                modules[name] = Module(name, path, ast.parse(path.read_text()))
        return cls(modules)

    def lookup(self, module: str, name: str) -> "Symbol | None":
        """What a name means in a module, through re-exports; None outside the project."""
        holder = self.modules.get(module)
        if holder is None:
            return self.modules.get(f"{module}.{name}")
        if not name:
            return holder
        if name in holder.definitions:
            return holder.definitions[name]
        if name in holder.unions:
            return Union(holder.unions[name], holder)
        if name in holder.imports:
            return self.lookup(*holder.imports[name])
        return self.modules.get(f"{module}.{name}")

    def table(self, module: Module, name: str) -> tuple[ast.expr, Module] | None:
        """The table that a name means in a module, and the module that holds it."""
        if name in module.tables:
            return module.tables[name], module
        source, original = module.imports.get(name, ("", ""))
        return self.table(self.modules[source], original) if source in self.modules else None

    def member(self, owner: Definition, name: str) -> Definition | None:
        """A method of a class or of its bases."""
        if name in owner.members or not isinstance(owner.node, ast.ClassDef):
            return owner.members.get(name)
        for base in owner.node.bases:
            for parent in self.definitions(base, owner.module):
                if method := self.member(parent, name):
                    return method
        return None

    def resolve(self, node: ast.expr, module: Module) -> "Symbol | None":
        """What a dotted name means in a module."""
        if isinstance(node, ast.Name):
            return self.lookup(module.name, node.id)
        if not isinstance(node, ast.Attribute):
            return None
        base = self.resolve(node.value, module)
        if isinstance(base, Module):
            return self.lookup(base.name, node.attr)
        return self.member(base, node.attr) if isinstance(base, Definition) else None

    def definitions(self, annotation: ast.expr | None, module: Module) -> list[Definition]:
        """The project's classes that an annotation names, also inside `X | None` or `list[X]`."""
        definitions = []
        for name in names_in(annotation):
            symbol = self.resolve(name, module)
            if isinstance(symbol, Union):
                definitions += self.definitions(symbol.value, symbol.module)
            elif isinstance(symbol, Definition) and isinstance(symbol.node, ast.ClassDef):
                definitions += self.implementations(symbol) or [symbol]
        return definitions

    def implementations(self, protocol: Definition) -> list[Definition]:
        """The project's classes that have every method of a protocol; none for another class."""
        bases = getattr(protocol.node, "bases", [])
        if not any(getattr(base, "id", "") == "Protocol" for base in bases):
            return []
        definitions = [d for m in self.modules.values() for d in m.definitions.values()]
        return [
            d for d in definitions if d != protocol and protocol.members.keys() <= d.members.keys()
        ]


def names_in(annotation: ast.expr | None) -> Iterator[ast.expr]:
    """Dotted names of an annotation, from the left; of a subscript only those of wrappers."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        yield from names_in(ast.parse(annotation.value, mode="eval").body)
    elif isinstance(annotation, ast.BinOp):
        yield from names_in(annotation.left)
        yield from names_in(annotation.right)
    elif isinstance(annotation, ast.Tuple):
        for part in annotation.elts:
            yield from names_in(part)
    elif isinstance(annotation, ast.Subscript):
        name = annotation.value
        last = name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")
        yield from names_in(annotation.slice if last in WRAPPERS else name)
    elif annotation is not None:
        yield annotation
