"""What readers take from files: encodings, sheets, ARFF, nulls, names of classes."""

import csv
import gzip
import io
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import datasets
import pandas as pd
import pytest
from making import SERIES, TEXT, content, mails, prepared, write
from opening import open_one, source, table

from conveyor.data.cells import is_missing
from conveyor.data.null_marks import MARK, mark_nulls
from conveyor.data.report import say_files
from conveyor.data.text_file import CHUNK, open_text_file
from conveyor.errors import DataError

PANGRAMS = {
    "cp1252": "Grüße aus Köln; où est Noël? El niño está aquí, 5 €",
    "cp1250": "Zażółć gęślą jaźń, wszędzie łąka i źdźbło",
    "cp1251": "Съешь же ещё этих мягких французских булок, да выпей чаю",
    "koi8_r": "Съешь же ещё этих мягких французских булок, да выпей чаю",
    "cp1253": "Αυτό είναι ένα ελληνικό κείμενο για δοκιμή",
    "cp932": "これは日本語のテキストです。文字コードを検出します。",
    "gb18030": "这是中文文本,用于检测编码。今天天气很好",
    "big5": "這是中文文本,用於檢測編碼。今天天氣很好",
    "cp949": "이것은 한국어 텍스트입니다. 안녕하세요",
}


@pytest.mark.parametrize("encoding", PANGRAMS)
def test_an_encoding_is_found_by_the_text(tmp_path: Path, encoding: str) -> None:
    text = PANGRAMS[encoding]
    path = tmp_path / "a.txt"
    path.write_bytes((f"plain text, {text}\n" + "more plain text\n" * 99).encode(encoding))
    file = open_text_file(source(), path)
    assert (file.encoding, file.is_guess, file.lines) == (encoding, True, 100)
    with file.open_text() as lines:
        assert lines.readline() == f"plain text, {text}\n"


@pytest.mark.parametrize("before", [0, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_all_bytes_decide_on_utf8(tmp_path: Path, before: int) -> None:
    path = tmp_path / "a.txt"
    for encoding, expected in (("utf-8", "utf-8"), ("latin-1", "cp1252")):
        path.write_bytes(b"x" * before + "é\n".encode(encoding))
        assert open_text_file(source(), path).encoding == expected
    path.write_bytes(b"x" * before + "é".encode()[:1])
    assert open_text_file(source(), path).encoding == "cp1252"


def test_a_western_text_of_few_letters_is_cp1252(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for text in ("Müller", "naïve", "déjà vu", "20 °C ± 5 µm", "ÄÖÜ", "£5", "“quoted” – text", "½",
                 "10 €", "«Oui»", "©2020 ®", "¿?"):  # fmt: skip
        path.write_bytes(text.encode("cp1252"))
        assert open_text_file(source(), path).encoding == "cp1252", text


def test_the_report_says_how_each_file_was_read(tmp_path: Path) -> None:
    rows = mails()
    lines = [f"{row['text']};{row['label']};ü\n" for row in rows]
    lines[3] = "cut off;ham\n"
    (tmp_path / "a.csv").write_bytes(("text;label;more\n" + "".join(lines[:10])).encode("latin-1"))
    for name in ("b", "c"):  # the columns of another order, and two files of one dialect
        with gzip.open(tmp_path / f"{name}.csv.gz", "wt") as file:
            writer = csv.DictWriter(file, ["label", "more", "text"], lineterminator="\n")
            writer.writeheader()
            writer.writerows({**row, "more": ""} for row in rows[10 if name == "b" else 25 :][:15])
    store, report = prepared(
        tmp_path, None, TEXT, source__format="csv", source__files={"all": ["a.csv", "*.gz"]}
    )
    latin = {"delimiter": ";", "encoding": "cp1252", "compression": "none",
             "encoding_is_guess": True}  # fmt: skip
    plain = {"delimiter": ",", "encoding": "utf-8", "compression": "gzip"}
    assert report["files"] == [
        {"part": "all", "first": "a.csv", "files": 1, **latin, "short_rows": 1},
        {"part": "all", "first": "b.csv.gz", "files": 2, **plain, "short_rows": 0},
    ]
    first, second = say_files(report)
    assert first == (
        "a.csv: part 'all', delimiter ';', encoding 'cp1252', compression 'none', short rows 1; "
        "the encoding is a guess: if letters are wrong, set dataset.source.encoding"
    )
    assert second.startswith("b.csv.gz and 1 more files: part 'all', delimiter ','")
    texts = {text for part in content(store).values() for _, text, _ in part}
    assert texts == {row["text"] for row in rows} - {rows[3]["text"]} | {"cut off"}


def test_a_file_without_a_column_of_the_first_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\nx,a\n")
    (tmp_path / "b.csv").write_text("text,team\nx,a\n")
    with pytest.raises(DataError, match=r"b.csv: expected columns 'label', as in .*a.csv; got"):
        prepared(tmp_path, None, TEXT, source__format="csv", source__files={"all": "*.csv"})


def test_a_quoted_field_may_be_longer_than_what_decides_on_the_delimiter(tmp_path: Path) -> None:
    rows = [{"text": "line; of, words\n" * 40_000, "label": "a"}, {"text": "x", "label": "b"}]
    with (tmp_path / "a.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["text", "label"])
        writer.writeheader()
        writer.writerows(rows)
    assert table(open_one(tmp_path / "a.csv", "csv")) == rows


def test_a_sheet_keeps_numbers_times_and_texts(tmp_path: Path) -> None:
    times = [datetime(2024, 1, 31, 9, 5), datetime(2024, 2, 1)]
    frame = pd.DataFrame({
        "number": [1, None], "share": [0.5, 2], "mixed": [7, "007"], "time": times,
        "day": [date(2024, 1, 31), date(2024, 2, 1)], "truth": [True, False], "text": ["", "NA"],
    })  # fmt: skip
    frame.to_excel(tmp_path / "a.xlsx", index=False, engine="xlsxwriter")
    first, second = table(open_one(tmp_path / "a.xlsx", "excel"))
    assert type(first["number"]) is int
    assert first == {"number": 1, "share": 0.5, "mixed": "7", "time": times[0],
                     "day": date(2024, 1, 31), "truth": True, "text": ""}  # fmt: skip
    assert second == {"number": None, "share": 2.0, "mixed": "007", "time": times[1],
                      "day": date(2024, 2, 1), "truth": False, "text": "NA"}  # fmt: skip
    names = list("abcdefg")
    rows = table(open_one(tmp_path / "a.xlsx", "excel", header=names))
    assert [row["a"] for row in rows] == ["number", "1", ""]
    with pytest.raises(DataError, match=r"expected 1 columns, as in dataset.source.header; got 7"):
        open_one(tmp_path / "a.xlsx", "excel", header=["a"])


ARFF = r"""%
@relation 'two words'
@attribute "the series" relational
  @attribute t0 numeric
  @attribute t1 numeric
  @attribute t2 numeric
@end "the series"
@attribute when date 'yyyy-MM-dd'
@attribute class {'a b', c}
@data
'1,2,?\n4,5.5,6', 2024-01-31, 'a b'
% a comment
"7,8,9\n1e3,-1,0",?,c
"""


def test_relational_attributes_of_arff_are_series(tmp_path: Path) -> None:
    (tmp_path / "a.arff").write_text(ARFF)
    first, second = table(open_one(tmp_path / "a.arff", "arff"))
    assert first == {"the series": [[1, 2, None], [4, 5.5, 6]], "when": "2024-01-31",
                     "class": "a b"}  # fmt: skip
    assert second == {"the series": [[7, 8, 9], [1000, -1, 0]], "when": None, "class": "c"}


def test_missing_values_are_null_in_texts_and_numbers(tmp_path: Path) -> None:
    rows = [{"text": "n/a", "level": -999, "share": 0.5}, {"text": "N/A", "level": 3, "share": -1}]
    write(tmp_path, rows)
    part = open_one(tmp_path / "rows.jsonl", "jsonl", missing=["n/a", -999, "-1"])
    assert table(part) == [{"text": None, "level": None, "share": 0.5},
                           {"text": "N/A", "level": 3, "share": None}]  # fmt: skip


NULLS = {
    "a comma": (",", '"', "\n"), "a tab, and quotes are text": ("\t", None, "\n"),
    "lines as in Windows": (",", '"', "\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", NULLS)
def test_the_null_of_mysql_is_null(tmp_path: Path, name: str) -> None:
    delimiter, quote, end = NULLS[name]
    mark = quote or ""
    cells: list[tuple[str, str | None]] = [
        (r"\N", None), (f"{mark}\\N{mark}", None), (r"\\N", r"\N"), (r"\\\N", r"\N"),
        (r"a \N b", "a N b"), ("N", "N"), (r"\\", "\\"), (rf"\{delimiter}\N", f"{delimiter}N"),
        (f"{mark}a, \\N{mark}" if quote else "a", "a, N" if quote else "a"), ("é\\N", "éN"),
    ]  # fmt: skip
    lines = [delimiter.join("abc"), *(delimiter.join([cell] * 3) for cell, _ in cells),
             delimiter.join([r"\N", "x"])]  # fmt: skip
    (tmp_path / "a.csv").write_bytes(end.join(lines).encode())
    settings: dict[str, Any] = {"delimiter": delimiter, "quote": quote, "escape": "\\"}
    result = table(open_one(tmp_path / "a.csv", "csv", **settings))
    assert result[:-1] == [dict.fromkeys("abc", value) for _, value in cells]
    assert result[-1] == {"a": None, "b": "x", "c": ""}


@pytest.mark.parametrize("size", [4, 5, 6, 7, 8])
def test_nulls_are_marked_across_chunks(size: int) -> None:
    text = rb"\N,\\N,\\\N,a,\N" * 3 + b"\\"
    stream, result, buffer = mark_nulls(io.BytesIO(text), "\\"), b"", bytearray(size)
    while filled := stream.raw.readinto(buffer):  # type: ignore[attr-defined]
        result += buffer[:filled]
    mark = MARK.encode()
    assert result == (mark + rb",\\N,\\" + mark + b",a," + mark) * 3 + b"\\"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("n/a", True), (" n/a\t", True), ("N/A", False), ("7", True), (7, True), (7.0, True),
     (1, False), (True, False), (10**400, False), (None, False), (["n/a"], False), ([7], False)],
)  # fmt: skip
def test_a_cell_of_json_is_missing_as_one_of_a_column_is(cell: Any, expected: bool) -> None:
    assert is_missing(cell, ["n/a", 7]) is expected


def test_words_for_missing_values_stay_texts_without_the_option(tmp_path: Path) -> None:
    rows = [{**row, "label": ["NA", "null"][i % 2]} for i, row in enumerate(mails())]
    store, _ = prepared(tmp_path, rows, TEXT)
    assert store.meta.target.classes == ["NA", "null"]
    rows = [{**row, "label": row["label"] if i % 4 else "NA"} for i, row in enumerate(mails())]
    _, report = prepared(tmp_path, rows, TEXT, source__missing=["NA"])
    assert report["dropped"]["missing_target"]["rows"] == 10


def test_the_channels_of_long_rows_may_have_decimal_commas(tmp_path: Path) -> None:
    lines = [f"m{i // 3:02};{i % 3 + 0.5};{i / 4};{'ab'[i // 3 % 2]}" for i in range(120)]
    result = {}
    for sign in ".,":
        text = "\n".join(["who;time;x;label", *(line.replace(".", sign) for line in lines)])
        (tmp_path / "a.csv").write_text(text)
        store, _ = prepared(
            tmp_path, None, SERIES, source__format="csv", source__files={"all": "a.csv"},
            source__decimal=sign,
            columns={**SERIES["columns"], "series": None,
                     "long": {"id": "who", "order": "time", "channels": ["x"]}},
        )  # fmt: skip
        result[sign] = store.meta.digest
    assert result["."] == result[","]


def test_a_list_of_classes_of_the_hub_has_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = datasets.List(datasets.ClassLabel(names=["news", "sport"]))
    features = datasets.Features({"text": datasets.Value("string"), "topics": names})
    rows = [{"text": f"word{i}", "topics": [[0], [1], [0, 1]][i % 3]} for i in range(60)]
    data = datasets.Dataset.from_list(rows, features=features)
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: data)
    target = {"task": "multilabel", "column": "topics"}
    hub = TEXT["source"] | {"format": "hub", "hub": "a/b", "revision": "c", "files": {"all": "x"}}
    store, _ = prepared(tmp_path, None, TEXT, source=hub, target=target)
    assert store.meta.target.labels == ["news", "sport"]
    data.to_parquet(str(tmp_path / "a.parquet"))
    other, _ = prepared(tmp_path, None, TEXT, target=target, source__format="parquet",
                        source__files={"all": "a.parquet"})  # fmt: skip
    assert other.meta.target.labels == ["news", "sport"]


@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_json_of_another_encoding_is_read_in_chunks(tmp_path: Path, form: str) -> None:
    rows = [{"text": f"é{i} ]}}, " + "x" * 5000, "more": [{"a": [i]}]} for i in range(5000)]
    objects = [json.dumps(row, ensure_ascii=False) for row in rows]
    text = "\n".join(objects) if form == "jsonl" else f" [{' , '.join(objects)}\n]\n"
    path = tmp_path / f"a.{form}.gz"
    path.write_bytes(gzip.compress(text.encode("utf-16"), 1))
    part = open_one(path, form)
    assert len(list(part.read(["text"]))) > 5
    assert table(part) == rows
    assert part.locate(4999) == f"{path}, row 5000"
