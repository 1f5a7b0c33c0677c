import re
from typing import Any

import optuna
import pytest
from sweeping import settings

from conveyor.config import ConfigError
from conveyor.sweep import space


def drawn(text: str, times: int = 60) -> list[Any]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    parsed = space.parse({"model.x": text})
    return [space.draw(study.ask(), parsed)["model.x"] for _ in range(times)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("choice([32], [64, 32])", [[32], [64, 32]]),
        ("choice(null, 1.5)", [None, 1.5]),
        ("choice(true, false)", [True, False]),
        ("choice('a b', c)", ["a b", "c"]),
        ("a, b", ["a", "b"]),
        ("range(1, 4)", [1, 2, 3]),
        ("range(16, 65, 16)", [16, 32, 48, 64]),
        ("range(9, 1, -4)", [9, 5]),
        ("range(0.0, 1.0, 0.5)", [0.0, 0.5]),
        ("int(interval(1, 3))", [1, 2, 3]),
        ("tag(log, int(interval(1, 3)))", [1, 2, 3]),
    ],
)
def test_hydras_grammar_draws_every_value_it_names_and_no_other(
    text: str, values: list[Any]
) -> None:
    found = drawn(text)
    assert all(value in values and type(value) in map(type, values) for value in found)
    assert all(value in found for value in values)


def test_a_logarithmic_interval_gives_each_decade_its_share() -> None:
    low = [value for value in drawn("tag(log, interval(1e-4, 1e-2))", 400) if value < 1e-3]
    assert 150 < len(low) < 250


@pytest.mark.parametrize(
    ("key", "line", "reason"),
    [
        ("train.learning_rate", {"type": "float", "low": 0.1}, "is now interval(0.1, 0.5)"),
        ("train.learning_rate", "0.1", "one value, not a search"),
        ("train.learning_rate", "interval(0.1", "no viable alternative"),
        ("train.learning_rate", "interval(0.5, 0.1)", "start must lie below its end"),
        ("train.learning_rate", "tag(log, interval(0, 1))", "above 0"),
        ("train.learning_rate", "tag(log, choice(1, 2))", "log is for intervals"),
        ("train.learning_rate", "tag(fast, interval(1, 2))", "['fast'] mean nothing"),
        ("train.learning_rate", "interval(0.1, 20)", "20.0 came"),
        ("train.epochs", "range(5, 5)", "the range is empty"),
        ("train.epochs", "tag(log, range(1, 9, 2))", "step 1"),
        ("train.epochs", "interval(1, 8)", "should be a valid integer"),
        ("train.epochs", "range(0, 8)", "0 came"),
        ("model.cell", "choice(lstm, rnn)", "'rnn' came"),
        ("model.unit", "choice(1, 2)", "there is no 'model.unit'"),
        ("sweep.trials", "range(1, 4)", "only keys of model and train"),
    ],
)
def test_a_line_that_cannot_run_is_named_with_what_came(key: str, line: Any, reason: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(reason)) as error:
        space.check(settings(space={key: line}))
    assert key in str(error.value)


def test_all_bad_lines_are_told_at_once() -> None:
    lines = {"train.epochs": "5", "model.unit": "choice(1, 2)", "model.dropout": "interval(0.1, 2)"}
    with pytest.raises(ConfigError) as error:
        space.check(settings(space=lines))
    assert all(key in str(error.value) for key in lines)


def test_a_space_that_can_run_passes() -> None:
    space.check(settings())
