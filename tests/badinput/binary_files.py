"""Targets that are no numbers, and files of Parquet and Arrow that lie."""

import pyarrow as pa

from tests.badinput.series_tables import (
    binary,
    mails,
    number,
    parquet,
)

OFFSETS = pa.array([f"wo{i:02}" for i in range(40)]).buffers()[1]
NOT_UTF8 = pa.Array.from_buffers(pa.string(), 40, [None, OFFSETS, pa.py_buffer(b"\xff\xfe" * 80)])
TARGETS = [
    number("a word for a target", [*map(str, range(40)), "many"], "dropped: 1 unknown_target", 0),
    number(
        "a target of 1e308",
        [*map(str, range(40)), "1e308", "-1e308"],
        "column 'label': expected numbers whose variance is a number; got -1e+308 to 1e+308.",
    ),
    number(
        "a constant target",
        ["5"] * 40,
        "the training rows: expected different numbers in column 'label'; got 5 in all of the",
    ),
    number("an infinite target", [*map(str, range(40)), "inf"], "dropped: 1 not_finite", 0),
    number("an empty target", [*map(str, range(40)), ""], "dropped: 1 missing_target", 0),
]
BINARY = [
    binary(
        "a Parquet file that is cut",
        "a.parquet",
        parquet(mails())[:-20],
        "a.parquet: expected parquet; got ArrowInvalid: Parquet magic bytes not found in foot",
    ),
    binary(
        "a Parquet file with damaged pages",
        "a.parquet",
        parquet(mails(), compression="none", use_dictionary=False).replace(
            b"words 7", b"\xff\xff\xff\xff\xff\xff\xff"
        ),
        "a.parquet: expected parquet; got ArrowInvalid: In column 0: Invalid: Invalid UTF8 se",
    ),
    binary(
        "a Parquet file without rows",
        "a.parquet",
        parquet(mails().slice(0, 0)),
        "a.parquet: expected rows; got none. Change dataset.source.files.",
    ),
    binary(
        "a Parquet file that lies about its rows",
        "a.parquet",
        parquet(mails())[:4] + b"\0" * 500 + parquet(mails())[-900:],
        "a.parquet: expected parquet; got OSError: Couldn't deserialize thrift: TProtocolExce",
    ),
    binary(
        "Parquet of bytes in place of text",
        "a.parquet",
        parquet(mails().set_column(0, "text", pa.array([b"\xff" * 3] * 40))),
        "a.parquet: column 'text': expected text; got bytes. Write the text into a column of",
    ),
    binary(
        "Parquet of structures in place of text",
        "a.parquet",
        parquet(mails().set_column(0, "text", pa.array([{"a": i} for i in range(40)]))),
        "a.parquet: column 'text': expected text; got objects with keys a. Write the text int",
    ),
    binary(
        "Parquet of text that is not UTF-8",
        "a.parquet",
        parquet(
            mails().set_column(
                0,
                "text",
                NOT_UTF8,
            )
        ),
        "a.parquet: expected parquet; got ArrowInvalid: In column 0: Invalid: Invalid UTF8 se",
    ),
    binary(
        "Parquet of dictionaries of text",
        "a.parquet",
        parquet(
            mails().set_column(
                1, "label", pa.array([str(i % 2) for i in range(40)]).dictionary_encode()
            )
        ),
        "40 rows read",
        0,
    ),
    binary(
        "Parquet with a column twice",
        "a.parquet",
        parquet(
            pa.table(
                [mails()["text"], mails()["text"], mails()["label"]], ["text", "text", "label"]
            )
        ),
        "a.parquet: expected a header of distinct columns; got 'text', 'text', 'label'. Renam",
    ),
    binary(
        "an Arrow file that is cut",
        "a.arrow",
        b"ARROW1\0\0" + b"\0" * 50,
        "a.arrow: expected arrow; got ArrowInvalid: Not an Arrow file. Change the file, or da",
    ),
]
CASES = [*TARGETS, *BINARY]
