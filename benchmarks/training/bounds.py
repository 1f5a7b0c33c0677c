"""Measures the parts of a training step of the fused kernel, to show what limits it.

    python benchmarks/training/bounds.py     # measures, writes bounds.json, prints
    python benchmarks/training/bounds.py --print

All times are medians in milliseconds, measured in turns within one process: a step of the stack of
`run.py`; the kernel's four operators, each called alone; and the same step on one row of one time
step, which is the cost of Keras, TensorFlow and Python in any step. The speed of the operators
counts the multiplications and additions of their matrix products. It is compared with TensorFlow's
product of two large matrices.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import stack

from conveyor import files

RESULT, ROUNDS, LARGE = Path(__file__).with_suffix(".json"), 40, 1024


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def operators(size: str) -> tuple[list[Callable[[], Any]], float]:
    """Return calls of the forward and backward pass of both layers, and their total FLOPs."""
    import numpy as np
    import tensorflow as tf

    from conveyor.models.kernels.library import operators as load_kernels

    steps, features, units, rows = stack.SIZES[size]
    draw, calls, work = np.random.default_rng(17), [], 0.0

    def normal(*shape: int) -> Any:
        return tf.constant(0.1 * draw.normal(size=shape), tf.float32)

    for inputs, wide in ((features, units), (units, units // 2)):
        x, h, c = normal(rows, steps, inputs), normal(rows, wide), normal(rows, wide)
        weights = {"kernel": normal(inputs, 4 * wide), "recurrent": normal(wide, 4 * wide)}
        mask, order = tf.ones((rows, steps), tf.bool), {"reverse": False, "repeat": True}
        weights["bias"] = normal(4 * wide)
        inputs_of_forward = {"x": x, "mask": mask, "h0": h, "c0": c, **weights, **order}

        def forward(arguments: Any = inputs_of_forward) -> Any:
            return load_kernels("lstm").conveyor_lstm(**arguments, save=True)

        outputs = forward()
        back = {"x": x, "recurrent": weights["recurrent"], "mask": mask, "kept": outputs[1],
                "h": outputs.h, "dh": normal(rows, steps, wide), "h0": h, "dh_last": h, "c0": c,
                "c": outputs.c, "dc_last": c, **order}  # fmt: skip

        def backward(arguments: Any = back) -> Any:
            return load_kernels("lstm").conveyor_lstm_grad(**arguments)

        calls += [forward, backward]
        work += 2 * rows * steps * 4 * wide * (2 * inputs + 3 * wide)
    return calls, work


def measure(size: str) -> dict[str, float]:
    import tensorflow as tf
    from keras_steps import network

    from conveyor.models.kernels import fused

    model = network(fused.LSTM, size)
    x, y = (tf.constant(part) for part in stack.batches(size)[0])
    calls, work = operators(size)
    matrix = tf.random.normal((LARGE, LARGE))
    parts: dict[str, list[float]] = {"step": [], "operators": [], "least": [], "product": []}
    for _ in range(ROUNDS):
        parts["step"].append(seconds(lambda: model.train_on_batch(x, y)))
        parts["operators"].append(sum(seconds(call) for call in calls))
        parts["least"].append(seconds(lambda: model.train_on_batch(x[:1, :1], y[:1])))
        parts["product"].append(seconds(lambda: tf.matmul(matrix, matrix).numpy()))
    results = {name: median(times[5:]) for name, times in parts.items()}
    return {**results, "gflops": work / results["operators"] / 1e9,
            "product_gflops": 2 * LARGE**3 / results["product"] / 1e9}  # fmt: skip


def table(results: dict[str, dict[str, float]]) -> str:
    lines = ["| size | a step, ms | the kernel's operators, ms | a step of one row and one time "
             "step, ms | the operators, GFLOP/s | a large product, GFLOP/s |",
             "| --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    for size in stack.SIZES:
        row = results[size]
        times = [f"{1e3 * row[name]:.1f}" for name in ("step", "operators", "least")]
        speeds = [f"{row[name]:.0f}" for name in ("gflops", "product_gflops")]
        lines.append("| " + " | ".join([size, *times, *speeds]) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--print", action="store_true", help="print bounds.json, run nothing")
    if not parser.parse_args().print:
        files.write_json(RESULT, {size: measure(size) for size in stack.SIZES})
    print(table(files.read_json(RESULT)))
