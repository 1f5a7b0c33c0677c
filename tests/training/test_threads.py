"""Threads: by rule, by hand, and in the process that trains."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conveyor.config import Config, ConfigError, FitConfig, narrow, overlay
from conveyor.data.store import Prepared
from conveyor.training.threads import threads_of

TRIAL = """
import json, os, sys
from conveyor.config import FitConfig
from conveyor.sweep.protocol import TrialJob
from conveyor.training import trial
import tensorflow as tf
class Line:
    def report(self, number, metrics): ...
    def report_pace(self, seconds, updates): ...
job = json.loads(sys.argv[1])
trial.run(TrialJob(**job | {"config": FitConfig(**job["config"])}), Line())
print(tf.config.threading.get_intra_op_parallelism_threads(),
      tf.config.threading.get_inter_op_parallelism_threads(), os.environ["CONVEYOR_THREADS"])
"""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (1, 8)),
        ({"model.kernel": "keras"}, (8, 8)),
        ({"model.cell": "gru"}, (1, 8)),
        ({"model.cell": "simple"}, (8, 8)),
        ({"train.intra_op": 3}, (3, 8)),
        ({"train.inter_op": 2}, (1, 2)),
    ],
)
def test_auto_depends_on_the_kernel_and_the_cores(
    toy_config: Config, changes: dict[str, Any], expected: tuple[int, int]
) -> None:
    assert threads_of(overlay(toy_config, changes), cores=8) == expected


@pytest.mark.parametrize("wrong", [0, -1, "all", 1.5])
def test_other_settings_are_refused(toy_config: Config, wrong: Any) -> None:
    with pytest.raises(ConfigError, match=r"train\.intra_op"):
        overlay(toy_config, {"train.intra_op": wrong})


def test_a_trial_trains_with_its_threads(
    toys: Prepared, toy_config: Config, tmp_path: Path
) -> None:
    config = overlay(toy_config, {"train.epochs": 1, "train.intra_op": 2})
    values = narrow(config, FitConfig).model_dump(mode="json")
    job = {"number": 0, "config": values, "prepared": str(toys.folder), "scratch": str(tmp_path),
           "threads": 3}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", TRIAL, json.dumps(job)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["2", "3", "3"]
