"""Each decision of a suggestion, as a table of what comes in and what it becomes."""

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from cells import NUMBERS, PROSE, TEAMS, cycle

from conveyor.suggest.columns import Column, describe_column
from conveyor.suggest.names import part_of, slug
from conveyor.suggest.read import lacks_header
from conveyor.suggest.split import choose_split
from conveyor.suggest.task import choose_task
from conveyor.suggest.time_formats import find_time_format
from conveyor.suggest.write import render


@pytest.mark.parametrize(
    ("cells", "kind", "decimal", "none_cells"),
    [
        ([1, 2, None], "number", ".", ()),
        (["1", " 2.5", "-3e4", ""], "number", ".", ()),
        (["1,5", "2", "n/a", "-3,25"], "number", ",", ("n/a",)),
        (["1.5", "2", "NA", "?"], "number", ".", ("?", "NA")),
        (["1.5", "2", r"\N", "None"], "number", ".", ("None", r"\N")),
        (["none", "mild", "none", "mild"], "text", ".", ()),
        (["None", "Mild", "Mild", "NA"], "text", ".", ("NA",)),
        (["None", "mild", "mild"], "text", ".", ("None",)),
        (["951", "1,235", "", "n/a"], "thousands", ".", ("n/a",)),
        (["1,235,000", "-2,350.5", "7.5"], "thousands", ".", ()),
        (["1'235", "17"], "thousands", ".", ()),
        (["1.234,50", "0,5"], "thousands", ".", ()),
        (["1,235", "2,5"], "number", ",", ()),
        (["0,125", "3,250"], "number", ",", ()),
        (["a", "b", "a", "b", "n/a"], "text", ".", ("n/a",)),
        ([*PROSE, "N/A"], "text", ".", ()),
        ([True, False], "text", ".", ()),
        (["2024-01-31", "2024-02-01"], "time", ".", ()),
        ([date(2024, 1, 1)], "time", ".", ()),
        (["31.01.2024 10:00", "01.02.2024 11:30"], "time", ".", ()),
        (["1.1", "1.2"], "number", ".", ()),
        ([[[1.0, 2.0]], [[3.0, 4.0]]], "series", ".", ()),
        ([[1.0, 2.0], []], "series", ".", ()),
        (["[1, 2]", "[3]"], "series", ".", ()),
        (["1 2 3", "4 5 6 7"], "series", ".", ()),
        ([["a"], []], "list", ".", ()),
        ([[], ["a"]], "list", ".", ()),
        (['["a"]', '["b", "c"]', "[]"], "list_text", ".", ()),
        (["['math', 'cs']", "['art']"], "list_text", ".", ()),
        (["[[0.1 0.2]\n [0.3 0.4]]", "[[1. 2.]]"], "list_text", ".", ()),
        (["[1.0, nan, 2.5]", "[]"], "series", ".", ()),
        (["[0.1 -0.2\n 0.3]", "[1. 2.]"], "series", ".", ()),
        (["1;nan;2", "3;4;5;6"], "series", ".", ()),
        (["[spam]", "[ham]"], "text", ".", ()),
        (["", None, " "], "empty", ".", ()),
    ],
    ids=str,
)
def test_a_column_is_what_its_cells_are(
    cells: list[Any], kind: str, decimal: str, none_cells: tuple[str, ...]
) -> None:
    column = describe_column("x", cells)
    assert (column.kind, column.decimal, column.none_cells) == (kind, decimal, none_cells)


@pytest.mark.parametrize(
    ("texts", "time_format"),
    [
        (["2024-01-31", "2024-02-01T10:00:00"], ""),
        (["31.01.2024"], "%d.%m.%Y"),
        (["13/01/2024 10:00:00"], "%d/%m/%Y %H:%M:%S"),
        (["01/02/2024", "01/13/2024"], "%m/%d/%Y"),
        (["01/02/2024", "03/04/2024"], "%d/%m/%Y"),  # both orders fit
        (["10:00"], None),
        (["12", "13"], None),
        (["31.01.2024", "soon"], None),
    ],
)
def test_a_notation_of_times_fits_all_of_them(texts: list[str], time_format: str | None) -> None:
    assert find_time_format(texts) == time_format


@pytest.mark.parametrize(
    ("name", "cells", "target", "other"),
    [
        ("team", cycle(TEAMS), {"task": "classification", "column": "team"}, None),
        ("stars", cycle([1, 2, 3]), {"task": "classification", "column": "stars"}, "regression"),
        ("label", cycle(list(range(12))), {"task": "classification", "column": "label"}, None),
        ("price", NUMBERS, {"task": "regression", "columns": ["price"]}, None),
        ("level", cycle([0.5, 1.5]), {"task": "regression", "columns": ["level"]},
         "classification"),
        ("tags", cycle([["a"], ["a", "b"], []]), {"task": "multilabel", "column": "tags"}, None),
        ("tags", cycle(["a; b", "b", "c; a", "c"]),
         {"task": "multilabel", "column": "tags", "separator": ";"}, None),
        ("tags", cycle(["a, b", "b", "c, a", "c"]),
         {"task": "multilabel", "column": "tags", "separator": ","}, "classification"),
        ("city", cycle(["Rome, Italy", "Oslo"]), {"task": "classification", "column": "city"},
         None),
    ],
)  # fmt: skip
def test_the_task_follows_the_values(
    name: str, cells: list[Any], target: dict[str, Any], other: str | None
) -> None:
    choice = choose_task(describe_column(name, cells))
    assert choice.target == target
    assert (choice.other or {"task": None})["task"] == other


GIVEN = {"by": "given"}
SHARE = {"by": "share", "share": 0.2}
TIME = {"by": "time", "column": "day", "share": 0.2}
VALIDATION = {"by": "share", "share": 0.15}
LONG_TAIL = {f"c{rank}": round(810 / rank**1.3) for rank in range(1, 179)}


@pytest.mark.parametrize(
    ("parts", "counts", "days", "split"),
    [
        (["all"], {"a": 50, "b": 40}, [], {"test": SHARE, "validation": VALIDATION}),
        (["train", "test"], {"a": 50}, [], {"test": GIVEN, "validation": VALIDATION}),
        (["train", "validation", "test"], {"a": 50}, [], {"test": GIVEN, "validation": GIVEN}),
        (["train", "validation"], {"a": 50}, [], {"test": SHARE, "validation": GIVEN}),
        (["all"], {"a": 50}, [1, 2], {"test": TIME, "validation": VALIDATION}),
        (["all"], {"a": 50}, [2, 1], {"test": TIME, "validation": VALIDATION}),
        (["all"], {"a": 50}, [1, 1], {"test": SHARE, "validation": VALIDATION}),
        (["all"], {"a": 50}, [1, None, 2], {"test": SHARE, "validation": VALIDATION}),
        (["all"], {"a": 8, "b": 8}, [], {"test": {"by": "share", "share": 0.25},
                                         "validation": {"by": "share", "share": 0.25}}),
        (["all"], {"a": 50, "b": 8}, [], {"test": SHARE, "validation": VALIDATION}),
        (["all"], LONG_TAIL, [], {"test": SHARE, "validation": VALIDATION}),
        (["all"], {}, [], {"test": SHARE, "validation": VALIDATION}),
    ],
)  # fmt: skip
def test_the_split_follows_files_times_and_counts(
    parts: list[str], counts: dict[str, int], days: list[int | None], split: dict[str, Any]
) -> None:
    dates = [day and date(2024, 1, day) for day in days]
    time = describe_column("day", dates) if days else None
    result, reasons = choose_split(parts, Counter(counts), 90, None, time, 2)
    assert result == split
    assert ("day" in str(reasons)) == bool(days)


def test_groups_stay_together_and_a_time_is_not_used_then() -> None:
    group = describe_column("user", cycle(["a", "b", "c"]))
    time = describe_column("day", [date(2024, 1, 1)])
    split, reasons = choose_split(["all"], Counter(a=60), 60, group, time, 2)
    assert (split["group"], split["test"]["by"]) == ("user", "share")
    assert "not the newest by day" in reasons["split.test"]


@pytest.mark.parametrize(
    ("names", "cells", "missing"),
    [
        (["text", "label"], [["a b"], ["x"]], False),
        (["1", "2.5"], [[3, 4], [5, 6]], True),
        (["0", "1", "2"], [[3], [4], [5]], False),  # numbers of columns
        (["good day", "play"], [["other"], ["play", "play", "stop"]], True),
    ],
)
def test_a_first_line_that_is_a_row_is_no_header(
    names: list[str], cells: list[list[Any]], missing: bool
) -> None:
    columns = [describe_column(n, c) for n, c in zip(names, cells, strict=True)]
    assert lacks_header(columns) is missing


@pytest.mark.parametrize(
    ("file", "part"),
    [("train.csv", "train"), ("Vowels_TEST.ts", "test"), ("my-dev.tsv", "validation"),
     ("trains.csv", None), ("train_test.csv", None)],
)  # fmt: skip
def test_the_name_of_a_file_may_say_its_part(file: str, part: str | None) -> None:
    assert part_of(Path(file).stem) == part


@pytest.mark.parametrize(
    ("text", "name"),
    [("My tickets (2024)", "my_tickets_2024"), ("JapaneseVowels_TRAIN", "japanese_vowels"),
     ("train", "data"), ("Señales", "senales")],
)  # fmt: skip
def test_a_name_of_a_data_set_is_a_slug(text: str, name: str) -> None:
    assert slug(text) == name


def test_settings_are_written_with_their_reasons() -> None:
    settings = {
        "name": "a", "columns": {"text": "yes", "id": "nr 1"}, "split": {"test": {"by": "x"}},
        "files": {"all": ["long" * 15, "longer" * 10]},
    }  # fmt: skip
    reasons = {"name": "short", "columns.text": "long " * 30}
    text = render(settings, reasons)
    assert yaml.safe_load(text) == settings
    assert text.splitlines()[:3] == ["name: a  # short", "columns:", "  # " + "long " * 18 + "long"]
    assert "split: {test: {by: x}}\n" in text
    assert max(map(len, text.splitlines())) <= 140


def test_a_column_counts_lists_as_wholes() -> None:
    column = describe_column("x", [["a"], ["a"], ["a", "b"]])
    assert isinstance(column, Column)
    assert column.distinct == 2
