"""The comments of a class's fields, which say what a setting is."""

import ast
import inspect
import io
import textwrap
import tokenize
from enum import EnumType

TOOLS = ("fmt:", "noqa", "type:", "pyright:")  # comments for programs


def field_comments(owner: type) -> dict[str, str]:
    """Return the comment of each field of a class, those of its base classes included.

    A comment stands at the end of the field's line, or in the lines above it. Fields are annotated
    names, or the members of an enumeration.
    """
    comments: dict[str, str] = {}
    for base in reversed(owner.__mro__):
        if base is owner or (hasattr(base, "model_fields") and base.__name__ != "BaseModel"):
            comments |= _own_comments(base)
    return comments


def _own_comments(owner: type) -> dict[str, str]:
    source = textwrap.dedent(inspect.getsource(owner))
    lines = source.splitlines()
    ends: dict[int, str] = {}  # line -> comment after code
    alone: dict[int, str] = {}  # line -> comment without code
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        text = token.string.lstrip("# ")
        if token.type == tokenize.COMMENT and not text.startswith(TOOLS):
            is_alone = lines[token.start[0] - 1].lstrip().startswith("#")
            (alone if is_alone else ends)[token.start[0]] = text
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.ClassDef)
    comments = {}
    for node in definition.body:
        name = _field_name(node, is_enumeration=isinstance(owner, EnumType))
        if name is None:
            continue
        above = node.lineno - 1
        while above in alone:
            above -= 1
        texts = [alone[line] for line in range(above + 1, node.lineno)]
        texts += [ends[line] for line in range(node.lineno, (node.end_lineno or 0) + 1)
                  if line in ends]  # fmt: skip
        if texts:
            comments[name] = " ".join(texts)
    return comments


def _field_name(node: ast.stmt, *, is_enumeration: bool) -> str | None:
    match node:
        case ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) if is_enumeration:
            return name
    return None
