"""What arrived since the champion was trained, and how the champion does on it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from toys import write_toys

from conveyor.config import Config, overlay
from conveyor.config.dataset import TextEncoding
from conveyor.data.prepare import prepare
from conveyor.data.store import Prepared
from conveyor.encoding import TextEncoder
from conveyor.errors import ExitCode
from conveyor.paths import Paths
from conveyor.retraining import report
from conveyor.retraining.drift import Summary, compare
from conveyor.retraining.job import RetrainOutcome
from conveyor.retraining.profile import (
    PROFILE,
    Profile,
    compute_profile,
    summarise_predictions,
)
from conveyor.retraining.review import Review, review_data
from conveyor.serving import LoadedModel, Predictions
from conveyor.serving.card import Card
from conveyor.tasks.classification.options import ClassSpec

Change = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@pytest.fixture
def model(toy_product: Path) -> LoadedModel:
    return LoadedModel.load(toy_product)


@pytest.fixture
def night(
    toys: Prepared, toy_config: Config, model: LoadedModel, tmp_path: Path
) -> Callable[[int, Change], Review]:
    """Review the toys, or more of them, after a change of their rows."""
    known = compute_profile(toys, model)

    def look(rows: int, change: Change) -> Review:
        write_toys(tmp_path, rows)
        file = tmp_path / "toys.jsonl"
        changed = change([json.loads(line) for line in file.read_text().splitlines()])
        file.write_text("\n".join(map(json.dumps, changed)))
        prepare(toy_config.dataset, tmp_path, tmp_path / "prepared", tmp_path / "cache")
        prepared = Prepared(tmp_path / "prepared")
        return review_data(toy_config.retrain, prepared, "1", 3.5, model, known)

    return look


def same(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return rows


def test_the_same_rows_are_nothing_new_though_they_are_shuffled(
    night: Callable[[int, Change], Review],
) -> None:
    found = night(80, lambda rows: rows[::-1])
    assert (found.inputs.arrived, found.gone, found.inputs.before) == (0, 0, 80)
    assert (found.findings, found.score) == ([], None)


def test_new_relabelled_and_missing_rows_are_counted(
    night: Callable[[int, Change], Review],
) -> None:
    def change(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        rows[1]["label"] = "down"
        return rows[:78] + rows[80:]

    found = night(90, change)
    assert (found.inputs.arrived, found.gone) == (11, 3)
    assert found.score is not None
    assert found.score.rows == 10  # the relabelled one is no new input: the champion knows it
    assert found.inputs.score == found.score
    assert found.score.value == found.score.numbers["right"] / 10


def test_more_of_the_same_does_not_drift_and_is_answered_well(
    night: Callable[[int, Change], Review],
) -> None:
    found = night(200, same)
    assert found.inputs.arrived == 120
    assert found.inputs.tested == 8
    assert found.inputs.drifting == ()
    assert found.score is not None
    assert found.score.value > 0.9
    low, high = found.score.interval
    assert low < found.score.value <= high


def test_a_moved_channel_and_labels_that_are_wrong_now_are_found(
    night: Callable[[int, Change], Review],
) -> None:
    def change(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for row in rows[80:]:
            row["series"] = [[first, second + 9] for first, second in row["series"]]
            row["label"] = {"up": "down", "down": "up"}[row["label"]]
        return rows

    found = night(200, change)
    assert "level of channel 1" in found.inputs.drifting
    assert not {"level of channel 0", "length", "label"} & set(found.inputs.drifting)
    assert found.inputs.score is not None
    assert found.inputs.score.value < 0.6


def test_rows_that_cannot_be_compared_are_a_reason_to_train(
    toys: Prepared, toy_config: Config, model: LoadedModel, tmp_path: Path
) -> None:
    unknown = review_data(toy_config.retrain, toys, "1", 0.0, model, None)
    assert "no profile of the champion" in unknown.decision.summary
    row = {"series": [[1.0, 2.0, 3.0]], "label": "up"}
    rows = [{**row, "series": [[float(i), 2.0, 3.0]], "label": "ud"[i % 2]} for i in range(60)]
    (tmp_path / "toys.jsonl").write_text("\n".join(map(json.dumps, rows)))
    prepare(toy_config.dataset, tmp_path, tmp_path / "prepared", tmp_path / "cache")
    wider = Prepared(tmp_path / "prepared")
    review = review_data(toy_config.retrain, wider, "1", 0.0, model, compute_profile(toys, model))
    assert "the champion reads 2 channels; the data have 3 now" in review.decision.summary
    masked = overlay(toy_config, {"dataset.encoding.missing": "mask"}).dataset
    write_toys(tmp_path)
    prepare(masked, tmp_path, tmp_path / "prepared", tmp_path / "cache")
    filled = Prepared(tmp_path / "prepared")
    review = review_data(toy_config.retrain, filled, "1", 0.0, model, compute_profile(toys, model))
    assert "the champion refuses missing values" in review.decision.summary


def test_a_profile_is_small_holds_no_pickle_and_comes_back_whole(
    toys: Prepared, model: LoadedModel, tmp_path: Path
) -> None:
    saved = compute_profile(toys, model)
    saved.save(tmp_path / PROFILE)
    back = Profile.load(tmp_path / PROFILE)
    assert (tmp_path / PROFILE).stat().st_size < 10_000
    assert back.pairs.tolist() == saved.pairs.tolist()
    assert (back.summary.counts, back.summary.rates) == (saved.summary.counts, saved.summary.rates)
    for name, values in saved.summary.samples.items():
        np.testing.assert_array_equal(back.summary.samples[name], values)
    counts = toys.meta.counts
    assert sum(back.summary.counts["label"].values()) == counts["train"] + counts["validation"]
    assert sum(back.summary.counts["predicted label"].values()) == counts["test"]


def test_unknown_words_are_found(toy_config: Config) -> None:
    draw = np.random.default_rng(5)
    words = [f"word{i}" for i in range(300)]
    encoding = TextEncoding.model_validate({
        "tokenizer": "word", "vocabulary": 200, "min_frequency": 1, "max_length": 50,
        "characters": 0,
        "raw_text": None,
        "lowercase": True, "normalise": "nfc", "strip_accents": False, "unescape_html": False,
    })  # fmt: skip

    def texts(share: float) -> list[str]:
        rows = []
        for _ in range(150):
            known = draw.choice(words, draw.integers(4, 12))
            rows.append(" ".join(w if draw.random() > share else f"new{w}" for w in known))
        return rows

    encoder = TextEncoder.fit(texts(0.0), encoding)
    card = Card(format=2, kind="text", target=ClassSpec(classes=["a", "b"]))
    net = LoadedModel(cast(Any, None), encoder, card)
    answers = Predictions(net.task, np.full((150, 2), 0.5, np.float32))

    def summary(share: float) -> Summary:
        return summarise_predictions(texts(share), net, answers)

    before = summary(0.0)
    for share, drifts in ((0.0, False), (0.2, True)):
        found = compare(before, summary(share), toy_config.retrain.drift)
        (rate,) = [one for one in found if one.feature == "unknown tokens"]
        assert rate.drifts == drifts


def test_the_report_is_json_markdown_and_plots(
    night: Callable[[int, Change], Review], tmp_path: Path
) -> None:
    folder = Paths(tmp_path).retraining
    outcome = RetrainOutcome(
        ExitCode.NOTHING_TO_DO, "not trained: no trigger fired", None, night(200, same)
    )
    report.write(folder, "toys", outcome, 0.1)
    assert {p.name for p in folder.iterdir()} == {
        "report.json", "report.md", "effects.png", "distributions.png"}  # fmt: skip
    read = json.loads((folder / "report.json").read_text())
    assert (read["code"], read["evidence"]["arrived"], len(read["drift"])) == (10, 120, 8)
    page = (folder / "report.md").read_text()
    assert page.startswith(f"# toys, {datetime.now(UTC):%Y-%m-%d} ")
    assert "UTC: not trained: no trigger fired" in page.splitlines()[0]
    assert "120 rows are new or relabelled, and 0 are gone" in page
    assert "| length | Kolmogorov-Smirnov |" in page
    report.write(
        folder, "toys", RetrainOutcome(ExitCode.NOTHING_TO_DO, "few", None, night(85, same)), 0.1
    )
    assert "Not tested" in (folder / "report.md").read_text()
    assert not (folder / "effects.png").exists()
