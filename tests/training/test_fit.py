"""Promises of training, on real fits of small data."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fitting
import numpy as np
import pytest
import yaml
from fitting import Fitter

from conveyor import files
from conveyor.config import Config, FitConfig, narrow, overlay
from conveyor.data.store import Prepared
from conveyor.models.export import ExportError, check_export
from conveyor.serving.digests import write_digests
from conveyor.tasks.classification.metrics import make_table
from conveyor.tasks.classification.options import ClassSpec
from conveyor.training.batches import BatchReader
from conveyor.training.fit import STATE_FILE, fit
from conveyor.training.history import FitHistory, smoothing_window
from conveyor.training.model_folder import write_model
from conveyor.training.state import Diverged
from conveyor.training.trainer import constant_loss
from tests.toys import class_head


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Fitter]:
    with fitting.fitter() as started:
        yield started


@pytest.mark.parametrize(
    "changes",
    [{}, {"model.recurrent_dropout": 0.2, "train.schedule": "plateau", "train.patience": 2,
          "train.epochs": 6, "train.refit": True},
     {"model.front": "convolution", "train.schedule": "cosine", "train.warmup_updates": 3,
      "train.validate_every": 3, "train.updates": 13},
     {"train.folds": 2, "train.refit": True},
     {"train.chunk": 4, "model.pooling": "mean"}],
)  # fmt: skip
def test_a_killed_fit_resumes_to_the_same_weights(
    toys: Prepared, toy_config: Config, tmp_path: Path, changes: dict[str, Any], elsewhere: Fitter
) -> None:
    config = narrow(overlay(toy_config, changes), FitConfig)
    straight = elsewhere.fit(config, toys.folder)
    for number in (1, 3):
        assert elsewhere.fit(config, toys.folder, scratch=tmp_path, kill_after=number) is None
    assert elsewhere.fit(config, toys.folder, scratch=tmp_path) == straight


@pytest.mark.parametrize("damage", ["empty", "zeros", "cut", "changed"])
def test_a_state_that_a_power_failure_damaged_is_not_resumed(
    toys: Prepared, toy_config: Config, tmp_path: Path, damage: str,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    config = overlay(toy_config, {"train.epochs": 1})
    _, straight = fit(config, toys, progress=False, scratch=tmp_path)
    file = tmp_path / STATE_FILE
    whole, half = file.read_bytes(), file.stat().st_size // 2
    changed = whole[:half] + bytes(99) + whole[half + 99 :]
    contents = {"empty": b"", "zeros": bytes(len(whole)), "cut": whole[:half], "changed": changed}
    file.write_bytes(contents[damage])
    _, history = fit(config, toys, progress=False, scratch=tmp_path)
    assert "training_state.npz is not resumed, but begun anew: it is damaged" in caplog.text
    assert history.validations == straight.validations


def test_the_model_has_the_weights_of_the_best_validation(
    toys: Prepared, toy_config: Config
) -> None:
    config = overlay(toy_config, {"train.learning_rate": 0.3, "train.epochs": 9})
    model, history = fit(config, toys, progress=False)
    assert history.best_validation < len(history.validations)
    values, lengths = toys.split("validation").sequences.pad_rows(
        np.arange(len(toys.split("validation").targets))
    )
    answers = np.asarray(model({"values": values, "lengths": lengths}))
    chosen = answers[np.arange(len(answers)), toys.split("validation").targets]
    assert -np.log(chosen).mean() == pytest.approx(history.best["val_loss"], abs=1e-5)


CLASSES = ClassSpec(task="classification", classes=["a", "b"])
CURVES = [  # accuracy, loss
    (0.5, 0.9), (0.9, 0.5), (0.5, 0.9), (0.5, 0.9), (0.7, 0.6), (0.8, 0.7), (0.8, 0.6), (0.8, 0.65),
    (0.8, 0.7), (0.8, 0.7), (0.8, 0.7), (0.5, 0.8),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "best"), [(1000, 2), (20, 10)])
def test_few_validation_rows_choose_by_a_smoothed_curve(rows: int, best: int) -> None:
    metrics = make_table(CLASSES)
    curves = [{"val_accuracy": accuracy, "val_loss": loss} for accuracy, loss in CURVES]
    assert FitHistory(metrics, smoothing_window(rows), curves).find_best() == best


def test_the_lowest_loss_chooses_among_equal_validations() -> None:
    curves = [{"val_accuracy": 0.8, "val_loss": loss} for loss in (0.6, 0.5, 0.55)]
    assert FitHistory(make_table(CLASSES), 1, curves).find_best() == 2


@pytest.mark.parametrize(("margin", "last"), [(0.0, 1), (0.05, 3), (1.0, 4)])
def test_folds_take_the_last_update_within_a_standard_error(margin: float, last: int) -> None:
    accuracies = (0.8, 0.7, 0.76, 0.5)
    curves = [{"val_accuracy": accuracy, "val_loss": 1.0} for accuracy in accuracies]
    assert FitHistory(make_table(CLASSES), 1, curves).find_last_within(margin) == last


@pytest.mark.parametrize("patience", [{"train.patience": 1}, {"train.patience_updates": 3}])
def test_training_stops_when_validation_no_longer_improves(
    toys: Prepared, toy_config: Config, patience: dict[str, Any]
) -> None:
    config = overlay(toy_config, {"train.learning_rate": 1.0, "train.epochs": 30, **patience})
    _, history = fit(config, toys, progress=False)
    assert len(history.validations) == history.best_validation + 1 < 30


def test_a_refit_learns_from_validation_rows_too(toys: Prepared, toy_config: Config) -> None:
    model, plain = fit(toy_config, toys, progress=False)
    refitted, again = fit(overlay(toy_config, {"train.refit": True}), toys, progress=False)
    assert again.validations == plain.validations
    assert any(
        (a != b).any() for a, b in zip(refitted.get_weights(), model.get_weights(), strict=True)
    )


def test_a_diverging_loss_stops_with_update_and_learning_rate(
    toys: Prepared, toy_config: Config
) -> None:
    wild = {"train.learning_rate": 10.0, "train.optimizer": "adamw", "train.weight_decay": 1e38,
            "train.clip_norm": None}  # fmt: skip
    with pytest.raises(Diverged, match=r"update \d+ at learning rate 10") as told:
        fit(overlay(toy_config, wild), toys, progress=False)
    assert "train.learning_rate" in str(told.value)


@pytest.mark.parametrize(("chance", "warned"), [(0.0, True), (100.0, False)])
def test_a_network_that_learns_nothing_is_warned_of(
    toys: Prepared, toy_config: Config, chance: float, warned: bool,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr("conveyor.training.trainer.constant_loss", lambda *_: chance)
    fit(overlay(toy_config, {"train.epochs": 2}), toys, progress=False)
    assert ("not 2 % below the" in caplog.text) == warned


def test_the_loss_of_chance_is_that_of_the_best_constant_answer(toys: Prepared) -> None:
    rows = BatchReader([toys.split("train")])
    share = rows.targets.mean()
    entropy = -share * np.log(share) - (1 - share) * np.log(1 - share)
    assert constant_loss(class_head(2), rows) == pytest.approx(entropy, rel=1e-5)


def test_folds_measure_every_row_once_and_refit_on_all(
    toys: Prepared, toy_config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    changes = {"train.folds": 3, "train.refit": True, "train.epochs": 8}
    config = overlay(toy_config, changes)
    with caplog.at_level("INFO"):
        _, history = fit(config, toys)
    assert (
        len(re.findall(r"about \d+ s left, including 2 more folds and the refit", caplog.text)) == 1
    )
    rows = toys.meta.counts["train"] + toys.meta.counts["validation"]
    correct = history.best["val_accuracy"] * rows
    assert correct == pytest.approx(round(correct))  # of all rows
    assert history.best["val_accuracy"] > 0.9
    # Each fold trains on two thirds of them.
    assert history.validations[-1]["update"] == 8 * -(-(rows * 2 // 3) // 8)


@pytest.mark.parametrize(("weights", "factors"), [("balanced", [2 / 3, 2.0]), ("none", [1, 1])])
def test_class_weights_balance_the_classes(weights: str, factors: list[float]) -> None:
    head = class_head(2, weights=weights)
    head.prepare_loss(np.array([0, 0, 0, 1]), few_rows=False)
    targets, outputs = np.array([0, 1]), np.full((2, 2), 0.5, np.float32)
    weighted = np.asarray(head.training_losses(targets, outputs))
    assert weighted / np.asarray(head.losses(targets, outputs)) == pytest.approx(factors)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_the_product_answers_raw_rows_as_training_did(
    toys: Prepared, toy_config: Config, tmp_path: Path, precision: str
) -> None:
    config = overlay(toy_config, {"train.precision": precision, "train.epochs": 2})
    model, history = fit(config, toys, progress=False)
    write_model(model, history, config, toys, tmp_path / "model")
    names = {path.name for path in (tmp_path / "model").iterdir()}
    assert names == {"model.keras", "model.onnx", "encoder.json", "card.json", "config.yaml",
                     "history.csv", "curves.png", "layers.png", "example.json",
                     "digests.json"}  # fmt: skip
    assert files.read_json(tmp_path / "model" / "card.json")["target"]["classes"] == ["down", "up"]
    first = {p.name: p.read_bytes() for p in (tmp_path / "model").iterdir()}
    write_model(model, history, config, toys, tmp_path / "model")
    assert first == {p.name: p.read_bytes() for p in (tmp_path / "model").iterdir()}


def test_an_int8_product_keeps_the_float_graph_and_says_what_it_is(
    toys: Prepared, toy_config: Config, tmp_path: Path
) -> None:
    plain = overlay(toy_config, {"train.epochs": 1})
    int8 = overlay(plain, {"serving.quantisation": "int8"})
    model, history = fit(plain, toys, progress=False)
    for config, name in ((plain, "plain"), (int8, "int8")):
        write_model(model, history, config, toys, tmp_path / name)
    small = {p.name: p.read_bytes() for p in (tmp_path / "int8").iterdir()}
    as_ever = {p.name: p.read_bytes() for p in (tmp_path / "plain").iterdir()}
    # The list of digests names the same changes.
    digests, digests_as_ever = (json.loads(f.pop("digests.json")) for f in (small, as_ever))
    assert small.pop("float.onnx") == as_ever["model.onnx"]
    assert digests.pop("float.onnx") == digests_as_ever["model.onnx"]
    for new, old in ((small, as_ever), (digests, digests_as_ever)):
        assert new.keys() == old.keys()
        assert {name for name in new if new[name] != old[name]} == {"model.onnx", "config.yaml"}
    ran = yaml.safe_load(small["config.yaml"])
    assert ran.pop("serving") == {"quantisation": "int8"}
    assert ran == yaml.safe_load(as_ever["config.yaml"])


def test_an_export_that_answers_otherwise_is_refused(
    toys: Prepared, toy_config: Config, tmp_path: Path
) -> None:
    model, history = fit(overlay(toy_config, {"train.epochs": 1}), toys, progress=False)
    write_model(model, history, toy_config, toys, tmp_path / "model")
    validation = toys.split("validation")
    check_export(tmp_path / "model", validation.encoded, validation.rows)
    encoder = files.read_json(tmp_path / "model" / "encoder.json")
    encoder["scale"][0] *= 2
    files.write_json(tmp_path / "model" / "encoder.json", encoder)
    write_digests(tmp_path / "model")
    with pytest.raises(ExportError, match="got a difference of"):
        check_export(tmp_path / "model", validation.encoded, validation.rows)


TWO_DEVICES = """
import json, sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import fitting
for config in json.loads(sys.argv[1]):
    print(json.dumps(fitting.run(config, sys.argv[2], None, 0, None)))
print(len(tf.config.list_logical_devices("CPU")))
"""


def test_two_devices_train_together(toys: Prepared, toy_config: Config) -> None:
    """On two logical CPUs, in a process of its own: devices are fixed at TensorFlow's start."""
    changes = [{"train.strategy": name, "model.dropout": 0.0} for name in ("mirrored", "one")]
    configs = [narrow(overlay(toy_config, change), FitConfig) for change in changes]
    texts = [yaml.safe_dump(config.model_dump(mode="json")) for config in configs]
    path = f"{Path(fitting.__file__).parent}:{os.environ['PYTHONPATH']}"
    done = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES, json.dumps(texts), str(toys.folder)], check=False,
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *results, devices = done.stdout.splitlines()[-3:]
    assert devices == "2"
    losses = [[row["val_loss"] for row in json.loads(result)["rows"]] for result in results]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
