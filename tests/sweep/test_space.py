import re
from typing import Any

import optuna
import pytest
import yaml
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from sweeping import settings

from conveyor.config import ConfigError
from conveyor.sweep import grammar, space
from conveyor.sweep.check import check_sweep, parse
from conveyor.sweep.space import Space


def drawn(lines: Any, times: int = 60) -> list[dict[str, Any]]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    parsed = parse(settings(space=lines))
    return [parsed.draw(study.ask()) for _ in range(times)]


# Every line of the search-space pages of hydra-optuna-sweeper's documentation (1.1 to 1.3) and its
# 1.1 to 1.2 upgrade page, with the distribution that the plugin makes of it.
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("range(-5.5, 5.5, step=0.5)", FloatDistribution(-5.5, 5.5, step=0.5)),
        ("range(-5.5,5.5,0.5)", FloatDistribution(-5.5, 5.5, step=0.5)),
        ("choice(-5, 0, 5)", CategoricalDistribution([-5, 0, 5])),
        ("interval(-5.0, 5.0)", FloatDistribution(-5.0, 5.0)),
        ("interval(0, 10)", FloatDistribution(0.0, 10.0)),
        ("int(interval(-5.0, 5.0))", IntDistribution(-5, 5)),
        ("tag(log, interval(1, 10))", FloatDistribution(1.0, 10.0, log=True)),
        ("tag(log, int(interval(1, 10)))", IntDistribution(1, 10, log=True)),
        ("range(-5.0, 5.0)", FloatDistribution(-5.0, 5.0, step=1.0)),
        ("shuffle(range(-5, 5))", CategoricalDistribution(list(range(-5, 5)))),
        ("choice(-5.0, 0.0, 5.0)", CategoricalDistribution([-5.0, 0.0, 5.0])),
        ("choice(0, 1, 2, 3, 4, 5)", CategoricalDistribution([0, 1, 2, 3, 4, 5])),
        ("range(1,4)", IntDistribution(1, 4)),
        ("range(0, 5, step=0.5)", FloatDistribution(0.0, 5.0, step=0.5)),
        ("choice(true, false)", CategoricalDistribution([True, False])),
        ("choice('hello', 'world')", CategoricalDistribution(["hello", "world"])),
        ("range(0.5, 5.5, step=1)", FloatDistribution(0.5, 5.5, step=1.0)),
    ],
)
def test_documented_lines_are_the_plugins_distributions(
    line: str, expected: BaseDistribution
) -> None:
    assert grammar.parse_line(line).distribution == expected


@pytest.mark.parametrize(
    ("old", "line"),
    [
        ({"type": "float", "low": -5.5, "high": 5.5, "step": 0.5}, "range(-5.5, 5.5, 0.5)"),
        ({"type": "categorical", "choices": [-5, 0, 5]}, "choice(-5, 0, 5)"),
        ({"type": "float", "low": 0.1, "high": 0.5}, "interval(0.1, 0.5)"),
        ({"type": "int", "low": 1, "high": 8}, "int(interval(1, 8))"),
        (
            {"type": "float", "low": 1e-4, "high": 0.1, "log": True},
            "tag(log, interval(0.0001, 0.1))",
        ),
        ({"type": "int", "low": 2, "high": 8, "step": 2}, "range(2, 8, 2)"),
    ],
)
def test_the_old_style_is_refused_with_the_new_line(old: dict[str, Any], line: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"write  {line}")):
        parse(settings(space={"train.learning_rate": old}))
    assert grammar.parse_line(line)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("choice([32], [64, 32])", [[32], [64, 32]]),
        ("choice(null, 1.5)", [None, 1.5]),
        ("choice(true, 1)", [True, 1]),
        ("choice('a b', c)", ["a b", "c"]),
        ("a, b", ["a", "b"]),
        ("range(1, 3)", [1, 2, 3]),
        ("range(16, 64, 16)", [16, 32, 48, 64]),
        ("range(9, 1, -4)", [9, 5, 1]),
        ("range(0.0, 1.0, 0.5)", [0.0, 0.5, 1.0]),
        ("int(interval(1, 3))", [1, 2, 3]),
        ("tag(log, int(interval(1, 3)))", [1, 2, 3]),
    ],
)
def test_a_line_draws_every_value_it_names_and_no_other(text: str, values: list[Any]) -> None:
    found = [one["model.x"] for one in drawn({"model.x": text})]
    assert all(value in values and type(value) in map(type, values) for value in found)
    assert all(value in found for value in values)
    assert sorted(map(str, grammar.parse_line(text).options)) == sorted(map(str, values))


def test_a_logarithmic_interval_gives_each_decade_its_share() -> None:
    found = drawn({"model.x": "tag(log, interval(1e-4, 1e-2))"}, 400)
    assert 150 < sum(one["model.x"] < 1e-3 for one in found) < 250


CONDITIONAL = yaml.safe_load(str(space.__doc__).partition("\n\n")[2].partition("A name without")[0])


def test_a_key_exists_only_when_another_has_a_value() -> None:
    """The space that the module's own documentation shows."""
    found = drawn(CONDITIONAL["space"], 200)
    for one in found:
        low, high = (1e-4, 1e-2) if one["train.optimizer"] == "adam" else (1e-2, 1)
        assert low <= one["train.learning_rate"] <= high
        assert ("model.units.1" in one) is (one["layers"] == 2)
        units = space.join_settings(one)["model.units"]
        assert len(units) == one["layers"]
        assert "layers" not in space.join_settings(one)
    assert {one["layers"] for one in found} == {1, 2}


def test_a_trial_s_parameters_and_its_values_lead_to_each_other() -> None:
    parsed = parse(settings(space=CONDITIONAL["space"]))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=2))
    for _ in range(20):
        trial = study.ask()
        values = parsed.draw(trial)
        assert parsed.values(trial.params) == values
        assert parsed.params(values) == (trial.params, [])


def test_a_key_that_is_not_searched_can_steer() -> None:
    lines = {"model.bidirectional": {"when": {"model.cell": "gru"}, "draw": "choice(true, false)"}}
    assert drawn(lines, 1) == [{}]  # the configuration's cell is lstm
    lines["model.bidirectional"]["when"] = {"model.cell": ["gru", "lstm"]}
    assert list(drawn(lines, 1)[0]) == ["model.bidirectional"]


def every(lines: Any) -> list[dict[str, Any]]:
    parsed: Space = parse(settings(space=lines))
    return [parsed.values(params) for params in parsed.configurations()]


def test_every_configuration_of_a_conditional_space_is_listed_once() -> None:
    found = every({"n": "range(1, 2)", "model.a": {"when": {"n": 2}, "draw": "choice(x, y)"}})
    assert found == [{"n": 1}, {"n": 2, "model.a": "x"}, {"n": 2, "model.a": "y"}]


def test_what_the_space_cannot_draw_is_left_to_it_and_told() -> None:
    space = {"model.dropout": "interval(0.1, 0.5)", "model.units": "choice([8], [16])",
             "train.epochs": "range(1, 9, 2)"}  # fmt: skip
    parsed = parse(settings(space=space))
    given = {"model.dropout": 0.9, "model.units": [16], "train.epochs": 4}
    params, left = parsed.params(given)
    assert params == {"model.units": "[16]"}
    assert left == ["model.dropout=0.9 is not in the space", "train.epochs=4 is not in the space"]


@pytest.mark.parametrize(
    ("key", "line", "reason"),
    [
        ("train.learning_rate", "0.1", "expected several values; this is one"),
        ("train.learning_rate", "interval(0.1", "no viable alternative"),
        ("train.learning_rate", "interval(0.5, 0.1)", "start must lie below its end"),
        ("train.learning_rate", "tag(log, interval(0, 1))", "above 0"),
        ("train.learning_rate", "tag(log, choice(1, 2))", "log is for intervals"),
        ("train.learning_rate", "tag(fast, interval(1, 2))", "unknown tags ['fast']"),
        ("train.learning_rate", "interval(0.1, 20)", "got 20.0"),
        ("train.learning_rate", {"when": {"model.cell": "gru"}}, "{when: {other.key: value}, draw"),
        ("train.learning_rate", {"when": {"n": 1}, "draw": "choice(1)"}, "`when` asks for n"),
        ("train.epochs", "range(5, 4)", "the range is empty"),
        ("train.epochs", "tag(log, range(1, 9, 2))", "step 1"),
        ("train.epochs", "interval(1, 8)", "expected an integer"),
        ("train.epochs", "range(0, 8)", "got 0"),
        ("model.cell", "choice(lstm, rnn)", "got 'rnn'"),
        ("model.unit", "choice(1, 2)", "there is no 'model.unit'"),
        ("model.units.0", "choice(0, 2)", "got [0]"),
        ("layers", "range(1, 2)", "a name without a dot is no setting, and no `when` uses it"),
        ("sweep.trials", "range(1, 4)", "only keys of model, head, train"),
    ],
)
def test_a_line_that_cannot_run_is_named_with_what_came(key: str, line: Any, reason: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(reason)) as error:
        check_sweep(settings(space={key: line}))
    assert key in str(error.value)


def test_lines_that_contradict_each_other_are_told() -> None:
    circle = {"a": {"when": {"b": 1}, "draw": "choice(1)"},
              "b": {"when": {"a": 1}, "draw": "choice(1)"}}  # fmt: skip
    with pytest.raises(ConfigError, match="conditions without a cycle; got one of a, b"):
        parse(settings(space=circle))
    with pytest.raises(ConfigError, match=r"model\.units is searched as a whole too"):
        parse(settings(space={"model.units": "choice([8], [4])", "model.units.0": "choice(8)"}))


def test_all_bad_lines_are_told_at_once() -> None:
    lines = {"train.epochs": "5", "model.unit": "choice(1, 2)", "model.dropout": "interval(0.1, 2)"}
    with pytest.raises(ConfigError) as error:
        check_sweep(settings(space=lines))
    assert all(key in str(error.value) for key in lines)


def test_a_space_that_can_run_passes() -> None:
    check_sweep(settings())
    check_sweep(settings(space=CONDITIONAL["space"]))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sampler": {"name": "gp"}}, "needs the package torch, which is not installed. Run: make"),
        ({"sampler": {"name": "grid"}}, "sweep.space.model.dropout: grid needs a list of values"),
        ({"storage": "mysql://x"}, "expected journal, sqlite, or postgresql://"),
        ({"storage": "postgresql://me:hidden@h/d"}, "without a password, since"),
        ({"storage": "postgres://me:hidden@h/d"}, "expected journal, sqlite, or postgresql://"),
        ({"constraints": ["size < 3"]}, "got 'size < 3'"),
        (
            {"objectives": ["val_loss", "flops"], "pruner": {"name": "median"}},
            "expected none with 2 objectives",
        ),
        ({"pruner": {"name": "wilcoxon"}}, "repeats.count: expected at least 2"),
        ({"repeats": {"by": "folds"}}, "at least 2"),
        ({"objectives": ["flops"], "pruner": {"name": "median"}}, "measured at the end"),
        (
            {"objectives": ["flops", "val_loss"], "sampler": {"name": "cmaes"}},
            "since cmaes optimises one",
        ),
    ],
)
def test_a_sweep_that_cannot_run_is_refused_before_it_begins(
    changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(reason)) as error:
        check_sweep(settings(**changes))
    assert "hidden" not in str(error.value)
