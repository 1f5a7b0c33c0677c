"""The learning rate range test."""

import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from conveyor import files
from conveyor.config import Config, TrainConfig, narrow, overlay
from conveyor.data.store import Prepared
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.training.range_test import (
    LOWEST,
    RangeTest,
    find_learning_rate,
    run_range_test,
)

RATES = np.geomspace(1e-6, 1.0, 121)  # twenty a decade


def valley(bottom: float, *, fall: float = 1.0) -> RangeTest:
    """Losses that begin at 2, fall by `fall` down to a rate, and grow after it."""
    place = np.log10(RATES / bottom)
    down = 2 - fall / (1 + np.exp(-8 * (place + 1)))  # steepest a decade below the bottom
    return RangeTest(RATES, down + np.where(place > 0, 3 * place, 0.0), diverged=True)


@pytest.mark.parametrize("bottom", [1e-3, 1e-2, 1e-1])
def test_the_suggestion_is_a_tenth_of_the_rate_of_the_lowest_loss(bottom: float) -> None:
    test = valley(bottom)
    assert test.lowest == pytest.approx(bottom, rel=0.5)  # smoothing moves it to higher rates
    assert test.suggestion == pytest.approx(test.lowest / 10, rel=0.05)
    assert test.steepest == pytest.approx(bottom / 10, rel=1.0)
    assert test.steepest < test.lowest
    text = test.describe()
    assert f"set train.learning_rate={test.suggestion:g}, as in `dvc exp run -S +train." in text
    assert "a tenth of" in text
    assert "the loss had diverged" in text


def test_one_lucky_batch_is_not_where_the_loss_falls_fastest() -> None:
    test = valley(1e-2)
    place = int(test.smoothed.argmin())
    test.losses[place] -= 1.5
    assert test.lowest == RATES[place]
    assert test.steepest < 0.5 * test.lowest


def test_a_loss_that_never_falls_gives_no_suggestion() -> None:
    with pytest.raises(InputError, match=r"expected a loss that falls at some rate; it began at 2"):
        valley(1e-2, fall=0.01).describe()


def test_a_loss_that_is_never_finite_gives_no_suggestion() -> None:
    with pytest.raises(InputError, match="expected a finite loss at a rate of 1e-06; got none"):
        RangeTest(RATES[:0], np.empty(0), diverged=True).describe()


def test_rates_grow_until_the_loss_diverges(toys: Prepared, toy_config: Config) -> None:
    config = overlay(toy_config, {"train.schedule": "cosine", "train.warmup_updates": 5,
                                  "train.clip_norm": None, "train.optimizer": "sgd"})  # fmt: skip
    test = run_range_test(config, toys, updates=60, progress=False)
    assert test.rates[0] == LOWEST
    ratios = test.rates[1:] / test.rates[:-1]
    assert ratios == pytest.approx(np.full(len(ratios), ratios[0]))
    assert len(test.rates) == len(test.losses)
    assert test.diverged or math.isclose(test.rates[-1], 10.0)
    assert np.ptp(test.losses[:5]) > 0  # batches differ
    assert test.smoothed.min() < 0.9 * test.smoothed[0]
    again = run_range_test(config, toys, updates=60, progress=False)
    np.testing.assert_array_equal(test.losses, again.losses)


def test_the_command_changes_nothing_of_the_belt(
    toys: Prepared, toy_config: Config, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    paths = Paths(tmp_path)
    shutil.copytree(toys.folder, paths.prepared)
    monkeypatch.setattr("conveyor.training.range_test.prepare_process", lambda config: None)
    before = files.digest_tree(tmp_path)
    text = find_learning_rate(narrow(toy_config, TrainConfig), paths)
    assert text.startswith("set train.learning_rate=")
    assert text.endswith(str(paths.range_test))
    assert paths.range_test.read_bytes()[:4] == b"\x89PNG"
    paths.range_test.unlink()
    paths.range_test.parent.rmdir()
    assert files.digest_tree(tmp_path) == before
