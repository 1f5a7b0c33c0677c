"""One table in many dialects: equal digests, and what was taken is in the data report."""

import bz2
import csv
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making import TEXT, content, prepared

Rows = list[dict[str, Any]]
CODES = {**TEXT, "target": {"task": "classification", "column": "code"}}
REGRESSION = {**TEXT, "target": {"task": "regression", "columns": ["level"]}}
TRICKY = ["naïve Käse, süß; déjà", "NA", "null", "007", "1,50", 'say "hi", now', "a | b",
          "zwei\nZeilen", "; ; ;", "it's"]  # fmt: skip


def table(count: int = 40) -> Rows:
    """Texts that careless readers change, numbers, one of which is missing, and labels."""
    rows: Rows = [
        {"text": f"row {i}: {TRICKY[i % len(TRICKY)]}", "level": i / 4 - 3.5,
         "label": "ja" if i % 2 else "nein", "code": i % 2}
        for i in range(count)
    ]  # fmt: skip
    rows[1]["text"], rows[2]["text"], rows[3]["text"] = "NA", "null", "007"
    rows[5]["level"] = None
    return rows


def delimited(
    rows: Rows,
    delimiter: str = ",",
    decimal: str = ".",
    missing: str = "",
    quote: str = '"',
    escape: str | None = None,
) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, quotechar=quote, escapechar=escape,
                        doublequote=escape is None)  # fmt: skip
    writer.writerow(rows[0])
    for row in rows:
        level = missing if row["level"] is None else str(row["level"]).replace(".", decimal)
        writer.writerow([row["text"], level, row["label"], row["code"]])
    return file.getvalue()


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("inner.csv", data)
        archive.writestr("__MACOSX/._inner.csv", b"")
    return file.getvalue()


def excel(rows: Rows) -> bytes:
    file = io.BytesIO()
    with pd.ExcelWriter(file, engine="xlsxwriter") as writer:
        pd.DataFrame({"note": ["nothing here"]}).to_excel(writer, sheet_name="Notes", index=False)
        pd.DataFrame(rows).to_excel(writer, sheet_name="Daten", index=False)
    return file.getvalue()


def parquet(rows: Rows) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


def arrow(rows: Rows) -> bytes:
    file, whole = io.BytesIO(), pa.Table.from_pylist(rows)
    with pa.ipc.new_file(file, whole.schema) as writer:
        writer.write_table(whole)
    return file.getvalue()


def arff(rows: Rows) -> bytes:
    def quote(text: str) -> str:
        escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
        return f"'{escaped}'"

    lines = ["% a comment", "@RELATION mails", "@attribute text string", "@attribute level REAL",
             "@attribute 'label' {ja, nein}", "@attribute code integer", "", "@DATA"]  # fmt: skip
    for row in rows:
        level = "?" if row["level"] is None else row["level"]
        lines.append(f"{quote(row['text'])}, {level},{row['label']}, {row['code']}")
    return "\n".join(lines).encode()


def columns(rows: Rows) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def zstandard(data: bytes) -> bytes:
    return pa.compress(data, "zstd", asbytes=True)  # type: ignore[return-value]


# Name of the file, its bytes, and the settings of the source that `auto` does not cover.
Dialect = tuple[str, Callable[[Rows], bytes], dict[str, Any]]
GERMAN = {"decimal": ",", "missing": ["n/a"]}
DIALECTS: dict[str, Dialect] = {
    "comma": ("a.csv", lambda rows: delimited(rows).encode(), {}),
    "semicolon, latin-1, decimal comma, n/a": (
        "a.csv", lambda rows: delimited(rows, ";", ",", "n/a").encode("latin-1"), GERMAN),
    "comma, decimal comma in quotes": (
        "a.csv", lambda rows: delimited(rows, ",", ",").encode(), {"decimal": ","}),
    "tab, utf-16": ("a.csv", lambda rows: delimited(rows, "\t").encode("utf-16"), {}),
    "tab as a format": ("a.tsv", lambda rows: delimited(rows, "\t").encode(), {}),
    "pipe, utf-8-sig": ("a.csv", lambda rows: delimited(rows, "|").encode("utf-8-sig"), {}),
    "utf-16 without a mark": (
        "a.csv", lambda rows: delimited(rows, ";").encode("utf-16-le"), {}),
    "utf-32": ("a.csv", lambda rows: delimited(rows).encode("utf-32"), {}),
    "single quotes": ("a.csv", lambda rows: delimited(rows, quote="'").encode(), {"quote": "'"}),
    "escaped quotes": (
        "a.csv", lambda rows: delimited(rows, escape="\\").encode(), {"escape": "\\"}),
    "delimiter in the first line": (
        "a.csv", lambda rows: b"sep=^\r\n" + delimited(rows, "^").encode(), {}),
    "tab in the first line": (
        "a.csv", lambda rows: b'"sep=\t"\n' + delimited(rows, "\t").encode(), {}),
    "a rare delimiter": (
        "a.csv", lambda rows: delimited(rows, "^").encode("cp1252"), {"delimiter": "^"}),
    "gzip": ("a.csv.gz", lambda rows: gzip.compress(delimited(rows).encode()), {}),
    "gzip without the name": ("a.csv", lambda rows: gzip.compress(delimited(rows).encode()), {}),
    "bz2, latin-1": ("a.csv.bz2", lambda rows: bz2.compress(delimited(rows).encode("latin-1")), {}),
    "xz": ("a.csv.xz", lambda rows: lzma.compress(delimited(rows).encode("utf-16")), {}),
    "zstd": ("a.csv.zst", lambda rows: zstandard(delimited(rows).encode()), {}),
    "zip": ("a.csv.zip", lambda rows: zipped(delimited(rows, ";").encode("cp1252")), {}),
    "excel by name": ("a.xlsx", excel, {"sheet": "Daten"}),
    "excel by number": ("a.xlsx", excel, {"sheet": 2}),
    "json": ("a.json", lambda rows: json.dumps(rows).encode("utf-16"), {}),
    "json of columns": (
        "a.json", lambda rows: json.dumps(columns(rows), ensure_ascii=False).encode("latin-1"), {}),
    "json of pandas": ("a.json", lambda rows: pd.DataFrame(rows).to_json().encode(), {}),
    "jsonl, zip": ("a.jsonl.zip", lambda rows: zipped(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()), {}),
    "parquet": ("a.parquet", parquet, {}),
    "arrow": ("a.arrow", arrow, {}),
    "arff": ("a.arff", arff, {}),
}  # fmt: skip
FORMATS = {"xlsx": "excel"}


def read(folder: Path, dialect: Dialect, base: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    name, write, settings = dialect
    folder.mkdir(parents=True)
    (folder / name).write_bytes(write(table()))
    ending = name.split(".")[1]
    changes = {f"source__{key}": value for key, value in settings.items()}
    return prepared(folder, None, base, source__format=FORMATS.get(ending, ending),
                    source__files={"all": name}, **changes)  # fmt: skip


TASKS = {"numbers": REGRESSION, "words": TEXT, "codes": CODES}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The digests of the table as JSON lines, by the task."""
    rows: Dialect = ("a.jsonl", lambda rows: "".join(
        json.dumps(row) + "\n" for row in rows).encode(), {})  # fmt: skip
    root = tmp_path_factory.mktemp("jsonl")
    return {task: read(root / task, rows, base)[0].meta.digest for task, base in TASKS.items()}


@pytest.mark.parametrize("name", DIALECTS)
def test_a_table_is_the_same_in_each_dialect(
    tmp_path: Path, expected: dict[str, str], name: str
) -> None:
    stores = {task: read(tmp_path / task, DIALECTS[name], base) for task, base in TASKS.items()}
    assert {task: store.meta.digest for task, (store, _) in stores.items()} == expected
    assert stores["numbers"][1]["dropped"]["missing_target"]["rows"] == 1
    texts = {text for part in content(stores["words"][0]).values() for _, text, _ in part}
    assert texts == {row["text"] for row in table()}
