"""One trial as its process runs it, on real fits of small data."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conveyor.config import Config, FitConfig, narrow, overlay
from conveyor.data.store import Prepared
from conveyor.metrics.resampling import assign_folds
from conveyor.models.export import predict
from conveyor.sweep.protocol import Pruned, TrialJob
from conveyor.training import trainer
from conveyor.training.batches import BatchReader
from conveyor.training.fit import STATE_FILE, fit
from conveyor.training.state import TrainingState
from conveyor.training.trial import run


class Line:
    """A driver that keeps what it is told, and says stop at a validation."""

    def __init__(self, stop_at: int = 99) -> None:
        self.told: dict[int, dict[str, float]] = {}
        self.paces: list[tuple[float, int]] = []
        self.stop_at = stop_at

    def report(self, number: int, metrics: Mapping[str, float]) -> None:
        self.told[number] = dict(metrics)
        if number == self.stop_at:
            raise Pruned

    def report_pace(self, seconds: float, updates: int) -> None:
        self.paces.append((seconds, updates))


@pytest.fixture
def job(toys: Prepared, toy_config: Config, tmp_path: Path) -> TrialJob:
    config, scratch = narrow(toy_config, FitConfig), str(tmp_path / "a")
    return TrialJob(number=0, config=config, prepared=str(toys.folder), scratch=scratch)


def test_an_interrupted_trial_goes_on_after_its_last_validation_to_the_same_result(
    job: TrialJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Line()
    expected = run(job, whole)
    cut = replace(job, scratch=str(tmp_path / "b"))
    with pytest.raises(Pruned):
        run(cut, Line(stop_at=2))
    trained: list[int] = []
    save = TrainingState.save
    monkeypatch.setattr(
        TrainingState,
        "save",
        lambda self, model: (trained.append(len(self.history.validations)), save(self, model)),
    )
    again = Line()
    assert run(cut, again) == expected
    assert trained == [3, 4]
    assert again.told == whole.told
    assert list(again.told) == [0, 1, 2, 3, 4]


def test_size_is_told_before_anything_is_trained(job: TrialJob) -> None:
    line = Line(stop_at=0)
    with pytest.raises(Pruned):
        run(job, line)
    assert line.told[0]["parameters"] > 0
    assert line.told[0]["flops"] > line.told[0]["parameters"]
    assert not Path(job.scratch, STATE_FILE).exists()


@pytest.mark.parametrize(("timed", "updates"), [(0.0, 2), (99.0, 4)])
def test_the_pace_is_told_once_after_some_seconds_or_before_the_first_validation(
    job: TrialJob, monkeypatch: pytest.MonkeyPatch, timed: float, updates: int
) -> None:
    monkeypatch.setattr(trainer, "TIMED_SECONDS", timed)
    changes = {"train.validate_every": 4, "train.updates": 8, "train.epochs": None}
    line = Line()
    run(replace(job, config=overlay(job.config, changes)), line)
    [(seconds, done)] = line.paces
    assert 0 < seconds < 5
    assert done == updates


def test_latency_is_measured_where_it_is_wanted(job: TrialJob) -> None:
    found = run(replace(job, latency=True), Line())
    assert 0.001 < found["latency_ms"] < 1000


def test_the_macro_f1_of_a_validation_is_that_of_its_predictions(
    toys: Prepared, toy_config: Config
) -> None:
    model, history = fit(overlay(toy_config, {"train.epochs": 2}), toys, progress=False)
    held = toys.split("validation")
    expected = toys.task.metrics.compute_one("macro_f1", held.targets, predict(model, held.encoded))
    assert history.best["val_macro_f1"] == pytest.approx(expected, abs=1e-6)


def test_a_metric_that_the_sweep_asks_for_is_computed_beside_the_default_ones(
    job: TrialJob, toys: Prepared
) -> None:
    plain, wanted = run(job, Line()), replace(job, metrics=("mcc",), scratch=f"{job.scratch}-mcc")
    line = Line()
    best = run(wanted, line)
    assert best.keys() - plain.keys() == {"val_mcc"}
    assert {name: best[name] for name in plain} == plain
    assert line.told[int(best["best_epoch"])]["val_mcc"] == best["val_mcc"]
    assert -1 <= best["val_mcc"] <= 1


def test_folds_share_out_every_row_once_and_every_class_evenly() -> None:
    labels = np.array([0] * 7 + [1] * 11 + [2] * 3)
    found = assign_folds(labels, 3, seed=4)
    assert np.bincount(found).tolist() == [7, 7, 7]
    for label, rows in ((0, 7), (1, 11), (2, 3)):
        counts = np.bincount(found[labels == label], minlength=3)
        assert counts.max() - counts.min() <= 1
        assert counts.sum() == rows
    assert (found == assign_folds(labels, 3, seed=4)).all()
    assert (found != assign_folds(labels, 3, seed=5)).any()


def test_a_fold_validates_on_its_rows_and_trains_on_the_others(toys: Prepared) -> None:
    splits = [toys.split("train"), toys.split("validation")]
    every = [split.sequences[i] for split in splits for i in range(len(split.targets))]
    pooled = BatchReader(splits)
    inside = assign_folds(pooled.targets, 4, seed=1) == 2
    held, rest = pooled.subset(inside), pooled.subset(~inside)
    for some, kept in ((held, inside), (rest, ~inside)):
        seen = np.concatenate([
            inputs["values"][i, : inputs["lengths"][i]]
            for inputs, _ in some.read([np.arange(len(some.targets))])
            for i in range(len(some.targets))
        ])  # fmt: skip
        rows = [every[row] for row in np.flatnonzero(kept)]
        assert (seen == np.concatenate(rows)).all()


def test_each_fold_has_a_result_of_its_own(job: TrialJob, tmp_path: Path) -> None:
    losses = set()
    for which in range(3):
        own = replace(job, fold=(which, 3), scratch=str(tmp_path / str(which)))
        losses.add(run(own, Line())["val_loss"])
    assert len(losses) == 3
