"""Files with a tag for each token or step become a data set for tagging."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from conveyor.paths import Paths
from conveyor.suggest.suggest import suggest

CITIES = ("Oslo", "Rome", "Paris", "Lima")
ROWS: list[tuple[list[str], list[str]]] = [
    ([f"no{i}", "fly", "to", CITIES[i % 4]], ["O", "O", "O", "B-city"]) for i in range(40)
]


def conll(path: Path) -> Path:
    blocks = ("\n".join(f"{a} X {b}" for a, b in zip(*row, strict=True)) for row in ROWS)
    path.with_suffix(".conll").write_text("\n\n".join(blocks))
    return path.with_suffix(".conll")


def lists(path: Path) -> Path:
    return lines(path, [{"id": i, "words": a, "ner": b} for i, (a, b) in enumerate(ROWS)])


def texts(path: Path) -> Path:
    return lines(path, [{"sentence": " ".join(a), "tags": " ".join(b)} for a, b in ROWS])


def steps(path: Path) -> Path:
    rows = [
        {"machine": f"m{i}", "t": t, "x": i + 0.1 * t, "state": "on" if t > i % 5 else "off"}
        for i in range(40) for t in range(8)
    ]  # fmt: skip
    return lines(path, rows)


def labels(path: Path) -> Path:
    rows = [
        {"text": " ".join(a), "topics": [CITIES[i % 4], "fly"]} for i, (a, _) in enumerate(ROWS)
    ]
    return lines(path, rows)


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.with_suffix(".jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path.with_suffix(".jsonl")


@pytest.mark.parametrize(
    ("write", "base", "columns", "target"),
    [
        (conll, "tokens", {"text": "column_1"}, {"task": "tagging", "column": "column_3"}),
        (lists, "tokens", {"text": "words"}, {"task": "tagging", "column": "ner"}),
        (texts, "tokens", {"text": "sentence"}, {"task": "tagging", "column": "tags"}),
        (steps, "series", {"long": {"id": "machine", "order": "t", "channels": ["x"]}},
         {"task": "tagging", "column": "state"}),
        (labels, "text", {"text": "text"}, {"task": "multilabel", "column": "topics"}),
    ],
)  # fmt: skip
def test_the_task_follows_from_the_file(
    project: Paths, tmp_path: Path, write: Callable[[Path], Path], base: str,
    columns: dict[str, Any], target: dict[str, Any],
) -> None:  # fmt: skip
    suggestion = suggest(project, [write(tmp_path / write.__name__)])
    [text, _] = suggestion.texts.values()
    values = yaml.safe_load(text)
    assert values["defaults"] == [f"base/{base}@_here_", "_self_"]
    assert (values["columns"], values["target"]) == (columns, target)
    assert "rows are read: " in text, suggestion.notes
