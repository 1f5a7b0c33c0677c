"""Measures steps of Conveyor's trainer: `conveyor_steps.py PRECISION CELL SIZE [TASK [THREADS]]`.

PRECISION is a value of `train.precision`, or tf32: float32 as rounded by a GPU's matrix units,
which Conveyor turns off. TASK is one of EXAMPLES. THREADS is a number of processor threads, else as
many as there are cores. Prints what `stack.answer` measures, on the first device.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import stack
import tensorflow as tf

from conveyor.compose import compose
from conveyor.config import overlay
from conveyor.encoding.network_inputs import name_inputs
from conveyor.metrics.steps import as_rows
from conveyor.models.build import build
from conveyor.paths import Paths
from conveyor.tasks import Task
from conveyor.tasks.classification.options import ClassSpec
from conveyor.tasks.forecasting.options import ForecastSpec
from conveyor.tasks.forecasting.outputs import MARKS
from conveyor.tasks.options import TargetSpec
from conveyor.tasks.tagging.options import TagSpec
from conveyor.training.compile import set_up_keras
from conveyor.training.optimizers import Adam
from conveyor.training.steps import Steps
from conveyor.training.threads import set_threads


@dataclass(frozen=True)
class Example:
    """What a task of the stack is in Conveyor.

    Attributes:
        choices: of the configuration, for the task's options.
        spec: the target, for the steps and features of a size.
        encode: targets of `stack.batches` as the task has them.
        model: what its network has beside the stack.
    """

    choices: list[str]
    spec: Callable[[int, int], TargetSpec]
    encode: Callable[[Any], Any]
    model: dict[str, Any]


def describe_forecast(steps: int, features: int) -> ForecastSpec:
    """One column is forecast from the others; each has a flag for missing values."""
    past = [f"past {number}" for number in range(features // 2 - 1)]
    return ForecastSpec.model_validate({
        "columns": ["y"], "series": None, "time": "t", "time_format": None, "zone": None,
        "frequency": {"step": 1, "unit": "number"}, "horizon": stack.HORIZON, "context": steps,
        "past": past, "known_ahead": [], "calendar": [], "gaps": "missing",
        "duplicates": "refuse", "season": 1, "mean": [0.0], "std": [1.0],
    })  # fmt: skip


def add_marks(y: Any) -> Any:
    """Return the targets of forecasts, float64 (rows, 1, horizon + MARKS)."""
    return np.pad(y[:, None].astype(np.float64), ((0, 0), (0, 0), (0, MARKS)))


TAGS = [f"tag {number:02}" for number in range(stack.TAGS)]
EXAMPLES = {
    "value": Example(
        [],
        lambda steps, features: ClassSpec(classes=["0", "1"]),
        lambda y: (y[:, 0] > 0).astype(np.int32),
        {"pooling": "last"},
    ),
    "tagging": Example(
        ["choose.experiment=trips"],
        lambda steps, features: TagSpec(tags=TAGS, scheme="runs", outside=TAGS[0], of_text=False),
        lambda y: y,
        {"pooling": "none", "word_dropout": 0.0},
    ),
    "forecasting": Example(
        ["choose.experiment=etth1", f"head.quantiles={list(stack.QUANTILES)}"],
        describe_forecast,
        add_marks,
        {"pooling": "last", "wide": True},
    ),
}

if __name__ == "__main__":
    precision, cell, size, *options = sys.argv[1:]
    task = options[0] if options else "value"
    threads = int(options[1]) if options[1:] else os.cpu_count() or 1
    example = EXAMPLES[task]
    steps, features, units, rows = stack.SIZES[size]
    changes = {
        "cell": cell, "units": [units, units // 2], "bidirectional": False, "dropout": 0.0,
        "head_dropout": 0.0, "layer_norm": False, "residual": False, "front": "none",
        **example.model,
    }  # fmt: skip
    whole = compose(Paths(stack.ROOT), example.choices)
    config = overlay(whole, {f"model.{key}": value for key, value in changes.items()})
    set_threads(config, threads)
    set_up_keras(17, "float32" if precision == "tf32" else precision)
    tf.config.experimental.enable_tensor_float_32_execution(precision == "tf32")
    head = Task(example.spec(steps, features)).head(config.head)
    model = build(config.model, head, features=features)
    model.compile(Adam())
    model.optimizer.build(model.trainable_variables)
    lengths = np.full(rows, steps, np.int32)
    data = [(name_inputs(x, lengths), example.encode(y)) for x, y in stack.batches(size, task)]
    targets = data[0][1]
    trainer = Steps(model, head, as_rows(targets) if head.score_name == "tag_accuracy" else targets)
    stack.answer(lambda i: trainer.train(data[i]), rows)
