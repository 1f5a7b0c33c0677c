"""Measures steps of Conveyor's own trainer: `python conveyor_steps.py PRECISION CELL SIZE`.

Prints sequences a second and seconds to the end of the first step, on the first device. PRECISION
is a value of `train.precision`, or tf32: float32 as rounded by a GPU's matrix units, which Conveyor
turns off.
"""

import os
import sys
import time

import numpy as np
import stack
import tensorflow as tf

from conveyor.compose import compose
from conveyor.config import overlay
from conveyor.encoding.network_inputs import name_inputs
from conveyor.models.build import build
from conveyor.paths import Paths
from conveyor.tasks import Task
from conveyor.tasks.classification.options import ClassSpec
from conveyor.training.compile import set_up_keras
from conveyor.training.optimizers import Adam
from conveyor.training.steps import Steps
from conveyor.training.threads import set_threads

if __name__ == "__main__":
    precision, cell, size = sys.argv[1:]
    steps, features, units, rows = stack.SIZES[size]
    changes = {
        "cell": cell, "units": [units, units // 2], "bidirectional": False, "dropout": 0.0,
        "head_dropout": 0.0, "layer_norm": False, "residual": False, "pooling": "last",
    }  # fmt: skip
    whole = compose(Paths(stack.ROOT))
    config = overlay(whole, {f"model.{key}": value for key, value in changes.items()})
    set_threads(config, os.cpu_count() or 1)
    set_up_keras(17, "float32" if precision == "tf32" else precision)
    tf.config.experimental.enable_tensor_float_32_execution(precision == "tf32")
    head = Task(ClassSpec(classes=["0", "1"])).head(config.head)
    model = build(config.model, head, features=features)
    model.compile(Adam())
    model.optimizer.build(model.trainable_variables)
    lengths = np.full(rows, steps, np.int32)
    data = [
        (name_inputs(x, lengths), (y[:, 0] > 0).astype(np.int32)) for x, y in stack.batches(size)
    ]
    trainer = Steps(model, head, data[0][1])
    began = time.perf_counter()
    trainer.train(data[0])
    first = time.perf_counter() - began
    print(stack.rate(lambda i: trainer.train(data[i]), rows), first)
