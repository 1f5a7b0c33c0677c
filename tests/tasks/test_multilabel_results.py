"""Models of several labels a row: compared with others, answered and reported."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from labels import NASTY_LABELS
from multilabel_rows import NAMES, SPEC, make_rows, make_target
from pyarrow import csv
from sklearn import metrics as reference

from conveyor.batch.write import open_writer, schema
from conveyor.compose import compose
from conveyor.data.prepare import prepare
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.serving import LoadedModel
from conveyor.tasks import Task
from conveyor.tasks.multilabel.baselines import Baselines
from conveyor.tasks.multilabel.options import (
    LabelReport,
    LabelSpec,
    Thresholds,
)
from conveyor.tasks.values import ModelOutputs, ScoredRows


def test_baselines_choose_thresholds_of_their_own() -> None:
    texts = ["goal match", "rain wind", "goal rain", "vote"] * 10
    targets = np.array([[0, 1, 0], [0, 0, 1], [0, 1, 1], [1, 0, 0]] * 10, bool)
    thresholds = Thresholds(values=[0.9, 0.9, 0.9], metric="micro_f1")
    spec = SPEC.model_copy(update={"thresholds": thresholds})
    shares, linear = Baselines(spec).predict("text", texts, targets, texts[:4], 0).values()
    np.testing.assert_allclose(shares.outputs, [[0.25, 0.5, 0.5]] * 4)
    scores = Task(linear.spec).metrics.score_all(targets[:4], linear.outputs)
    assert scores["micro_f1"] == 1.0
    assert linear.spec.thresholds != thresholds
    plain = Baselines(SPEC).predict("text", texts, targets, texts[:4], 0)
    assert all(model.spec == SPEC for model in plain.values())


def test_a_better_model_has_a_small_p_and_an_equal_one_has_none() -> None:
    targets, outputs = make_rows()
    better = ModelOutputs(SPEC, np.where(targets, 0.9, 0.1))
    worse = ModelOutputs(SPEC, outputs)
    comparison = Task(SPEC).comparison
    assert comparison.p_values(targets, better, worse).better < 0.001
    assert comparison.p_values(targets, worse, worse) == (1.0, 1.0)
    cautious = SPEC.model_copy(
        update={"thresholds": Thresholds(values=[0.99] * 3, metric="micro_f1")}
    )
    none = ModelOutputs(cautious, better.outputs)  # equal outputs, but no label in any answer
    assert comparison.p_values(targets, better, none).better < 0.001


def test_new_rows_are_scored_with_labels_that_the_model_does_not_know() -> None:
    outputs = np.array([[0.9, 0.1, 0.1], [0.1, 0.9, 0.1]])
    score = Task(SPEC).comparison.score([["news"], ["sport", "storm"]], outputs)
    assert score.value == pytest.approx(2 * 2 / (2 + 3))
    assert score.numbers == {"unknown_labels": 1}
    assert score.interval[0] < score.value <= score.interval[1]


def test_drift_is_counted_by_label_and_for_unknown_ones() -> None:
    answers = Task(SPEC).answers
    counts = answers.summarise_targets([["news"], ["news", "storm"], []]).counts
    assert counts["label news"] == {"with": 2, "without": 1}
    assert counts["label sport"] == {"with": 0, "without": 3}
    assert counts["labels unknown to the model"] == {"with": 1, "without": 2}
    assert answers.summarise(np.array([[0.9, 0.9, 0.1]])).samples["predicted labels"] == [2.0]


def test_columns_have_nulls_for_rows_without_a_prediction() -> None:
    answers = Task(SPEC).answers
    outputs = np.array([[0.9, 0.1, 0.1], [0.0, 0.0, 0.0]], np.float32)
    table = pa.Table.from_arrays(
        answers.columns(outputs, np.array([False, True])), schema=answers.schema
    )
    first, second = table.to_pylist()
    assert first["labels"] == ["news"]
    assert first["probabilities"]["news"] == pytest.approx(0.9)
    assert second == {"labels": None, "probabilities": None}


def test_the_report_has_a_table_by_label_and_its_plots(tmp_path: Path) -> None:
    targets, outputs = make_rows(80)
    thresholds = Thresholds(values=[0.2, 0.3, 0.4], metric="macro_f1")
    report = Task(SPEC.model_copy(update={"thresholds": thresholds})).report
    texts = [f"row {i}" for i in range(80)]
    rows = ScoredRows(texts, texts, targets, np.full(80, 2), outputs)
    details = report.details(rows, worst_rows=3)
    precision, recall, f1, support = reference.precision_recall_fscore_support(
        targets, outputs >= [0.2, 0.3, 0.4]
    )
    for position, name in enumerate(NAMES):
        assert details["per_label"][name] == pytest.approx({
            "precision": precision[position], "recall": recall[position], "f1": f1[position],
            "rows": support[position], "threshold": thresholds.values[position],
            "average_precision": reference.average_precision_score(targets[:, position],
                                                                   outputs[:, position]),
        })  # fmt: skip
    assert [len(details["worst"]), details["labels"]] == [3, NAMES]
    page = report.section(details)
    assert all(name in page for name in NAMES)
    report.draw(rows, LabelReport(task="multilabel", plotted_labels=2), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"labels.png", "curves.png", "pr.csv"}
    columns, table = report.predictions(rows)
    assert columns == ["id", "labels", "predicted", "p(news)", "p(sport)", "p(weather)"]
    assert len(table) == 80


def test_any_text_is_a_label(tmp_path: Path) -> None:
    targets, outputs = make_rows(60, len(NASTY_LABELS))
    task = Task(LabelSpec(labels=NASTY_LABELS))
    texts = [f"row {i}" for i in range(60)]
    rows = ScoredRows(texts, texts, targets, np.full(60, 2), outputs)
    page = task.report.section(task.report.details(rows, worst_rows=5))
    table = page.split("## Worst errors")[0].splitlines()
    # Each label has one line of seven cells, whatever is in it.
    lines = [line for line in table if line.startswith("|")][2:]
    assert len(lines) == len(NASTY_LABELS)
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {8}
    task.report.draw(rows, LabelReport(task="multilabel", plotted_labels=50), tmp_path)
    keys, _ = make_target().read([pa.array([[label] for label in NASTY_LABELS])])
    visible = [label.strip() for label in NASTY_LABELS if label.strip()]
    assert keys.to_pylist() == [[label.strip()] if label.strip() else [] for label in NASTY_LABELS]
    report = make_target().check(
        pa.array([[], visible], keys.type),
        {"train": np.array([1, 1]), "test": np.array([5, 5])},
        LabelSpec(labels=visible),
        1,
    )
    task.plot_targets({**report, "rows": {"train": 2, "test": 10}}, tmp_path)
    assert all((tmp_path / f"{name}.png").is_file() for name in ("labels", "co_occurrence"))


TOPICS = {"news": "minister vote", "sport": "goal match", "weather": "rain wind"}


ROOT = Path(__file__).parents[2]


TINY = """
choose: {dataset: topics, sweep: none}
model: {units: [8], bidirectional: false, embedding: 8, pooling: max, dropout: 0.0}
train: {epochs: 30, batch_size: 16, learning_rate: 0.02, refit: false}
"""


def test_the_recipe_of_the_docs_trains_a_model_that_answers_sets(tmp_path: Path) -> None:
    from conveyor.training.fit import fit
    from conveyor.training.model_folder import write_model

    page = (ROOT / "docs/extending.md").read_text()
    recipe = re.search(r"Write `(\S+/topics\.yaml)`:\n\n```yaml\n(.*?)^```", page, re.M | re.S)
    assert recipe is not None
    name, text = recipe.groups()
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    (tmp_path / name).write_text(text)
    (tmp_path / "params.yaml").write_text(TINY)
    write_topics(tmp_path / "data/raw/topics.csv")
    paths = Paths(tmp_path)
    config = compose(paths)
    assert {config.choose[group] for group in ("head", "gates", "evaluate")} == {"multilabel"}
    report = prepare(config.dataset, tmp_path, paths.prepared, tmp_path / "cache")
    assert report["without_label"]["train"] > 0
    prepared = Prepared(paths.prepared)
    assert prepared.meta.target == SPEC
    write_model(*fit(config, prepared, progress=False), config, prepared, paths.model)
    model, test = LoadedModel.load(paths.model), prepared.split("test")
    assert model.task.spec.thresholds.metric == "micro_f1"
    assert model.task.metrics.compute_one("micro_f1", test.targets,
                                          model.predict(test.rows).outputs) > 0.95  # fmt: skip
    answers = model.predict(["rain and wind and a goal", "nothing at all"]).records()
    assert [answer["labels"] for answer in answers] == [["sport", "weather"], []]


def write_topics(path: Path, rows: int = 240) -> None:
    """Texts with the words of up to three topics, and the topics in any order."""
    draw = np.random.default_rng(5)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        file.write("text,topics\n")
        for number in range(rows):
            topics = [t for t in draw.permutation([*TOPICS]) if draw.random() < 0.4]
            words = [word for t in topics for word in TOPICS[t].split()] + ["nothing", f"x{number}"]
            file.write(f"{' '.join(draw.permutation(words))},{'; '.join(topics)}\n")


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_file_of_answers_has_the_labels_of_each_row(tmp_path: Path, suffix: str) -> None:
    answers, path = Task(SPEC).answers, tmp_path / f"answers.{suffix}"
    outputs = np.array([[0.9, 0.1, 0.8], [0.1, 0.1, 0.1], [0.0, 0.0, 0.0]], np.float32)
    columns = answers.columns(outputs, np.array([False, False, True]))
    names = schema(answers, with_ids=False)
    with open_writer(path, names) as write:
        write(pa.Table.from_arrays([pa.array([0, 1, 2]), *columns], schema=names))
    if suffix == "parquet":
        labels = pq.read_table(path)["labels"].to_pylist()
    elif suffix == "jsonl":
        labels = [json.loads(line)["labels"] for line in path.read_text().splitlines()]
    else:
        texts = csv.read_csv(path, convert_options=csv.ConvertOptions(strings_can_be_null=True))
        labels = [text and json.loads(text) for text in texts["labels"].to_pylist()]
    assert labels == [["news", "weather"], [], None]
