"""Folders of files: a text or a series a file."""

from pathlib import Path

import numpy as np
import pytest
from making import TEXT, content, mails, prepared
from opening import open_one, table

from conveyor.errors import DataError


def test_a_folder_of_texts_is_a_row_a_file(tmp_path: Path) -> None:
    rows = mails()
    for number, row in enumerate(rows):
        path = tmp_path / "mails" / row["label"] / "2024" / f"{number:02}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"{row['text']} é\n".encode("utf-16" if number % 3 else "latin-1"))
    (tmp_path / "mails" / "ham" / ".hidden").touch()
    (tmp_path / "mails" / "README").write_text("of no class")
    store, report = prepared(
        tmp_path, None, TEXT, source__format="folder", source__files={"all": "mails"},
        columns__id="path",
    )  # fmt: skip
    assert report["dropped"]["missing_target"] == {"rows": 1, "ids": ["README"]}
    assert report["files"][0]["encodings"] == {"cp1252": 14, "utf-16": 26, "utf-8": 1}
    assert store.meta.target.classes == ["ham", "spam"]
    texts = {i: (text, code) for part in content(store).values() for i, text, code in part}
    assert texts == {
        f"{row['label']}/2024/{number:02}.txt": (f"{row['text']} é", number % 2)
        for number, row in enumerate(rows)
    }


@pytest.mark.parametrize("folders", [("train", "test"), ("Training", "dev", "test"), ("train",)])
def test_sub_folders_that_are_parts_are_no_labels(tmp_path: Path, folders: list[str]) -> None:
    for folder in folders:
        for label in ("pos", "neg"):
            (tmp_path / "imdb" / folder / label).mkdir(parents=True)
            (tmp_path / "imdb" / folder / label / "a.txt").write_text(f"{folder} {label}")
    (tmp_path / "imdb" / "README").write_text("not a part")
    part = open_one(tmp_path / "imdb", "folder")
    assert sum(map(len, part.read(["text"]))) == 2 * len(folders) + 1  # as for predictions
    wanted = {
        2: r"\{test: .*imdb/test, train: .*imdb/train\} and dataset.split.test to \{by: given\}\.",
        3: r"\{train: .*/Training, validation: .*/dev, test: .*/test\} and .*split.validation to",
        1: r"\{all: .*imdb/train\}\.",
    }
    with pytest.raises(DataError, match="Set dataset.source.files to " + wanted[len(folders)]):
        table(part)
    (tmp_path / "imdb" / "unlabelled").mkdir()
    (tmp_path / "imdb" / "unlabelled" / "a.txt").write_text("a label of its own")
    assert {row["label"] for row in table(open_one(tmp_path / "imdb", "folder"))} == {
        None, "unlabelled", *folders
    }  # fmt: skip


FILES = {
    "a header": ("a.csv", "x,y\n1.5,2\n,4\n", {}),
    "no header": ("a.csv", "1.5,2\n,4\n", {}),
    "tabs": ("a.tsv", "1.5\t2\nn/a\t4\n", {"missing": ["n/a"]}),
    "a line that names the delimiter": ("a.csv", "sep=^\nx^y\n1.5^2\n^4\n", {}),
    "decimal commas": ("a.csv", "1,5;2\n;4\n", {"decimal": ","}),
    "nulls of MySQL": ("a.csv", "1.5,2\n\\N,4\n", {"escape": "\\"}),
    "another delimiter": ("a.csv", "x y\n1.5 2\n- 4\n", {"delimiter": " ", "missing": ["-"]}),
}


@pytest.mark.parametrize("name", FILES)
def test_a_folder_of_steps_is_a_series_a_file(tmp_path: Path, name: str) -> None:
    file, steps, settings = FILES[name]
    (tmp_path / "rows" / "on").mkdir(parents=True)
    (tmp_path / "rows" / "on" / file).write_text(steps)
    [row] = table(open_one(tmp_path / "rows", "folder", **settings))
    np.testing.assert_equal(row["series"], [[1.5, 2], [np.nan, 4]])
    assert (row["label"], row["path"]) == ("on", f"on/{file}")


def test_one_channel_of_decimal_commas_has_one_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,5\n2,5\n")
    [row] = table(open_one(tmp_path, "folder", decimal=","))
    assert row == {"series": [[1.5], [2.5]], "label": None, "path": "a.csv"}


def test_a_null_in_the_first_step_makes_it_no_header(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("\\N,4\n1.5,2\n")
    [row] = table(open_one(tmp_path, "folder", escape="\\"))
    np.testing.assert_equal(row["series"], [[np.nan, 4], [1.5, 2]])


@pytest.mark.parametrize(
    ("steps", "message"),
    [("1,2\n3,x\n", r"a.csv, row 2: expected numbers, .* got 'x'. Change .*dataset.source.missing"),
     ("1,2\n3,4,5\n1,2\n", r"a.csv, row 2: expected 2 channels, .* got 3")],
)  # fmt: skip
def test_a_file_of_steps_that_cannot_be_read_is_named(
    tmp_path: Path, steps: str, message: str
) -> None:
    (tmp_path / "a.csv").write_text(steps)
    with pytest.raises(DataError, match=message):
        table(open_one(tmp_path, "folder"))


def test_texts_beside_series_are_refused(tmp_path: Path) -> None:
    for name in ("a.csv", "b.txt"):
        (tmp_path / name).write_text("1")
    with pytest.raises(DataError, match=r"all texts, or all CSV .* got \{'.csv': 1, '.txt': 1\}"):
        open_one(tmp_path, "folder")
