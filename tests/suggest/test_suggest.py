"""A suggestion for files as people have them composes, and `prepare` accepts it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import odd_files
import pytest
import yaml

from conveyor.compose import compose
from conveyor.config import ConfigError
from conveyor.data.prepare import prepare
from conveyor.errors import DataError, InputError
from conveyor.paths import Paths
from conveyor.suggest.suggest import Suggestion, suggest

SHARE = {"by": "share", "share": 0.2}


# What the data set must say beside what is chosen by default: dotted setting, value.
CASES: dict[Callable[[Path], list[Path]], dict[str, Any]] = {
    odd_files.semicolons: {
        "source.missing": None, "source.decimal": ",", "columns.text": "message",
        "columns.id": "nr", "target.column": "team",
    },
    odd_files.decimal_commas: {
        "source.missing": ["n/a"], "source.decimal": ",", "target.columns": ["urgency"],
    },
    odd_files.thousands: {
        "source.decimal": None, "columns": {"text": "text"}, "target.column": "label",
    },
    odd_files.spaced_thousands: {"source.missing": None, "target.column": "label"},
    odd_files.archive: {
        "source.header": ["target", *(f"t{step}" for step in range(30))], "columns": {"wide": "t*"},
        "target": {"task": "classification", "column": "target"}, "split.test": {"by": "given"},
    },
    odd_files.labels_in_first_rows: {
        "columns.long.channels": ["x"], "target.column": "state", "checks": None,
        "split.test.share": 0.2,
    },
    odd_files.long_tail: {"split.test.share": 0.2, "split.validation.share": 0.15},
    odd_files.no_header: {
        "source.format": "tsv", "source.header": ["id", "target", "column_3", "text"],
        "columns.text": "text", "columns.id": "id", "target.column": "target",
    },
    odd_files.lone_quotes: {"source": {
        "format": "tsv", "files": {"all": "data/raw/quotes/quotes.tsv"}, "quote": None,
    }},
    odd_files.quotes_over_rows: {"source": {
        "format": "tsv", "files": {"all": "data/raw/speech/speech.tsv"}, "quote": None,
    }},
    odd_files.two_delimiters: {"source.delimiter": ",", "target.column": "mood;label"},
    odd_files.nested_series: {"columns.series": "series", "columns.id": "serial"},
    odd_files.long_series: {"columns.long.id": "machine_id", "columns.long.channels": ["x", "y"]},
    odd_files.wide_series: {"columns.wide": "t*", "target.task": "classification"},
    odd_files.wide_dates: {"columns.wide": "2024-*", "target.column": "label"},
    odd_files.wide_with_gaps: {
        "columns.wide": "t*", "source.missing": ["n/a"], "encoding.missing": "mask", "checks": None,
    },
    odd_files.long_with_repeats: {
        "columns.long.duplicates": "mean", "encoding.missing": "mask", "checks": None,
    },
    odd_files.numbers: {"target": {"task": "regression", "columns": ["rating"]}},
    odd_files.several_names: {"target.task": "multilabel", "target.separator": ";"},
    odd_files.empty_sets: {"target.task": "multilabel", "checks": None},
    odd_files.texts_of_series: {
        "columns": {"series": "signal"}, "target.column": "label", "encoding.missing": "mask",
    },
    odd_files.lists: {"target": {"task": "multilabel", "column": "tags"}},
    odd_files.ts_pair: {"split.test": {"by": "given"}, "target.task": "classification"},
    odd_files.times: {"split.test": {"by": "time", "column": "created", "share": 0.2}},
    odd_files.shuffled_days: {"split.test": {
        "by": "time", "column": "sent", "share": 0.2, "time_format": "%d.%m.%Y %H:%M",
    }},
    odd_files.groups: {"split.group": "user"},
    odd_files.folder_of_texts: {"source.format": "folder", "target.column": "label"},
    odd_files.empty_cells: {"checks.max_dropped_share": 0.2},
    odd_files.escaped_marks: {"source.escape": "\\"},
    odd_files.rare_name: {"target.rare": "drop", "split.test.share": 0.2},
    odd_files.rare_names: {"checks.min_rows": 1},
    odd_files.long_texts: {"encoding.max_length": 176},
}  # fmt: skip


def select(values: Any, dotted: str) -> Any:
    for key in dotted.split("."):
        values = values.get(key)
    return values


@pytest.mark.parametrize("write_files", CASES, ids=lambda function: function.__name__)
def test_a_suggestion_composes_and_prepare_accepts_it(
    write_files: Callable[[Path], list[Path]], project: Paths, tmp_path: Path
) -> None:
    suggestion = suggest(project, write_files(tmp_path))
    suggestion.write(force=False)
    dataset, experiment = suggestion.texts.values()
    values = yaml.safe_load(dataset)
    assert {dotted: select(values, dotted) for dotted in CASES[write_files]} == CASES[write_files]
    for text in (dataset, experiment):
        assert f"# dvc exp run -S choose.experiment={suggestion.name}\n" in text
    project.params.write_text(f"choose: {{experiment: {suggestion.name}}}\n")
    config = compose(project)
    assert (config.name, config.sweep.enabled) == (suggestion.name, False)
    report = prepare(config.dataset, project.root, project.prepared, project.scratch)
    counts = re.findall(r"\d+", dataset.splitlines()[3])
    rows = report["rows"]
    assert list(map(int, counts)) == [
        rows[name] for name in ("read", "train", "validation", "test")
    ]
    assert min(rows.values()) > 0


def tickets(project: Paths, folder: Path, **options: Any) -> Suggestion:
    return suggest(project, odd_files.semicolons(folder), **options)


def test_a_name_and_a_target_can_be_chosen(project: Paths, tmp_path: Path) -> None:
    suggestion = tickets(project, tmp_path, name="support", target="urgency")
    (dataset, _) = suggestion.texts
    assert dataset == project.conf / "dataset/support.yaml"
    assert "target: {task: regression, columns: [urgency]}" in suggestion.texts[dataset]
    assert any("--target team --force" in note for note in suggestion.notes)


def test_a_sheet_can_be_chosen(project: Paths, tmp_path: Path) -> None:
    files = odd_files.two_sheets(tmp_path)
    with pytest.raises(DataError, match=r"got 1: 'notes', 2: 'data'.*--suggest` takes --sheet"):
        suggest(project, files)
    text = next(iter(suggest(project, files, sheet="data").texts.values()))
    assert yaml.safe_load(text)["source"]["sheet"] == "data"


def test_the_input_can_be_chosen(project: Paths, tmp_path: Path) -> None:
    rows = [[odd_files.sentence(i), f"{i} 0.2 {i % 7}", "ab"[i % 2]] for i in range(60)]
    file = odd_files.table(tmp_path / "both.csv", ["text", "signal", "label"], rows)
    for wanted, columns in (("text", {"text": "text"}), ("signal", {"series": "signal"})):
        text = next(iter(suggest(project, file, wanted_input=wanted).texts.values()))
        assert yaml.safe_load(text)["columns"] == columns
    with pytest.raises(DataError, match=r"--input: expected one of the columns 'text', .* got 'x'"):
        suggest(project, file, wanted_input="x")
    rows = [[*row, i] for i, row in enumerate(rows)]
    file = odd_files.table(tmp_path / "more.csv", ["text", "signal", "label", "size"], rows)
    with pytest.raises(
        DataError, match=r"--input: expected a column of texts, .*got 'size' of text"
    ):
        suggest(project, file, wanted_input="size")


def test_an_alternative_is_in_the_notes_and_in_the_file(project: Paths, tmp_path: Path) -> None:
    rows = [[odd_files.sentence(i), i % 4, "xyz"[i % 3], i % 7] for i in range(60)]
    file = odd_files.table(tmp_path / "stars.csv", ["text", "stars", "region", "lengths"], rows)
    suggestion = suggest(project, file, target="stars")
    other = "target: {task: regression, columns: [stars]}"
    assert any(other in note for note in suggestion.notes)
    text = next(iter(suggestion.texts.values())).replace("\n# ", " ")
    assert other in text
    assert "--target region" in text
    assert (
        "may also be read, if known before the target: static: {numbers: [], categories: [region]}"
        in text
    )


def test_cells_that_no_reader_reads_are_in_the_notes(project: Paths, tmp_path: Path) -> None:
    views = suggest(project, odd_files.thousands(tmp_path))
    assert any("'views' seem to have separators of thousands" in note for note in views.notes)
    arrays = suggest(project, odd_files.texts_of_series(tmp_path))
    assert any("lists of 'topics' are text, such as ['x', 'y']" in note for note in arrays.notes)


def test_existing_files_are_replaced_only_by_force(project: Paths, tmp_path: Path) -> None:
    suggestion = tickets(project, tmp_path, name="twice")
    suggestion.write(force=False)
    dataset, experiment = suggestion.texts
    experiment.unlink()
    with pytest.raises(InputError, match=r"twice\.yaml: expected no such file; got one.*--force"):
        suggestion.write(force=False)
    assert not experiment.exists()
    dataset.write_text("old")
    suggestion.write(force=True)
    assert dataset.read_text() == suggestion.texts[dataset]


def test_files_under_data_raw_stay_where_they_are(project: Paths) -> None:
    folder = project.raw / "mine"
    folder.mkdir(parents=True)
    suggestion = tickets(project, folder, name="placed")
    assert suggestion.copies == {}
    text = next(iter(suggestion.texts.values()))
    assert "files: {all: data/raw/mine/tickets.csv}" in text


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["none.csv"], r"expected a file or a folder; got none at .*none\.csv"),
        (["a.docx"], r"a\.docx: expected a folder, or a file that ends in one of csv"),
        (["a.csv", "b.jsonl"], "expected files of one format; got"),
        (["a.csv", "again/a.csv"], "expected files of different names"),
        (["bad.csv"], r"bad\.csv: expected"),
        (["a.csv"], "expected a column of texts or of series"),
    ],
)
def test_files_that_are_no_data_set_are_refused(
    project: Paths, tmp_path: Path, names: list[str], message: str
) -> None:
    (tmp_path / "again").mkdir()
    for name in ("a.csv", "again/a.csv", "a.docx", "b.jsonl"):
        (tmp_path / name).write_text("colour,size\n" + "red,1\nblue,2\n" * 20)
    (tmp_path / "bad.csv").write_text("")
    before = sorted(project.root.rglob("*"))
    with pytest.raises(InputError, match=message):
        suggest(project, [tmp_path / name for name in names])
    assert sorted(project.root.rglob("*")) == before


def test_a_name_that_no_data_set_may_have_is_refused(project: Paths, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--name: .*got '\.\./My data'.* such as my"):
        tickets(project, tmp_path, name="../My data")


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises((InputError, ConfigError), match="Run the command in a project folder"):
        tickets(Paths(tmp_path / "empty"), tmp_path)
