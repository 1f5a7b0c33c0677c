"""A reader's walk through a stage: depth first, calls in source order, each function once."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from call_graph import Definition, Function, Module, Project

UNCOUNTED = ("errors", "paths", "files")  # helpers that every room uses


class Scope:
    """What the names of one function mean: its imports and the classes of its variables."""

    def __init__(self, project: Project, module: Module, function: Definition | None) -> None:
        self.project, self.module, self.function = project, module, function
        self.variables: dict[str, list[Definition]] = {}
        if function and isinstance(function.node, Function):
            arguments = function.node.args
            names = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            for argument in names:
                self.bind(argument.arg, project.definitions(argument.annotation, module))
            if function.owner and names:
                self.bind(names[0].arg, [function.owner])

    def bind(self, name: str, definitions: list[Definition]) -> None:
        if definitions:
            self.variables[name] = definitions

    def bind_target(self, target: ast.expr | None, definitions: list[Definition]) -> None:
        """Bind the name of an assignment; of several names, each to the same classes."""
        for node in ast.walk(target) if target else ():
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self.bind(node.id, definitions)

    def definitions(self, node: ast.expr | None) -> list[Definition]:
        """The classes that an expression's value, or its elements, may have."""
        match node:
            case ast.Name():
                return self.variables.get(node.id, [])
            case ast.IfExp():
                return self.definitions(node.body) or self.definitions(node.orelse)
            case ast.BoolOp():
                return next(filter(None, map(self.definitions, node.values)), [])
            case ast.Attribute():
                owners = self.definitions(node.value)
                return [c for owner in owners for c in self.of_attribute(owner, node.attr)]
            case ast.Subscript() | ast.Await() | ast.Starred() | ast.NamedExpr():
                return self.definitions(node.value)
            case ast.Call():
                return [c for callee in self.callees(node.func) for c in self.of_result(callee)]
        return []

    def of_result(self, callee: Definition) -> list[Definition]:
        if isinstance(callee.node, ast.ClassDef):
            return [callee]
        returned = self.project.definitions(callee.node.returns, callee.module)
        own = getattr(callee.node.returns, "id", "") == "Self"
        return [callee.owner] if own and callee.owner else returned

    def of_attribute(self, owner: Definition, name: str) -> list[Definition]:
        """The classes of a property, a field, or of what the constructor sets on `self`."""
        method = self.project.member(owner, name)
        if method:
            return self.of_result(method)
        for node in ast.walk(owner.node):
            if isinstance(node, ast.AnnAssign) and is_field(node.target, name):
                return self.project.definitions(node.annotation, owner.module)
        constructor = owner.members.get("__init__")
        if constructor and constructor is not self.function:  # which may set it by itself
            for node in ast.walk(constructor.node):
                for target, value in assignments(node):
                    if is_field(target, name):
                        return Scope(self.project, owner.module, constructor).definitions(value)
        return []

    def callees(self, node: ast.expr) -> list[Definition]:
        """The functions, methods or classes that an expression names."""
        if isinstance(node, ast.Name) and node.id in self.variables:
            return self._members(self.variables[node.id], "__call__")
        if isinstance(node, ast.Attribute) and (owners := self.definitions(node.value)):
            return self._members(owners, node.attr)
        definition = self.project.resolve(node, self.module)
        return [definition] if isinstance(definition, Definition) else []

    def _members(self, owners: list[Definition], name: str) -> list[Definition]:
        members = (self.project.member(owner, name) for owner in owners)
        return [member for member in members if member]


def assignments(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """Targets of an assignment with their values; `a, b = x, y` is two."""
    match node:
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
            return list(zip(targets, values, strict=False))
        case ast.Assign():
            return [(target, node.value) for target in node.targets]
    return []


def is_field(target: ast.expr, name: str) -> bool:
    """Whether an assignment's target is `name` of a class's body or `self.name`."""
    if isinstance(target, ast.Attribute):
        return target.attr == name and isinstance(target.value, ast.Name)
    return isinstance(target, ast.Name) and target.id == name


@dataclass(frozen=True)
class Step:
    """One function on the walk: how deep it was called, and its room if the walk enters one."""

    name: str
    depth: int
    entered: str  # the room; empty where the walk stays in a room, or is in none
    returns: bool  # whether the room was left before


@dataclass
class Walk:
    """The walk of one script, from its `__main__` block."""

    project: Project
    steps: list[Step] = field(default_factory=list)
    visited: set[str] = field(default_factory=set)
    rooms: set[str] = field(default_factory=set)  # those entered so far
    room: str = ""  # where the reader is

    @classmethod
    def of(cls, project: Project, script: str) -> "Walk":
        walk, module = cls(project), project.modules[f"pipeline.{script}"]
        scope = Scope(project, module, None)
        for statement in module.tree.body:
            if isinstance(statement, ast.If):
                walk._read(statement, scope, module, 0)
        return walk

    @property
    def returns(self) -> int:
        """How often the walk enters a room that it has left before."""
        return sum(step.returns for step in self.steps)

    def _visit(self, function: Definition, depth: int) -> None:
        """Read a function once; a class is read by its constructor."""
        if isinstance(function.node, ast.ClassDef):
            for name in ("__init__", "__post_init__", "__enter__", "__exit__"):
                if method := self.project.member(function, name):
                    self._visit(method, depth)
        elif function.name not in self.visited:
            self.visited.add(function.name)
            self._enter(function, depth)
            scope = Scope(self.project, function.module, function)
            for statement in function.node.body:
                self._read(statement, scope, function.module, depth + 1)

    def _enter(self, function: Definition, depth: int) -> None:
        room = room_of(function.module.name)
        entered = room if room != self.room else ""
        self.steps.append(Step(function.name, depth, entered, entered in self.rooms))
        if entered:
            self.room = entered
            self.rooms.add(entered)

    def _read(self, statement: ast.stmt, scope: Scope, module: Module, depth: int) -> None:
        """Follow the calls of a statement in source order, and bind its variables."""
        for node in in_order(statement):
            match node:
                case ast.Assign():
                    for target, value in assignments(node):
                        scope.bind_target(target, scope.definitions(value))
                case ast.AnnAssign():
                    definitions = scope.project.definitions(node.annotation, module)
                    scope.bind_target(node.target, definitions or scope.definitions(node.value))
                case ast.For() | ast.comprehension():
                    scope.bind_target(node.target, scope.definitions(node.iter))
                case ast.withitem():
                    scope.bind_target(node.optional_vars, scope.definitions(node.context_expr))
                case ast.Call():
                    references = [node.func, *node.args, *(k.value for k in node.keywords)]
                    for reference in references:
                        for callee in scope.callees(reference):
                            self._visit(callee, depth)
                case ast.Attribute(ctx=ast.Load()):
                    for callee in filter(is_property, scope.callees(node)):
                        self._visit(callee, depth)
                case ast.Name(ctx=ast.Load()):
                    self._read_table(node.id, module, depth)

    def _read_table(self, name: str, module: Module, depth: int) -> None:
        """Visit the functions that the rows of a table name."""
        table, holder = self.project.table(module, name) or (None, module)
        for node in ast.walk(table) if table else ():
            definition = self.project.resolve(node, holder) if isinstance(node, ast.expr) else None
            if isinstance(definition, Definition):
                self._visit(definition, depth)


def is_property(function: Definition) -> bool:
    names = {getattr(d, "id", getattr(d, "attr", "")) for d in function.node.decorator_list}
    return bool(names & {"property", "cached_property"})


def in_order(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below one in the order of the source; bindings behind what they are bound to."""
    if isinstance(node, ast.Call):  # `a().b()` calls a first, `b(a())` shows b first
        yield from in_order(node.func)
        yield node
        children = [*node.args, *node.keywords]
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.withitem):
        for child in ast.iter_child_nodes(node):
            yield from in_order(child)
        yield node
        return
    else:
        yield node
        children = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            children.sort(key=lambda child: not isinstance(child, ast.comprehension))
    for child in children:
        yield from in_order(child)


def room_of(module: str) -> str:
    """The top-level folder of src/conveyor; empty for scripts and what is not counted."""
    package, *rest = module.split(".")
    room = rest[0] if package == "conveyor" and rest else ""
    return "" if room in UNCOUNTED else room
