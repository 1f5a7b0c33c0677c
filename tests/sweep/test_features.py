"""Samplers, pruners, repeats, objectives, constraints, retries."""

from pathlib import Path
from typing import Any

import pytest
from sweeping import rows, search, settings

from conveyor.config import ConfigError
from conveyor.sweep.protocol import State, TrialId
from conveyor.sweep.running_trial import RunningTrial
from conveyor.sweep.storage import SweepError
from conveyor.sweep.study import SweepStudy
from conveyor.tasks.task import TASKS, load_metrics

SMALL = {"model.units": "choice([8], [4, 4], [16])", "train.epochs": "range(1, 2)"}


def drawn(folder: Path) -> list[tuple[str, str]]:
    return [(row["model.units"], row["train.epochs"]) for row in rows(folder)]


def test_grid_tries_every_configuration_in_order_and_then_ends(tmp_path: Path) -> None:
    search(tmp_path, settings(trials=50, sampler={"name": "grid"}, space=SMALL), "bowl")
    assert drawn(tmp_path) == [(u, e) for u in ("[8]", "[4, 4]", "[16]") for e in ("1", "2")]


def test_brute_force_tries_every_configuration_once_in_any_order(tmp_path: Path) -> None:
    changes = {"sampler": {"name": "brute_force"}, "space": SMALL}
    search(tmp_path / "all", settings(trials=50, **changes), "bowl")
    assert len(set(drawn(tmp_path / "all"))) == 6
    assert drawn(tmp_path / "all") != sorted(drawn(tmp_path / "all"))
    search(tmp_path / "some", settings(trials=4, **changes), "bowl")
    assert drawn(tmp_path / "some") == drawn(tmp_path / "all")[:4]


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "cmaes"])
def test_a_conditional_space_is_searched_by_every_sampler(tmp_path: Path, sampler: str) -> None:
    space = {
        "layers": "range(1, 2)",
        "model.dropout": "interval(0.0, 0.9)",
        "model.units.0": "choice(8, 16)",
        "model.units.1": {"when": {"layers": 2}, "draw": "choice(4, 8)"},
    }
    search(tmp_path, settings(trials=12, sampler={"name": sampler}, space=space), "bowl")
    found = rows(tmp_path)
    assert {row["layers"] for row in found} == {"1", "2"}
    assert all((row["model.units.1"] != "") is (row["layers"] == "2") for row in found)
    units = [[int(row[f"model.units.{i}"]) for i in range(int(row["layers"]))] for row in found]
    assert [float(row["parameters"]) for row in found] == [100.0 * sum(u) for u in units]


@pytest.mark.parametrize(
    "name", ["median", "percentile", "successive_halving", "hyperband", "patient"]
)
def test_every_epoch_pruner_stops_trials_that_stay_bad(tmp_path: Path, name: str) -> None:
    pruner = {"name": name, "startup_trials": 1, "warmup_validations": 1, "patience": 0}
    _, listener = search(tmp_path, settings(trials=8, pruner=pruner), "rising")
    states = [row["state"] for row in rows(tmp_path)]
    assert "pruned" in states[1::2]
    assert len(states) == 8
    ends = [outcome.state for outcome in listener.ended.values()]
    assert ends.count(State.PRUNED) == states.count("pruned")


def test_patience_keeps_a_pruner_waiting(tmp_path: Path) -> None:
    pruner = {"name": "median", "startup_trials": 1, "warmup_validations": 1, "patience": 6}
    _, listener = search(tmp_path, settings(trials=4, pruner=pruner), "rising")
    pruned_after = max(
        validation for trial, _, validation in listener.validations if trial.number == 1
    )
    assert 6 < pruned_after < 10


def test_repeats_are_averaged_under_seeds_of_their_own(tmp_path: Path) -> None:
    best, listener = search(tmp_path, settings(trials=3, repeats={"count": 3}), "bowl")
    # seeds 5, 6 and 7 add 0.05, 0.06 and 0.00; the sample deviation of these is 0.0321
    plain, _ = search(tmp_path / "plain", settings(trials=3), "bowl")
    first = rows(tmp_path / "plain")[0]
    repeated = rows(tmp_path)[0]
    assert float(repeated["objective"]) == pytest.approx(
        float(first["objective"]) - 0.05 + 0.11 / 3
    )
    assert float(repeated["val_loss_std"]) == pytest.approx(0.03215, abs=1e-4)
    assert listener.repeats == [
        (TrialId(number, 1), repeat) for number in range(3) for repeat in range(3)
    ]
    assert best["metrics"]["val_loss"] == best["objectives"]["val_loss"]
    assert plain["objectives"] != best["objectives"]


def test_folds_reach_the_trial(tmp_path: Path) -> None:
    best, _ = search(tmp_path, settings(trials=1, repeats={"count": 4, "by": "folds"}), "folded")
    assert best["objectives"] == {"val_loss": 1.5}
    assert best["metrics"]["of"] == 4.0


def test_wilcoxon_stops_a_configuration_whose_repeats_are_worse(tmp_path: Path) -> None:
    changes = {"repeats": {"count": 6}, "pruner": {"name": "wilcoxon", "p_threshold": 0.2}}
    _, listener = search(tmp_path, settings(trials=8, **changes), "bowl")
    states = [row["state"] for row in rows(tmp_path)]
    assert "pruned" in states
    fits = len(listener.repeats)
    assert fits < 8 * 6
    stopped = states.index("pruned")
    assert 2 <= sum(trial.number == stopped for trial, _ in listener.repeats) < 6


def test_two_objectives_leave_a_front_and_a_stated_pick(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"objectives": ["val_loss", "parameters"], "trials": 12}
    best, _ = search(tmp_path, settings(**changes), "costly")
    found = [(float(r["objective"]), float(r["parameters"])) for r in rows(tmp_path)]
    front = [tuple(one["objectives"].values()) for one in best["front"]]
    beaten = [f for f in found if any(o != f and o[0] <= f[0] and o[1] <= f[1] for o in found)]
    assert set(front) == set(found) - set(beaten)
    assert len(front) > 1
    assert best["picked"].startswith("knee")
    assert (tmp_path / "out" / "pareto.png").is_file()

    first, _ = search(tmp_path, settings(**changes, pick={"rule": "first"}), "costly")
    assert tuple(first["objectives"].values()) == min(front)
    loose = {"rule": "first", "tolerance": 1e6}
    small, _ = search(tmp_path, settings(**changes, pick=loose), "costly")
    assert small["objectives"]["parameters"] == min(p for _, p in front)


METRICS = {name: metric.better for task in TASKS for name, metric in load_metrics(task).items()}


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_can_be_an_objective_in_its_own_direction(tmp_path: Path, name: str) -> None:
    config = settings(objectives=[f"val_{name}"], constraints=[f"val_{name} >= 0"])
    with SweepStudy(tmp_path, config, "digest") as study:
        [direction] = study.optuna.directions
    assert direction.name == ("MINIMIZE" if METRICS[name] == "lower" else "MAXIMIZE")


def test_the_trial_computes_the_metrics_that_objectives_and_constraints_name(
    tmp_path: Path,
) -> None:
    changes = {"objectives": ["val_mcc", "latency_ms"], "constraints": ["val_ece <= 0.1"]}
    config = settings(**changes)
    with SweepStudy(tmp_path, config, "digest") as study:
        _, trial = study.start_trial()
        assert trial is not None
        running = RunningTrial(trial, TrialId(0, 1), 0, [])
        job = running.next_job(config, tmp_path, tmp_path)
    assert job.metrics == ("mcc", "ece")
    assert job.latency
    with pytest.raises(ConfigError, match="val_nothing"):
        settings(objectives=["val_nothing"])


def test_a_configuration_too_large_is_not_trained_and_never_the_best(tmp_path: Path) -> None:
    config = settings(trials=12, constraints=["parameters <= 1_000"])
    best, listener = search(tmp_path, config, "bowl")
    large = [row for row in rows(tmp_path) if row["model.units"] == "[16]"]
    assert large
    assert {(row["state"], row["feasible"]) for row in large} == {("pruned", "false")}
    assert "violates parameters <= 1_000" in large[0]["reason"]
    number = int(large[0]["trial"])
    validations = [
        validation for trial, _, validation in listener.validations if trial.number == number
    ]
    assert validations == [0]
    assert best["metrics"]["parameters"] <= 1000


def test_a_constraint_known_only_at_the_end_bars_the_best(tmp_path: Path) -> None:
    free, _ = search(tmp_path, settings(), "bowl")
    limit = free["objectives"]["val_loss"] + 0.001
    best, _ = search(tmp_path, settings(constraints=[f"val_loss >= {limit:.6f}"]), "bowl")
    assert best["trial"] != free["trial"]
    assert [row["feasible"] for row in rows(tmp_path)].count("false") == 1
    with pytest.raises(SweepError, match="none of 6 completed trials meets all of"):
        search(tmp_path, settings(constraints=["val_loss >= 100"]), "bowl")


def test_a_failed_trial_is_tried_again_as_configured(tmp_path: Path) -> None:
    _, listener = search(tmp_path, settings(retries=1), "flaky")
    assert [row["state"] for row in rows(tmp_path)] == ["complete"] * 6
    failed = [trial for trial, one in listener.outcomes.items() if one.state == "failed"]
    assert failed == [TrialId(1, 1)]
    assert TrialId(1, 2) in listener.outcomes
    assert listener.started[1] == listener.started[2]

    with pytest.raises(SweepError, match="4 trials failed"):
        search(tmp_path, settings(retries=2, trials=7), "broken")
