"""Multi-label targets: label sets, strata, thresholds, metrics, baselines, answers, plots."""

import itertools
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from labels import NASTY_LABELS
from pyarrow import csv
from sklearn import metrics as reference

from conveyor.batch.write import open_writer, schema
from conveyor.compose import compose
from conveyor.data.prepare import prepare
from conveyor.data.store import Prepared
from conveyor.errors import DataError
from conveyor.paths import Paths
from conveyor.serving import LoadedModel
from conveyor.tasks import Task
from conveyor.tasks.multilabel.baselines import Baselines
from conveyor.tasks.multilabel.decision import choose_thresholds, decide
from conveyor.tasks.multilabel.metrics import METRICS
from conveyor.tasks.multilabel.options import (
    LabelHead,
    LabelReport,
    LabelSpec,
    LabelTarget,
    Thresholds,
)
from conveyor.tasks.multilabel.strata import MIN_SET_ROWS, stratify
from conveyor.tasks.multilabel.target import Target
from conveyor.tasks.options import parse_spec
from conveyor.tasks.values import ModelOutputs, ScoredRows

NAMES = ["news", "sport", "weather"]
SPEC = LabelSpec(labels=NAMES)


def make_target(**options: Any) -> Target:
    settings = {"task": "multilabel", "column": "topics", **options}
    return Target(LabelTarget.model_validate(settings), {})


def make_rows(rows: int = 200, labels: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """True labels, of different frequency, and probabilities that follow them, with ties."""
    draw = np.random.default_rng(seed)
    targets = draw.random((rows, labels)) < np.linspace(0.1, 0.5, labels)
    outputs = 1 / (1 + np.exp(-(2.0 * targets - 2.0 + draw.normal(size=targets.shape))))
    return targets, outputs.round(2).clip(0.01, 0.99)


@pytest.mark.parametrize(
    ("options", "cells"),
    [
        ({"separator": ";"}, ["sport; news", "news;sport;news", " sport ;;news; ", "", None]),
        ({}, [["sport", "news"], ["news", "sport", "news"], [" sport", "news"], [], None]),
    ],
)
def test_order_repeats_and_white_space_do_not_count(
    options: dict[str, Any], cells: list[Any]
) -> None:
    keys, problems = make_target(**options).read([pa.array(cells)])
    assert keys.to_pylist() == [["news", "sport"]] * 3 + [[], None]
    assert problems.to_pylist() == [None] * 4 + ["missing_target"]


def test_a_list_with_a_null_is_missing_and_an_unlisted_label_is_unknown() -> None:
    target = make_target(labels=["news"])
    keys, problems = target.read([pa.array([["news", None], ["news", "sport"], ["news"]])])
    assert keys.to_pylist() == [None, ["news", "sport"], ["news"]]
    assert problems.to_pylist() == ["missing_target", "unknown_target", None]


@pytest.mark.parametrize(
    ("options", "cells", "hint"),
    [
        ({}, ["news;sport"], "set dataset.target.separator"),
        ({"separator": ";"}, [["news"]], "Remove the separator"),
        ({"separator": ";"}, [1.5], "Change dataset.target.column"),
    ],
)
def test_cells_of_another_type_are_refused_with_the_way_out(
    options: dict[str, Any], cells: list[Any], hint: str
) -> None:
    with pytest.raises(DataError, match=hint):
        make_target(**options).read([pa.array(cells)])


def test_labels_that_are_numbers_get_names() -> None:
    keys, _ = make_target().read([pa.array([[10, 9]])])
    assert keys.to_pylist() == [["10", "9"]]


def test_a_label_with_too_few_rows_is_named() -> None:
    target = make_target()
    keys = pa.array([[], ["news"], ["news", "sport"]], target.key_type)
    rows = {"train": np.array([1, 5, 3]), "test": np.array([0, 4, 1])}
    report = target.check(keys, rows, LabelSpec(labels=["news", "sport"]), 1)
    assert report["labels"] == {"train": {"news": 8, "sport": 3}, "test": {"news": 5, "sport": 1}}
    assert report["labels_per_row"] == {"train": 11 / 9, "test": 6 / 5}
    assert report["without_label"] == {"train": 1, "test": 0}
    assert report["co_occurrence"]["sport"] == {"news": 4, "sport": 4}
    assert report["warnings"] == ["label 'sport' has 1 test row, so its test metrics say little"]
    with pytest.raises(DataError, match="4 training rows of each label; got 3 of label 'sport'"):
        target.check(keys, rows, LabelSpec(labels=["news", "sport"]), 4)
    with pytest.raises(DataError, match="got empty sets only"):
        target.check(pa.array([[]], target.key_type), {"train": np.array([3])},
                     LabelSpec(labels=[]), 1)  # fmt: skip


def test_a_row_with_a_label_of_no_training_row_is_not_accepted() -> None:
    target = make_target()
    keys = pa.array([[], ["news"], ["news", "storm"]], target.key_type)
    assert target.accepts(keys, SPEC).tolist() == [True, True, False]
    assert target.encode(keys, SPEC).astype(int).tolist() == [[0, 0, 0], [1, 0, 0], [1, 0, 0]]


def test_frequent_sets_are_strata_and_rare_ones_join_by_their_rarest_label() -> None:
    #                 empty  a     b      a+b   a+c    b+c   d
    sets = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0],
                     [0, 1, 1, 0], [0, 0, 0, 1]], dtype=bool)  # fmt: skip
    rows = np.array([4, MIN_SET_ROWS, MIN_SET_ROWS, 3, 2, 3, 1])
    strata = stratify(sets, rows)
    empty, a, b, both, with_c, also_c, alone = strata.tolist()
    assert with_c == also_c  # c is rarer than a and b
    assert alone == empty  # a stratum of one row would never be drawn from
    assert len({empty, a, b, both, with_c}) == 5


def test_a_stratum_is_never_one_row_and_rare_labels_reach_each_fold() -> None:
    targets, _ = make_rows(60, 6)
    strata = Task(LabelSpec(labels=list("abcdef"))).comparison.strata(targets)
    assert np.bincount(strata)[strata].min() > 1


@pytest.mark.parametrize("metric", ["micro_f1", "macro_f1", "hamming_loss"])
@pytest.mark.parametrize("seed", range(5))
def test_chosen_thresholds_are_the_best_of_all(metric: Any, seed: int) -> None:
    targets, outputs = make_rows(12, 2, seed)
    targets[0] = True  # a label without rows would keep 0.5
    chosen = choose_thresholds(targets, outputs, metric)

    def score(values: tuple[float, ...]) -> float:
        spec = LabelSpec(labels=["a", "b"],
                         thresholds=Thresholds(values=list(values), metric=metric))  # fmt: skip
        value = Task(spec).metrics.compute_one(metric, targets, outputs)
        return -value if metric == "hamming_loss" else value

    each = [*(np.unique(outputs) + 0.001), 0.0, 1.0]
    assert score(tuple(chosen.values)) >= max(map(score, itertools.product(each, each))) - 1e-12


def test_a_label_without_positive_rows_keeps_its_threshold() -> None:
    outputs = np.array([[0.2], [0.9], [1.0]])
    assert choose_thresholds(np.zeros((3, 1), bool), outputs, "macro_f1").values == [0.5]


def test_a_label_that_is_best_left_out_is_left_out() -> None:
    targets, outputs = np.array([[True]] + [[False]] * 9), np.array([[0.1]] + [[1.0]] * 9)
    spec = Task(SPEC).head(_options("hamming_loss")).choose_decision(targets, outputs)
    assert not decide(spec, outputs).any()


def _options(thresholds: str | None, **options: Any) -> LabelHead:
    settings = {"loss": "cross_entropy", "gamma": 2.0, "label_weights": "none"}
    return LabelHead.model_validate(
        {"task": "multilabel", **settings, "thresholds": thresholds, **options}
    )


def test_every_metric_agrees_with_scikit_learn() -> None:
    targets, outputs = make_rows()
    predicted = outputs >= 0.5
    scores = Task(SPEC).metrics.score_all(targets, outputs)
    assert set(scores) == set(METRICS)
    expected = {
        "micro_f1": reference.f1_score(targets, predicted, average="micro"),
        "macro_f1": reference.f1_score(targets, predicted, average="macro"),
        "mean_average_precision": reference.average_precision_score(targets, outputs),
        "subset_accuracy": reference.accuracy_score(targets, predicted),
        "hamming_loss": reference.hamming_loss(targets, predicted),
        "log_loss": np.mean([reference.log_loss(t, o) for t, o in zip(targets.T, outputs.T,
                                                                      strict=True)]),
    }  # fmt: skip
    assert scores == pytest.approx(expected)


def test_metrics_and_answers_follow_the_thresholds_of_the_target() -> None:
    targets, outputs = np.array([[1, 0, 1]], bool), np.array([[0.4, 0.4, 0.6]], np.float32)
    thresholds = Thresholds(values=[0.3, 0.5, 0.7], metric="micro_f1")
    task = Task(SPEC.model_copy(update={"thresholds": thresholds}))
    assert Task(SPEC).answers.records(outputs)[0]["labels"] == ["weather"]
    assert task.answers.records(outputs)[0]["labels"] == ["news"]
    assert task.metrics.compute_one("micro_f1", targets, outputs) == pytest.approx(2 / 3)
    assert task.answers.parameters()["thresholds"] == [0.3, 0.5, 0.7]
    assert parse_spec(task.spec.model_dump(mode="json")) == task.spec


def test_a_champion_keeps_its_thresholds_in_the_order_of_the_challenger() -> None:
    thresholds = Thresholds(values=[0.2, 0.5, 0.8], metric="macro_f1")
    other = LabelSpec(labels=["weather", "sport", "news"], thresholds=thresholds)
    outputs = np.array([[0.3, 0.3, 0.9]])
    aligned = Task(SPEC).answers.align(ModelOutputs(other, outputs))
    assert aligned is not None
    assert aligned.spec.labels == NAMES
    assert aligned.spec.thresholds.values == [0.8, 0.5, 0.2]
    assert aligned.outputs.tolist() == [[0.9, 0.3, 0.3]]
    task, own = Task(aligned.spec).answers, Task(other).answers
    assert sorted(task.records(aligned.outputs)[0]["labels"]) == sorted(
        own.records(outputs)[0]["labels"]
    )
    fewer = LabelSpec(labels=["news", "sport"])
    assert Task(SPEC).answers.align(ModelOutputs(fewer, outputs)) is None


@pytest.mark.parametrize("loss", ["cross_entropy", "focal"])
def test_losses_by_hand(loss: str) -> None:
    import tensorflow as tf

    head = Task(LabelSpec(labels=["a", "b"])).head(_options(None, loss=loss, gamma=2.0,
                                                            label_weights="balanced"))  # fmt: skip
    targets = np.array([[1, 0], [0, 0], [0, 1], [0, 1]], bool)
    p = np.array([[0.8, 0.3], [0.1, 0.2], [0.4, 0.9], [0.5, 0.5]], np.float32)
    truth = np.where(targets, p, 1 - p)
    plain = -np.log(truth)
    tensors = tf.constant(targets), tf.constant(p)
    np.testing.assert_allclose(head.losses(*tensors), plain.mean(axis=1), rtol=1e-5)
    head.prepare_loss(targets, few_rows=False)
    weights = np.where(targets, [4 / 2, 4 / 4], [4 / 6, 4 / 4])
    focus = (1 - truth) ** 2 if loss == "focal" else 1.0
    expected = (plain * weights * focus).mean(axis=1)
    np.testing.assert_allclose(head.training_losses(*tensors), expected, rtol=1e-5)
    assert float(head.score(*tensors)) == pytest.approx(0.5)  # one label of the last row


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
