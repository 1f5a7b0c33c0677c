"""A label is data: nasty ones pass through every renderer, and stay what they are."""

import csv
import html.parser
import json
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from labels import NASTY_LABELS
from mlflow import MlflowClient
from PIL import Image
from pydantic import TypeAdapter

from conveyor import gates
from conveyor.batch.write import open_writer, schema
from conveyor.config import Config, Evaluate, Gates
from conveyor.config.dataset import Dataset
from conveyor.data.prepare import prepare
from conveyor.data.store import Prepared
from conveyor.escape import csv_text, markdown_text, mlflow_name, plot_text
from conveyor.evaluation import report
from conveyor.evaluation.evaluate import evaluate
from conveyor.evaluation.results import Evaluation, EvaluationInput
from conveyor.plots import data as data_plots
from conveyor.plots import drift as drift_plots
from conveyor.registry.model_version import ModelVersion
from conveyor.registry.verdict_files import render_markdown, verdict_tags, write
from conveyor.tasks import Task
from conveyor.tasks.classification import plots as evaluation_plots
from conveyor.tasks.classification.curves import compute_class_curves
from conveyor.tasks.classification.options import ClassReport, ClassSpec
from tests.toys import make_split

COUNT = len(NASTY_LABELS)
TASK = Task(ClassSpec(classes=NASTY_LABELS))
REPORT = ClassReport(task="classification", calibration_bins=5)
SCORING = Evaluate(bootstrap_samples=10, confidence=0.9, report=REPORT, length_slices=2,
                   worst_rows=COUNT, baselines=False)  # fmt: skip
TEXT_ENCODING = {
    "tokenizer": "word", "lowercase": True, "unescape_html": False, "normalise": "nfc",
    "strip_accents": False, "vocabulary": 1000, "min_frequency": 1, "max_length": 50,
    "characters": 0,
    "raw_text": None,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _missing_glyphs_are_errors() -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph")
        warnings.filterwarnings("error", message=".*constrained_layout not applied")
        yield


def evaluated() -> tuple[Evaluation, EvaluationInput]:
    """Two rows of each nasty label; the second is taken for the next label."""
    labels = np.tile(np.arange(COUNT), 2)
    raw = [NASTY_LABELS[label] for label in labels]
    ids = [f"{name} {i}" for i, name in enumerate(raw)]
    test = make_split(ids, raw, labels, np.arange(2 * COUNT) + 1)
    predicted = np.where(np.arange(2 * COUNT) < COUNT, labels, (labels + 1) % COUNT)
    probabilities = np.where(np.eye(COUNT)[predicted] > 0, 0.9, 0.1 / COUNT)
    data = EvaluationInput("text", TASK, test, test, test, probabilities)
    return evaluate(data, SCORING, 0), data


def cells(table_row: str) -> list[str]:
    """The cells of a row of a Markdown table."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", table_row)[1:-1]]


def test_the_evaluation_report_holds_every_nasty_label(tmp_path: Path) -> None:
    evaluation, data = evaluated()
    folder = tmp_path / "evaluation"
    report.write(folder, evaluation, data, SCORING)
    assert list(json.loads((folder / "report.json").read_text())["classes"]) == NASTY_LABELS
    with (folder / "predictions.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header[4:] == [f"p({name})" for name in NASTY_LABELS]
    assert [row[1] for row in rows] == [csv_text(str(label)) for label in data.test.rows]
    assert "'=1+1" in [row[1] for row in rows]
    by_class, errors = (folder / "report.md").read_text().split("## By class")[1].split("## Most")
    table = [cells(line) for line in by_class.splitlines() if line.startswith("|")][2:]
    assert [row[0] for row in table] == [markdown_text(name).strip() for name in NASTY_LABELS]
    assert all(len(row) == 5 for row in table)
    table = [cells(line) for line in errors.splitlines() if line.startswith("|")][2:]
    assert len(table) == COUNT
    assert all(len(row) == 5 for row in table)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [("a|b", "a\\|b"), ("a\nb", "a b"), ("<b>", "&lt;b&gt;"), ("&amp;", "&amp;amp;"),
     ("\\", "\\\\"), ("_x_", "\\_x\\_"), ("macro_f1", "macro_f1"), ("[x](y)", "\\[x](y)"),
     (" ", "' '"), ("$x$", "\\$x\\$"), ("中文", "中文")],
)  # fmt: skip
def test_markdown_shows_text_as_it_is(text: str, escaped: str) -> None:
    assert markdown_text(text) == escaped


def test_plots_draw_every_nasty_label(tmp_path: Path) -> None:
    counts = {split: dict.fromkeys(NASTY_LABELS, 3) for split in ("train", "validation", "test")}
    data_plots.plot_counts(counts, tmp_path / "classes.png", "Classes")
    values = np.arange(5, dtype=np.float32)
    effects = [(f"class {name}", 0.5, True) for name in NASTY_LABELS]
    for start in range(0, COUNT, 20):
        drift_plots.plot_effects(effects[start : start + 20], 0.1, tmp_path / f"effects{start}.png")
    pairs = dict.fromkeys(NASTY_LABELS[:6], (values, values + 1))
    drift_plots.plot_distributions(pairs, tmp_path / "distributions.png")
    assert len(list(tmp_path.glob("*.png"))) == 4


def test_a_legend_has_a_label_that_begins_with_an_underscore(tmp_path: Path) -> None:
    """Matplotlib leaves an artist out whose own label begins so; then both plots would be equal."""
    labels = np.array([0, 1, 0, 1])
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.3, 0.7]])
    pixels = []
    for name in ("_a", "_b"):
        curves = compute_class_curves(labels, probabilities, ["no", name])
        evaluation_plots.plot_curves(curves, tmp_path / "curves.png")
        pixels.append(np.asarray(Image.open(tmp_path / "curves.png")))
    assert (pixels[0] != pixels[1]).any()


def test_texts_of_plots_are_one_short_line() -> None:
    for name in NASTY_LABELS:
        text = plot_text(name)
        assert len(text) <= 40
        assert text.splitlines() == [text]
        assert text.strip()


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_prepare_keeps_every_nasty_label(tmp_path: Path, form: str, toy_config: Config) -> None:
    rows = [
        {"text": f"word{i} of {label}", "label": name}
        for label, name in enumerate(NASTY_LABELS) for i in range(6)
    ]  # fmt: skip
    table, path = pa.Table.from_pylist(rows), tmp_path / f"rows.{form}"
    if form == "csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, ["text", "label"])
            writer.writeheader()
            writer.writerows(rows)
    elif form == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        pq.write_table(table, path)
    values = toy_config.dataset.model_dump(mode="json")
    values |= {
        "kind": "text", "source": values["source"] | {"format": form, "files": {"all": path.name}},
        "columns": {"text": "text", "separator": "\n", "id": None},
        "checks": {"min_rows": 1, "max_dropped_share": 0.05},
        "engine": {"threads": 2, "memory": "200MB"},
        "encoding": TEXT_ENCODING,
    }  # fmt: skip
    config = TypeAdapter(Dataset).validate_python(values)
    data_report = prepare(config, tmp_path, tmp_path / "prepared", tmp_path / "cache")
    classes = {name for name in NASTY_LABELS if name.strip()}
    assert set(Prepared(tmp_path / "prepared").meta.target.classes) == classes
    assert data_report["dropped"]["missing_target"]["rows"] == 6, "a label of white space is none"
    data_plots.plot_counts(data_report["classes"], tmp_path / "classes.png", "Classes")


def verdict() -> gates.Verdict:
    """A verdict with a bar on each class; half of the rows of a class are wrong."""
    evaluation, data = evaluated()
    values = {
        "bars": {}, "champion": {"test": "mcnemar", "metric": "accuracy", "margin": 0.0,
                                 "confidence": 0.95, "samples": 10},
        "must_beat_baselines": {"waived": "not compared"},
        "slices": {"bars": {"class *": {"accuracy": {"min": 0.9, "max": None}}},
                   "metric": "accuracy", "tolerance": None, "min_rows": 1, "lengths": 2},
        "max_bytes": None, "max_latency_ms": None, "padding_tolerance": None,
        "round_trip_tolerance": None, "data": None,
        "own": {}, "quantisation": {"max_drop": None, "padding_tolerance": None},
    }  # fmt: skip
    evidence = gates.Evidence(
        data.task,
        data.test.targets,
        data.outputs,
        None,
        None,
        evaluation.scores,
        None,
        data.test.sequences.lengths,
    )
    return gates.decide(evidence, Gates.model_validate(values))


def test_a_verdict_is_one_table_row_a_gate() -> None:
    page = render_markdown(verdict()).splitlines()
    assert len(page) == 2 + COUNT + 2  # the gates on the champion and on the baselines
    assert all(len(cells(line)) == 3 for line in page)


def test_the_page_of_a_verdict_has_no_tag_of_a_label(tmp_path: Path) -> None:
    tags = set()

    class Tags(html.parser.HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            tags.add(tag)

    version = ModelVersion("NASTY <i>", "<u>", "run", 0.0, {"git.revision": "<s>"})
    write(tmp_path / "promotion", version, verdict())
    Tags().feed((tmp_path / "promotion" / "verdict.html").read_text())
    assert not tags & {"b", "i", "u", "s"}
    assert "table" in tags


def test_mlflow_takes_a_tag_for_each_gate(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    client = MlflowClient(store, registry_uri=store)  # else an earlier test's registry is taken
    client.create_registered_model("toys")
    version = client.create_model_version("toys", str(tmp_path)).version
    tags = verdict_tags(verdict())
    # Verdict, reasons and what was waived; the gates on the champion and on the baselines.
    assert len(tags) == 3 + COUNT + 2
    for key, value in tags.items():
        client.set_model_version_tag("toys", version, key, value)
    assert client.get_model_version("toys", version).tags == tags


def test_names_for_mlflow_differ_where_labels_do() -> None:
    names: list[str] = []
    for name in NASTY_LABELS:
        names.append(mlflow_name(f"gate.{name}", names))
    assert len(set(names)) == COUNT


def test_a_csv_of_answers_has_a_column_for_each_label(tmp_path: Path) -> None:
    columns = schema(TASK.answers, with_ids=False)
    probabilities = dict.fromkeys(NASTY_LABELS, 0.25)
    answer = {"row": 0, "label": "$$", "probability": 0.25, "probabilities": probabilities}
    with open_writer(tmp_path / "answers.csv", columns) as append:
        append(columns.empty_table().from_pylist([answer], schema=columns))
    with (tmp_path / "answers.csv").open(newline="") as file:
        header, row = csv.reader(file)
    assert header[3:] == [f"probabilities.{name}" for name in NASTY_LABELS]
    assert row[3:] == ["0.25"] * COUNT
