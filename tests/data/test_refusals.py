"""What cannot be read is refused with the file, and the option or the edit that mends it."""

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from making import SERIES, TEXT, mails, prepared

from conveyor.errors import DataError

REGRESSION = {**TEXT, "target": {"task": "regression", "columns": ["label"]}}
LONG = {
    **SERIES,
    "columns": {**SERIES["columns"], "series": None,
                "long": {"id": "who", "order": "time", "channels": ["x"]}},
}  # fmt: skip
ROWS = [f"words {i}" for i in range(40)]
TABLE = "text,label\n" + "".join(f"{text},{i % 2}\n" for i, text in enumerate(ROWS))
NUMBERS = "text;label\n" + "".join(f"{text};{i},5\n" for i, text in enumerate(ROWS))
STEPS = "who,time,x,label\n" + "".join(f"m{i // 4},{i},{i}.5,a\n" for i in range(40))


def excel(*names: str, title: str | None = None) -> bytes:
    file = io.BytesIO()
    with pd.ExcelWriter(file, engine="xlsxwriter") as writer:
        for name in names:
            start = 0 if title is None else 2
            pd.DataFrame(mails()).to_excel(writer, sheet_name=name, index=False, startrow=start)
            if title is not None:
                writer.sheets[name].write(0, 0, title)
    return file.getvalue()


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, TABLE)
    return file.getvalue()


def with_line(table: str, number: int, line: str) -> bytes:
    lines = table.splitlines(keepends=True)
    lines[number] = line
    return "".join(lines).encode()


# What is wrong: the file, its bytes, settings of the source, and what the message says. The first
# words of the message are the file's path.
Refusal = tuple[str, bytes, dict[str, Any], str]
TABLES: dict[str, Refusal] = {
    "another encoding": (
        "a.csv", TABLE.replace("words 3", "wörds 3").encode("latin-1"), {"encoding": "utf-8"},
        r": expected text in utf-8; .* Set dataset.source.encoding to auto"),
    "another encoding of two bytes": (
        "a.csv", TABLE.encode(), {"encoding": "utf-16"},
        r": expected text in utf-16; .* Set dataset.source.encoding to auto"),
    "an encoding that only a later row betrays": (
        "a.jsonl", json.dumps({"text": "süß"}, ensure_ascii=False).encode("cp1252"),
        {"encoding": "ascii"}, r": expected text in ascii; .* Set dataset.source.encoding to auto"),
    "UTF-8 with one other byte": (
        "a.csv", TABLE.replace("words", "wörds").encode() + b"w\xf6rds,1\n", {},
        r", line 42: expected UTF-8, as in the other lines; .* set dataset.source.encoding"),
    "another delimiter": (
        "a.csv", TABLE.replace(",", ";").encode(), {"delimiter": ","},
        r": expected a column 'text'; got columns 'text;label'. .* set dataset.source.delimiter"),
    "a rare delimiter": (
        "a.csv", TABLE.replace(",", "^").encode(), {},
        r": expected a column 'text'; got columns 'text\^label'. .* set dataset.source.delimiter"),
    "two delimiters that fit": (
        "a.csv", b"a,b;c,d\n" + b"1,2;3,4\n" * 9, {},
        r": expected one delimiter .* got ',', ';'.* Set dataset.source.delimiter"),
    "no delimiter that fits": (
        "a.csv", b"Report, for you\n\ntext;label\n" + b"a, b, c;1\n" * 9, {},
        r": .* got 2 fields in the header and 1 in row 1 with ','. Set dataset.source.delimiter"),
    "a row of more fields": (
        "a.csv", with_line(TABLE, 17, "words, and more,1\n"), {},
        r", row 17: expected 2 fields, .* got 3: 'words, and more,1'. Change the row. Or set "
        r"dataset.source.delimiter, and dataset.source.quote"),
    "a row of more fields, and the null of MySQL": (
        "a.csv", with_line(TABLE, 17, "\\N,more,1\n"), {"escape": "\\"},
        r", row 17: expected 2 fields, .* got 3: '\\\\N,more,1'. Change the row."),
    "a quotation mark that takes rows": (
        "a.csv", with_line(TABLE, 17, '"words,1\n').replace(b"words 30", b'"words 30'), {},
        r", line \d+: expected quoted fields .* set dataset.source.quote to null"),
    "a quotation mark that takes the rest": (
        "a.csv", with_line(TABLE, 17, 'words,"1\n'), {},
        r", line \d+: expected quoted fields .* set dataset.source.quote to null"),
    "a quotation mark within a field": (
        "a.csv", with_line(TABLE, 17, '"words" they said,1\n'), {},
        r", line 18: expected quoted fields .* set dataset.source.quote to null"),
    "a quotation mark after a line that names the delimiter": (
        "a.csv", b"sep=,\n" + with_line(TABLE, 17, '"words" they said,1\n'), {},
        r", line 19: expected quoted fields .* or dataset.source.escape"),
    "a title above the header": (
        "a.csv", ("Mails of May\n" + TABLE).encode(), {"delimiter": ","},
        r": expected a column 'text'; .* delete the lines above the header"),
    "a title above the header, and no delimiter told": (
        "a.csv", ("Mails of May\n" + TABLE).encode(), {},
        r": expected a column 'text'; .* delete the lines above the header"),
    "a title with empty cells above the header": (
        "a.csv", ("Mails of May,,\n" + TABLE.replace("\n", ",1\n")).encode(), {},
        r": expected a header of distinct columns; .* delete the lines above the header"),
    "a title with one empty cell above the header": (
        "a.csv", ("Mails of May,\n" + TABLE).encode(), {},
        r": expected a column 'text'; .* delete the lines above the header"),
    "two columns of one name": (
        "a.csv", b"text,text\n1,2\n", {}, r": expected a header of distinct columns"),
    "JSON as CSV": (
        "a.csv", json.dumps(mails()).encode(), {},
        r": expected delimited text; got JSON: .* Set dataset.source.format to json"),
    "Excel as CSV": (
        "a.csv", excel("Mails"), {}, r": expected text; got an Excel file. Set dataset.source"),
    "Parquet as JSON lines, compressed": (
        "a.jsonl", gzip.compress(b"PAR1"), {},
        r": expected text; got a file of format parquet. Set dataset.source.format"),
    "JSON without rows": ("a.json", b"[]", {}, r": expected objects; got none"),
    "an empty file": ("a.csv", b"", {}, r": expected a header line; got an empty file"),
    "a header alone": ("a.csv", b"text,label\n", {}, r": expected rows; got none"),
    "no compression": (
        "a.csv", TABLE.encode(), {"compression": "gzip"},
        r": expected a file that is compressed with gzip; .* Set dataset.source.compression to auto"
    ),
    "a name of another compression": (
        "a.csv.gz", TABLE.encode(), {},
        r": expected a file that is compressed with gzip; .* Set dataset.source.compression to none"
    ),
    "half of a compressed file": (
        "a.csv.gz", gzip.compress(TABLE.encode())[:100], {},
        r": expected a whole file compressed with gzip; .* Change the file"),
    "two files in a zip archive": (
        "a.csv.zip", zipped("b.csv", "c.csv"), {},
        r": expected one file in the zip archive; got 2 \(b.csv, c.csv\). Unpack it"),
    "a compressed Parquet file": (
        "a.parquet", gzip.compress(b"PAR1"), {},
        r": expected a parquet file as it is; got compression gzip. Unpack it"),
    "a title above the header of a sheet": (
        "a.xlsx", excel("Mails", title="Mails of May"), {},
        r": expected a column 'text'; .* delete the lines above the header"),
    "no such sheet": (
        "a.xlsx", excel("Mails"), {"sheet": "Mail"},
        r": expected a sheet 'Mail'; got 1: 'Mails'. Set dataset.source.sheet"),
    "no sheet of this number": (
        "a.xlsx", excel("Mails"), {"sheet": 0}, r": expected a sheet 0; got 1: 'Mails'. Set data"),
    "several sheets": (
        "a.xlsx", excel("Mails", "More"), {},
        r": expected one sheet with cells; got 1: 'Mails', 2: 'More'. Set dataset.source.sheet"),
    "no workbook": ("a.xlsx", b"text,label", {}, r": expected excel; .* or dataset.source.format"),
    "lines as one JSON value": (
        "a.json", b'{"text": 1}\n{"text": 2}\n', {},
        r": .* got Extra data: .* Set dataset.source.format to jsonl"),
    "half of an array": (
        "a.json", b'[{"text": 1, "label": 2}, {"te', {}, r": .* got Unterminated string"),
    "two arrays": (
        "a.json", b'[{"text": 1, "label": 2}]\n[{"text": 2}]', {},
        r": .* got more text after the array: '\["),
    "JSON of one value": (
        "a.json", b"3", {}, r": expected an array of objects, or an .* got a value of type int"),
    "JSON of rows under a name": (
        "a.json", b'{"data": [1], "n": 3}', {}, r": .* got the keys \['data', 'n'\]"),
    "no such column": (
        "a.json", b'[{"words": 1}]', {},
        r": expected a column 'text'; got columns 'words'. Change dataset.columns, or "),
    "columns of unequal length": (
        "a.json", b'{"text": ["a"], "label": [1, 2]}', {},
        r": expected .* got columns of lengths \{'text': 1, 'label': 2\}"),
    "an array of no objects": (
        "a.json", b"[1, 2]", {}, r": expected an array of .* got a row that is no object: '1'"),
    "ARFF without rows": (
        "a.arff", b"@attribute text string\n", {}, r": expected a line @data; got none"),
    "ARFF of other lines": (
        "a.arff", b"text,label\n", {}, r", line 1: expected @attribute NAME TYPE or @data"),
    "ARFF with a short row": (
        "a.arff", b"@attribute text string\n@attribute label {a}\n@data\n'x',a\n'y'\n", {},
        r", line 5: expected a value of each of 2 attributes; got 1 values"),
    "a sparse ARFF": (
        "a.arff", b"@attribute text string\n@attribute label {a}\n@data\n{0 x}\n", {},
        r", line 4: .* got a sparse row"),
    "a file as a folder": (
        "a.folder", TABLE.encode(), {}, r": expected a folder, since dataset.source.format"),
}  # fmt: skip
TARGETS: dict[str, Refusal] = {
    "decimal commas": (
        "a.csv", NUMBERS.encode(), {},
        r", row 1: column 'label': .* got '0,5'. If ',' is the decimal sign, set "
        r"dataset.source.decimal to it"),
    "decimal points": (
        "a.csv", with_line(NUMBERS, 3, "words;2.5\n"), {"decimal": ","},
        r", row 3: column 'label': .* got '2.5'. If '.' is the decimal sign, set dataset.source"),
    "separators of thousands": (
        "a.csv", with_line(NUMBERS, 3, "words;1.002,5\n"), {"decimal": ","},
        r", row 3: column 'label': .* got '1.002,5'. Remove separators of thousands"),
    "spaces between thousands": (
        "a.csv", with_line(NUMBERS, 3, "words;1 002,5\n"), {"decimal": ","},
        r", row 3: column 'label': .* got '1 002,5'. Remove separators of thousands"),
    "words for missing numbers": (
        "a.csv", NUMBERS.replace("1,5", "n/a").encode(), {"decimal": ","},
        r"dataset.checks.max_dropped_share: .* unknown_target.* dataset.source.missing"),
}  # fmt: skip
CHANNELS: dict[str, Refusal] = {
    "a channel with decimal commas": (
        "a.csv", STEPS.replace(",", ";").replace(".5", ",5").encode(), {},
        r", row 1: column 'x': .* got '0,5'. If ',' is the decimal sign, set dataset.source.decim"),
    "a channel with a word for missing numbers": (
        "a.csv", with_line(STEPS, 5, "m1,4,n/a,a\n"), {},
        r", row 5: column 'x': expected a number; got 'n/a'. .* in dataset.source.missing"),
}  # fmt: skip
CASES = [
    pytest.param(base, *case, id=name)
    for base, cases in ((TEXT, TABLES), (REGRESSION, TARGETS), (LONG, CHANNELS))
    for name, case in cases.items()
]


@pytest.mark.parametrize(("base", "name", "content", "settings", "message"), CASES)
def test_what_cannot_be_read_is_refused_with_a_way_out(
    tmp_path: Path, base: dict[str, Any], name: str, content: bytes, settings: dict[str, Any],
    message: str,
) -> None:  # fmt: skip
    (tmp_path / name).write_bytes(content)
    ending = {"xlsx": "excel"}.get(name.split(".")[1], name.split(".")[1])
    changes = {f"source__{key}": value for key, value in settings.items()}
    place = "" if message.startswith("dataset.") else rf"^{tmp_path}/{name}"
    with pytest.raises(DataError, match=place + message):
        prepared(tmp_path, None, base, source__format=ending, source__files={"all": name},
                 checks__max_dropped_share=0.05, **changes)  # fmt: skip
    assert not (tmp_path / "prepared").exists()
