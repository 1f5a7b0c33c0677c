"""The good rows of texts that odd files are made of."""

import io
import json
import zipfile
from typing import Any

from tests.badinput.harness import FileCase
from tests.data.making import TEXT

ROWS = [(f"words {i}", "yes" if i % 2 else "no") for i in range(40)]
CSV = "text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS)
LINES = [json.dumps({"text": text, "label": label}) for text, label in ROWS]
JSONL = "\n".join(LINES) + "\n"


def csv_with(*rows: str) -> str:
    """The table with more rows."""
    return CSV + "".join(f"{row}\n" for row in rows)


def jsonl_with(*rows: str) -> str:
    return JSONL + "".join(f"{row}\n" for row in rows)


def labelled(labels: list[str]) -> str:
    """Each label on two rows, in JSON lines."""
    return "".join(
        json.dumps({"text": f"words {i} {copy}", "label": label}) + "\n"
        for i, label in enumerate(labels)
        for copy in range(4)
    )


def zipped(content: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.csv", content)
    return file.getvalue()


def case(
    what: str, file: str, content: bytes | str, expected: str, code: int = 2, **changes: Any
) -> FileCase:
    return FileCase(what, file, content, expected, TEXT, code, changes)
