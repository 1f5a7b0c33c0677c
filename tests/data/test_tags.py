"""Files with a tag for each token or step: lists, aligned files, CoNLL, a row for each step."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import SERIES, TEXT, described, prepared, require_all_counted, write
from opening import open_one, table

from conveyor.data.prepare import prepare
from conveyor.data.store import Prepared
from conveyor.errors import DataError

TARGET = {"task": "tagging", "column": "tags"}
TAGGED: dict[str, Any] = {
    **TEXT,
    "target": TARGET,
    "encoding": {
        **TEXT["encoding"],
        "tokenizer": "whitespace",
        "characters": 4,
        "raw_text": "words",
    },
}
STEPS: dict[str, Any] = {**SERIES, "target": TARGET}


def sentences(count: int = 24) -> list[tuple[list[str], list[str]]]:
    return [([f"to{i}", "New", "York"], ["O", "B-city", "I-city"]) for i in range(count)]


def prepare_rows(folder: Path, base: dict[str, Any], **changes: Any) -> Prepared:
    prepare(described(base, **changes), folder, folder / "prepared", folder / "cache")
    return Prepared(folder / "prepared")


def content(store: Prepared) -> set[tuple[str, str]]:
    """Text and tags of all rows."""
    decode = store.task.answers.decode
    return {
        (" ".join(row), " ".join(tags))
        for name in ("train", "validation", "test")
        for row, tags in zip(store.split(name).rows, decode(store.split(name).targets), strict=True)
    }


def test_each_form_of_file_gives_the_same_rows(tmp_path: Path) -> None:
    expected = {(" ".join(tokens), " ".join(tags)) for tokens, tags in sentences()}
    rows: dict[str, list[dict[str, Any]]] = {
        "lists": [{"text": tokens, "tags": tags} for tokens, tags in sentences()],
        "texts": [{"text": " ".join(a), "tags": " ".join(b)} for a, b in sentences()],
        "mixed": [{"text": tokens, "tags": " ".join(tags)} for tokens, tags in sentences()],
    }
    for name, values in rows.items():
        (tmp_path / name).mkdir()
        write(tmp_path / name, values)
        store = prepare_rows(tmp_path / name, TAGGED)
        assert content(store) == expected
        assert store.split("train").sequences.values.shape[1] == 2 + 4
    folder = tmp_path / "conll"
    folder.mkdir()
    blocks = ["\n".join(map(" ".join, zip(a, b, strict=True))) for a, b in sentences()]
    (folder / "rows.conll").write_text("# made\n-DOCSTART- O\n\n" + "\n\n".join(blocks))
    source = {**TEXT["source"], "format": "conll", "files": {"all": "rows.conll"},
              "header": ["text", "tags"]}  # fmt: skip
    assert content(prepare_rows(folder, TAGGED, source=source)) == expected
    folder = tmp_path / "aligned"
    folder.mkdir()
    for place, suffix in enumerate(("text", "tags")):
        lines = [" ".join(pair[place]) for pair in sentences()]
        (folder / f"rows.{suffix}").write_text("\n".join(lines) + "\n")
    source = {**source, "format": "aligned", "files": {"all": "rows.text"}}
    assert content(prepare_rows(folder, TAGGED, source=source)) == expected


@pytest.mark.parametrize(
    ("form", "content", "header", "message"),
    [
        ("conll", "a O\nb\n", None,
         r"rows.conll, line 2: expected 2 columns between white space, as in the first line of "
         r"tokens; got 1. Change the line."),
        ("conll", "a O\n", ["a", "b", "c"],
         r"expected 3 columns, as dataset.source.header names; got 2 in the first line"),
        ("conll", "# only a comment\n", None, r"rows.conll: expected tokens; got none"),
        ("aligned", "a b\nc\n", ["conll", "tags"],
         r"rows.tags: expected a line 2, as .*rows.conll has; got 1 lines"),
        ("aligned", "a b\n", None, r"dataset.source.header: expected the suffixes"),
        ("aligned", "a b\n", ["conll", "gone"], r"rows.gone: expected a file beside .*rows.conll"),
    ],
)  # fmt: skip
def test_lines_that_do_not_agree_are_refused_by_file_and_line(
    tmp_path: Path, form: str, content: str, header: list[str] | None, message: str
) -> None:
    (tmp_path / "rows.conll").write_text(content)
    (tmp_path / "rows.tags").write_text("O O\n")
    with pytest.raises(DataError, match=message):
        table(open_one(tmp_path / "rows.conll", form, header=header))


def test_columns_of_conll_are_lists_with_names(tmp_path: Path) -> None:
    (tmp_path / "rows.conll").write_text("a\tX  O\nb X O\n \n\nc Y B-z\n")
    assert table(open_one(tmp_path / "rows.conll", "conll")) == [
        {"column_1": ["a", "b"], "column_2": ["X", "X"], "column_3": ["O", "O"]},
        {"column_1": ["c"], "column_2": ["Y"], "column_3": ["B-z"]},
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"text": "one two", "tags": ["O"]},
         r"rows.jsonl, row 3: expected as many targets as the row has tokens, 2; got 1"),
        ({"text": ["one", "two"], "tags": "O O O"}, r"row 3: .* tokens, 2; got 3"),
        ({"text": ["one two"], "tags": ["O"]},
         r"column 'text': expected tokens, texts without white space; got 'one two'"),
    ],
)  # fmt: skip
def test_a_row_of_other_length_is_refused(
    tmp_path: Path, row: dict[str, Any], message: str
) -> None:
    form = type(row["text"])
    rows: list[Any] = [
        {"text": a if form is list else " ".join(a),
         "tags": b if isinstance(row["tags"], list) else " ".join(b)}
        for a, b in sentences()
    ]  # fmt: skip
    rows.insert(2, row)
    write(tmp_path, rows)
    with pytest.raises(DataError, match=message):
        prepare_rows(tmp_path, TAGGED)


def test_rows_without_tags_are_left_out_and_counted(tmp_path: Path) -> None:
    rows: list[Any] = [{"text": a, "tags": b} for a, b in sentences(40)]
    rows += [{"text": ["x"], "tags": []}, {"text": ["y"], "tags": None}]
    rows += [{"text": [], "tags": ["O"]}]
    store, report = prepared(tmp_path, rows, TAGGED)
    require_all_counted(report)
    assert report["dropped"]["missing_target"]["rows"] == 2
    assert report["dropped"]["empty_input"]["rows"] == 1
    assert report["types"]["train"] == {"city": store.meta.counts["train"]}


def test_a_row_that_is_cut_has_the_tags_of_its_first_tokens(tmp_path: Path) -> None:
    write(tmp_path, [{"text": a, "tags": b} for a, b in sentences()])
    store = prepare_rows(tmp_path, TAGGED, encoding__max_length=2)
    split = store.split("train")
    assert {len(row) for row in split.targets} == {2}
    assert store.task.answers.decode(split.targets)[0] == ["O", "B-city"]


def test_a_tag_may_change_within_a_series_of_rows(tmp_path: Path) -> None:
    lines = [
        {"who": f"s{i}", "at": step, "x": i + 0.1 * step, "tags": "up" if step > i % 3 else "flat"}
        for i in range(30)
        for step in range(4)
    ]
    columns = {"series": None, "layout": "steps_first", "wide": None, "id": None,
               "long": {"id": "who", "order": "at", "channels": ["x"]}}  # fmt: skip
    draw = np.random.default_rng(0).permutation(len(lines))
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(lines[i]) + "\n" for i in draw))
    store = prepare_rows(tmp_path, STEPS, columns=columns)
    split = store.split("train")
    for row, tags in zip(split.rows, store.task.answers.decode(split.targets), strict=True):
        number = round(float(row[0, 0]))
        assert tags == ["up" if step > number % 3 else "flat" for step in range(4)]
    columns["long"]["duplicates"] = "mean"
    with pytest.raises(ValueError, match=r"duplicates: expected refuse or keep"):
        described(STEPS, columns=columns)
