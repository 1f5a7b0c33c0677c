"""A fit that begins with an earlier model's weights: `train.init`."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conveyor.config import Config, overlay
from conveyor.data.store import Prepared
from conveyor.errors import InputError
from conveyor.files import digest_tree
from conveyor.training.compile import new_model
from conveyor.training.fit import fit
from conveyor.training.initial_weights import InitialWeights, find_origin

SHORT = {"train.epochs": 1, "train.patience": 1}


@pytest.fixture
def initial(toy_product: Path, toys: Prepared) -> InitialWeights:
    return InitialWeights.read(toy_product, toys)


def build(config: Config, prepared: Prepared) -> Any:
    return new_model(config, prepared, prepared.task.head(config.head), 1)


def test_each_new_model_of_a_fit_begins_with_the_weights(
    toys: Prepared, toy_config: Config, initial: InitialWeights
) -> None:
    model = build(toy_config, toys)
    initial.set(model)
    for layer in model.layers:
        for own, earlier in zip(
            layer.get_weights(), initial.layers.get(layer.name, []), strict=True
        ):
            np.testing.assert_array_equal(own, earlier)
    for changes in ({"train.refit": True}, {"train.folds": 2, "train.refit": True}):
        calls: list[Any] = []
        fit(overlay(toy_config, {**SHORT, **changes}), toys, progress=False, on_built=calls.append)
        assert len(calls) == (3 if "train.folds" in changes else 2)


def test_a_fit_goes_on_where_the_earlier_one_ended(
    toys: Prepared, toy_config: Config, initial: InitialWeights
) -> None:
    config = overlay(toy_config, SHORT)
    _, scratch = fit(config, toys, progress=False)
    _, warm = fit(config, toys, progress=False, on_built=initial.set)
    assert warm.best["val_loss"] < scratch.best["val_loss"] / 2


def test_another_shape_is_refused_with_what_to_change(
    toys: Prepared, toy_config: Config, initial: InitialWeights
) -> None:
    other = build(overlay(toy_config, {"model.units": [5], "model.pooling": "attention"}), toys)
    before = other.get_weights()
    with pytest.raises(InputError) as refused:
        initial.set(other)
    message = str(refused.value)
    assert "attention: expected a layer in both models; got it in one" in message
    assert "lstm_0: expected weights [(2, 24), (6, 24), (24,)], as the champion; got" in message
    assert "Set retrain.init=scratch, or the champion's values of `model`" in message
    for own, earlier in zip(other.get_weights(), before, strict=True):
        np.testing.assert_array_equal(own, earlier)


def test_new_tokens_begin_at_random_and_the_others_keep_their_vectors() -> None:
    earlier = [np.arange(8.0).reshape(4, 2)]
    own = [np.full((5, 2), -1.0)]
    same = np.array([[0, 0], [1, 1], [2, 3], [4, 2]])  # token 3 is new; two have moved
    grown = InitialWeights({}, same, same_vocabulary=False)
    (table,) = grown._join("embedding", own, earlier)
    np.testing.assert_array_equal(table, [[0, 1], [2, 3], [6, 7], [-1, -1], [4, 5]])
    assert grown._join("wide_pairs", own, earlier) is own
    assert grown._join("lstm_0", own, earlier) is earlier
    other = InitialWeights({}, same, same_vocabulary=True, same_alphabet=False)
    assert other._join("characters", own, earlier) is own
    assert grown._join("characters", own, earlier) is earlier


def test_before_the_first_champion_weights_begin_at_random(
    toy_config: Config, toy_product: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    train = overlay(toy_config, {"train.init": "champion"}).train
    with caplog.at_level("WARNING"):
        assert find_origin(train, tmp_path / "champion") is None
    assert "does not exist: the first weights are random" in caplog.text
    assert find_origin(train, toy_product) == digest_tree(toy_product)
    assert find_origin(toy_config.train, toy_product) is None


def test_a_model_of_other_rows_or_with_damage_is_refused(
    toys: Prepared, word_product: Path, toy_product: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"train.init: expected the champion's target, .*'yes'"):
        InitialWeights.read(word_product, toys)
    copy = shutil.copytree(toy_product, tmp_path / "champion")
    (copy / "model.keras").write_bytes(b"damaged")
    with pytest.raises(InputError, match=r"model.keras: expected the bytes that the training"):
        InitialWeights.read(copy, toys)
