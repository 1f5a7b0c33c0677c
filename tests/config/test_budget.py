"""What `auto` makes of the rows: batches, updates, validations, folds, and whether to search."""

from pathlib import Path
from typing import Any

import pytest

from conveyor.compose import compose
from conveyor.config import ConfigError, Train
from conveyor.config.budget import count_folds, count_trials, plan_budget
from conveyor.paths import Paths
from conveyor.sweep.check import find_obstacle

ROOT = Path(__file__).parents[2]


def train(**changes: Any) -> Train:
    defaults = compose(Paths(ROOT)).train
    return Train(**{**defaults.model_dump(), **changes})


@pytest.mark.parametrize(
    ("rows", "batch_size", "updates", "validations"),
    [
        (20, 16, 600, 30),
        (36, 16, 600, 34),
        (270, 16, 600, 36),
        (1_000, 32, 600, 19),
        (13_084, 64, 2_050, 10),
        (100_000, 128, 7_820, 10),
        (1_000_000, 256, 10_000, 11),
        (10_000_000, 256, 39_063, 10),
    ],
)
def test_the_defaults_follow_the_rows(
    rows: int, batch_size: int, updates: int, validations: int
) -> None:
    budget = plan_budget(train(), rows)
    assert (budget.batch_size, budget.updates, budget.validations) == (
        batch_size, updates, validations,
    )  # fmt: skip
    assert budget.end_of(budget.validations) == updates
    assert updates >= min(600, budget.updates_per_epoch)  # each row is shown


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"epochs": 3}, {"updates": 21}),
        ({"epochs": 3, "updates": 20}, {"updates": 20}),
        ({"updates": 100, "validate_every": 30}, {"updates": 100, "validations": 4}),
        ({"batch_size": 50}, {"updates_per_epoch": 2}),
        ({"patience": 2}, {"patience": 14}),
        ({"patience": 2, "patience_updates": 9}, {"patience": 9}),
        ({}, {"patience": None}),
    ],
)
def test_limits_are_the_lowest_of_those_that_are_set(
    changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    budget = plan_budget(train(**changes), 100)
    assert {name: getattr(budget, name) for name in expected} == expected


def test_few_rows_are_cross_validated_and_not_searched() -> None:
    sweep, few = compose(Paths(ROOT)).sweep, {"train": 20, "validation": 10}
    assert [count_folds(train(), rows) for rows in (199, 200)] == [3, 0]
    assert count_folds(train(folds=5), 10_000) == 5
    assert count_folds(train(folds=None), 30) == 0
    assert count_folds(train(refit=False), 30) == 0
    assert "are too few to choose by" in find_obstacle(sweep, {"train": 149, "validation": 50})
    assert find_obstacle(sweep, {"train": 150, "validation": 50}) == ""
    assert find_obstacle(sweep.model_copy(update={"enabled": True}), few) == ""
    assert find_obstacle(sweep.model_copy(update={"enabled": False}), few) == (
        "sweep.enabled is false"
    )


def test_many_rows_have_fewer_trials_unless_a_number_is_written() -> None:
    sweep = compose(Paths(ROOT)).sweep
    rows = (200, 99_999, 100_000, 999_999, 1_000_000, 10_000_000)
    assert [count_trials(sweep, count) for count in rows] == [10, 10, 6, 6, 4, 4]
    assert count_trials(sweep.model_copy(update={"trials": 30}), 10_000_000) == 30


@pytest.mark.parametrize(
    "split",
    [
        "split.group=label",
        "split.validation={by: order, share: 0.2}",
        "split.validation={by: time, column: when, share: 0.2}",
    ],
)
def test_rows_that_belong_apart_are_not_folded(split: str) -> None:
    assert compose(Paths(ROOT), [f"dataset.{split}"]).train.folds is None
    with pytest.raises(ConfigError, match=r"train\.folds: expected null, since folds would mix"):
        compose(Paths(ROOT), [f"dataset.{split}", "train.folds=3"])
    with pytest.raises(ConfigError, match=r"sweep\.repeats\.by: expected seeds, since folds would"):
        compose(Paths(ROOT), [f"dataset.{split}", "sweep.repeats={count: 3, by: folds}"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schedule": "plateau", "warmup_updates": 5}, "warmup_updates: expected 0"),
        ({"folds": 3, "refit": False}, "refit: expected true with train.folds"),
    ],
)
def test_settings_that_exclude_each_other_are_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        train(**changes)


@pytest.mark.parametrize(
    ("dataset", "model", "front"),
    [("japanese_vowels", "series", "convolution"), ("vader_tweets", "text", "none")],
)
def test_the_model_follows_the_kind_of_data(dataset: str, model: str, front: str) -> None:
    followed = compose(Paths(ROOT), ["experiment=null", f"dataset={dataset}"])
    assert (followed.choose["model"], followed.model.front) == (model, front)
    chosen = compose(Paths(ROOT), ["experiment=null", f"dataset={dataset}", "model=gru"])
    assert chosen.choose["model"] == "gru"
