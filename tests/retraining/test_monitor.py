"""A retraining saves the champion's profile in MLflow and logs its accuracy on new rows."""

from pathlib import Path

import pytest
from toys import write_toys

from conveyor import gates
from conveyor.config import Config, overlay
from conveyor.data.prepare import prepare
from conveyor.paths import Paths
from conveyor.registry.model_version import ModelVersion
from conveyor.registry.package import Challenger
from conveyor.registry.registry import Registry
from conveyor.retraining.monitor import ChampionMonitor
from conveyor.tracking.retraining import find_profile, retrain_run
from conveyor.tracking.store import connect

YES = gates.Verdict([gates.GateResult("bar: accuracy", True, "meets the bar", {})])


@pytest.fixture
def champion(toy_project: Paths) -> ModelVersion:
    """The toys' net, registered and promoted."""
    registry = Registry("toys", toy_project)
    registry.apply_verdict(registry.register(Challenger.read(toy_project), YES))
    version = registry.champion()
    assert version is not None
    return version


def arrive(paths: Paths, config: Config, folder: Path, rows: int) -> None:
    write_toys(folder, rows)
    prepare(config.dataset, folder, paths.prepared, folder / "cache")


def test_the_profile_outlives_the_data_it_was_made_from(
    toy_project: Paths, toy_config: Config, champion: ModelVersion, tmp_path: Path
) -> None:
    with retrain_run("toys", toy_project) as run:
        monitor = ChampionMonitor(toy_config, toy_project, run)
        assert find_profile(run.tracking, champion.run_id) is None
        monitor.save_profile()
        saved = find_profile(run.tracking, champion.run_id)
        assert saved is not None
        arrive(toy_project, toy_config, tmp_path, 90)
        monitor.save_profile()  # other data now: the saved profile stays
        again = find_profile(run.tracking, champion.run_id)
        assert again is not None
        assert again.read_bytes() == saved.read_bytes()
        assert monitor.review().inputs.arrived == 10


def test_without_the_data_of_the_champion_no_profile_is_saved(
    toy_project: Paths, toy_config: Config, champion: ModelVersion, tmp_path: Path
) -> None:
    arrive(toy_project, toy_config, tmp_path, 90)
    with retrain_run("toys", toy_project) as run:
        monitor = ChampionMonitor(toy_config, toy_project, run)
        monitor.save_profile()
        assert find_profile(run.tracking, champion.run_id) is None
        assert "no profile of the champion" in monitor.review().decision.summary


def test_each_night_adds_a_point_to_the_curve_of_the_model(
    toy_project: Paths, toy_config: Config, champion: ModelVersion, tmp_path: Path
) -> None:
    for rows in (80, 90, 110):  # on the first night nothing is new
        with retrain_run("toys", toy_project) as run:
            monitor = ChampionMonitor(toy_config, toy_project, run)
            monitor.save_profile()
            if rows > 80:
                arrive(toy_project, toy_config, tmp_path, rows)
            monitor.review()
    tracking = connect("toys", toy_project)
    points = tracking.client.get_metric_history(champion.run_id, "new_rows")
    assert [(point.step, point.value) for point in points] == [(1, 10.0), (2, 30.0)]
    shares = tracking.client.get_metric_history(champion.run_id, "new_rows_accuracy")
    assert [point.step for point in shares] == [1, 2]
    assert all(0.5 < point.value <= 1 for point in shares)
    last = tracking.client.get_run(run.id).data.metrics
    assert (last["new_rows"], last["champion_accuracy"]) == (30.0, shares[-1].value)


def test_the_champion_s_age_is_that_of_its_version(
    toy_project: Paths, toy_config: Config, champion: ModelVersion
) -> None:
    assert 0 <= champion.age_days < 0.01
    config = overlay(toy_config, {"retrain.when.always": False, "retrain.when.age_days": 7})
    with retrain_run("toys", toy_project) as run:
        monitor = ChampionMonitor(config, toy_project, run)
        monitor.save_profile()
        assert not monitor.review().decision.train
    young = overlay(toy_config, {"retrain.when.always": False, "retrain.when.age_days": 1e-9})
    with retrain_run("toys", toy_project) as run:
        assert ChampionMonitor(young, toy_project, run).review().decision.train


def test_before_the_first_champion_it_trains(toy_project: Paths, toy_config: Config) -> None:
    with retrain_run("toys", toy_project) as run:
        monitor = ChampionMonitor(toy_config, toy_project, run)
        monitor.save_profile()
        assert monitor.review().decision.summary.startswith("there is no champion")
