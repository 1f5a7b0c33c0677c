"""The delimiter of hostile tables: csv.Sniffer takes 17 of these, DuckDB's sniffer 19."""

import csv
import io
from pathlib import Path

import pytest
from making import TEXT

from conveyor.config.source import Source
from conveyor.data.delimiter import ONE_COLUMN, find_delimiter
from conveyor.errors import DataError

WORDS = "the of, and a to; in is: you that it, he was for on are as, with his they I at be this"
TEXTS = [" ".join(WORDS.split()[i % 9 : i % 9 + 5 + i % 7]) for i in range(50)]


def lines(header: str, row: str) -> str:
    """A line for each text, in which `row` has the places {i}, {text} and {word}."""
    rows = [row.format(i=i, text=text, word=("ham", "spam")[i % 2]) for i, text in enumerate(TEXTS)]
    return "\n".join([header, *rows, ""])


def written(delimiter: str, cell: str) -> str:
    """A table that Python's csv wrote: {cell} beside a word."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(["cell", "label"])
    writer.writerows([cell.format(i=i, text=text), "ab"[i % 2]] for i, text in enumerate(TEXTS))
    return file.getvalue()


def source(**changes: object) -> Source:
    return Source.model_validate(TEXT["source"] | changes)


TABLES = {
    "tab, texts full of commas": ("\t", lines("text\tlabel", "{text}\t{word}")),
    "comma in quotes, texts with semicolons": (",", written(",", "{text}; {text}")),
    "semicolon, decimal commas": (";", lines("x;y;label", "{i},5;{i},25;{word}")),
    "one column of texts": (ONE_COLUMN, lines("text", "{text}")),
    "one column of words": (ONE_COLUMN, lines("label", "{word}")),
    "quoted line feeds": (",", written(",", "{text}\n{text}\n\n- {i}")),
    "quoted line feeds, tabs and pipes": (";", written(";", "a\tb\tc\n{text}| x | y\n")),
    "pipe, JSON in texts": ("|", lines("id|text|label", '{i}|{{"a": "x, y", "b": 3}}|{word}')),
    "tab, commas in the header": ("\t", lines("Text, raw\tLabel, by hand", "{text}\t{word}")),
    "comma, a semicolon in each row": (",", lines("date,time,text", '2024-01-{i};x,{i},"{text}"')),
    "comma, tables of Markdown in texts": (",", written(",", "| a | b |\n|---|---|\n| 1 | 2 |")),
    "semicolon, empty cells": (";", lines(";".join("abcdefgh"), "{i},5;;;;;;1,2;")),
    "semicolon, two rows": (";", "text;label\nhello, you;ham\nbye, now;spam\n"),
    "semicolon, no rows": (";", "text;label\n"),
    "comma, short rows": (",", "a,b,c\n" + "1,2,3\n1,2\n1,2,3\n" * 9),
    "tab, apostrophes and inches": ("\t", lines("text\tlabel", "it's, don't 5\" {text}\t{word}")),
    "comma, numbers with semicolons": (",", written(",", "{i}.5;2;3")),
    "semicolon, numbers with commas": (";", written(";", "{i}.5,2,3")),
    "pipe, addresses": ("|", lines("url|label", "http://x.y/a,{i};b={i}|{word}")),
}


@pytest.mark.parametrize("name", TABLES)
def test_the_delimiter_is_that_of_most_rows(name: str) -> None:
    expected, table = TABLES[name]
    rows = list(io.StringIO(table, newline=""))
    assert find_delimiter(Path("x.csv"), rows, source()) == expected


def test_the_names_of_the_columns_decide_where_there_is_no_header() -> None:
    rows = ["1,5;2,5;a, b\n", "3,5;4,5;b\n"]
    assert find_delimiter(Path("x.csv"), rows, source(header=["x", "y", "label"])) == ";"
    assert find_delimiter(Path("x.csv"), rows, source(header=["text"])) == ONE_COLUMN


def test_two_delimiters_that_fit_are_refused_unless_one_is_the_decimal_sign() -> None:
    rows = ["1,5;a\n", "2,5;b\n"]
    with pytest.raises(DataError, match=r"x.csv: .* got ',', ';'.* Set dataset.source.delimiter"):
        find_delimiter(Path("x.csv"), rows, source(header=["x", "label"]))
    assert find_delimiter(Path("x.csv"), rows, source(header=["x", "label"], decimal=",")) == ";"
