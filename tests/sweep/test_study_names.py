"""What optuna-dashboard lists: studies by data set and day, and objectives by their names."""

from pathlib import Path

import optuna
import pytest
from sweeping import search, settings

from conveyor.sweep import study as study_module
from conveyor.sweep.storage import find_latest_study, new_study_name
from conveyor.sweep.study import SweepStudy

KEY = "0123456789abcdef"


@pytest.mark.parametrize(
    ("names", "latest"),
    [([], (0, "")),
     ([KEY], (1, KEY)),  # of an earlier version
     ([KEY, f"toys 2026-11-30 {KEY}.2"], (2, f"toys 2026-11-30 {KEY}.2")),
     ([f"toys 2026-11-30 {KEY}.10", f"toys 2026-12-01 {KEY}.9"], (10, f"toys 2026-11-30 {KEY}.10")),
     ([f"toys 2026-11-30 f{KEY}", f"toys 2026-11-30 {KEY}f"], (0, ""))],
)  # fmt: skip
def test_the_newest_study_of_a_key_is_found_whatever_day_it_began(
    names: list[str], latest: tuple[int, str]
) -> None:
    memory = optuna.storages.InMemoryStorage()
    for name in names:
        optuna.create_study(storage=memory, study_name=name)
    assert find_latest_study(memory, KEY) == latest


def test_a_sweep_that_is_resumed_on_another_day_goes_on_in_its_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        study_module, "new_study_name", lambda dataset, key, number: f"{dataset} 2026-01-01 {key}"
    )
    with SweepStudy(tmp_path, settings(trials=2), "digest", dataset="toys") as study:
        first, token = study.optuna.study_name, study.token
    monkeypatch.undo()
    with SweepStudy(tmp_path, settings(trials=2), "digest", dataset="toys") as study:
        assert (study.optuna.study_name, study.token) == (first, token)


def test_a_study_is_named_by_its_data_set_and_its_objectives_by_their_metrics(
    tmp_path: Path,
) -> None:
    assert new_study_name("toys", KEY, 2).startswith("toys 20")
    assert new_study_name("toys", KEY, 2).endswith(f" {KEY}.2")
    search(tmp_path, settings(trials=2), "bowl")
    with SweepStudy(tmp_path / "scratch", settings(trials=2), "digest", "read") as study:
        assert study.optuna.metric_names == ["val_loss"]
