"""The good series and numbers that odd files are made of."""

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from tests.badinput.harness import FileCase
from tests.data.making import SERIES, TEXT, machines

LONG: dict[str, Any] = {
    **SERIES,
    "columns": {**SERIES["columns"], "series": None,
                "long": {"id": "who", "order": "time", "channels": ["x"]}},
}  # fmt: skip
WIDE = {**SERIES, "columns": {**SERIES["columns"], "series": None, "wide": "t*"}}
REGRESSION = {**TEXT, "target": {"task": "regression", "columns": ["label"]}}
FORWARD = {"encoding__missing": "forward"}


def jsonl(*series: Any, label: Any = "state0", base: list[dict[str, Any]] | None = None) -> str:
    """Forty good series, and more."""
    rows = [
        *(machines() if base is None else base),
        *({"series": s, "label": label} for s in series),
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


def steps(*lines: str, times: Any = range(40)) -> str:
    """Ten series of four steps, in the long layout, and more lines."""
    rows = [f"m{i // 4},{time},{i}.5,{'ab'[i // 4 % 2]}" for i, time in enumerate(times)]
    return "\n".join(["who,time,x,label", *rows, *lines]) + "\n"


def parquet(table: pa.Table, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def mails(**columns: Any) -> pa.Table:
    texts = [f"words {i}" for i in range(40)]
    labels = [str(i % 2) for i in range(40)]
    return pa.table({"text": texts, "label": labels, **columns})


def series(
    what: str, content: bytes | str, expected: str, code: int = 2, **changes: Any
) -> FileCase:
    return FileCase(what, "a.jsonl", content, expected, SERIES, code, changes)


def long(what: str, content: str, expected: str, code: int = 2, **changes: Any) -> FileCase:
    return FileCase(what, "a.csv", content, expected, LONG, code, changes)


def wide(what: str, content: str, expected: str, code: int = 2, **changes: Any) -> FileCase:
    return FileCase(what, "a.csv", content, expected, WIDE, code, changes)


def binary(what: str, file: str, content: bytes, expected: str, code: int = 2) -> FileCase:
    return FileCase(what, file, content, expected, TEXT, code)


def number(what: str, cells: list[str], expected: str, code: int = 2) -> FileCase:
    rows = "".join(f"words {i};{cell}\n" for i, cell in enumerate(cells))
    return FileCase(what, "a.csv", "text;label\n" + rows, expected, REGRESSION, code)
