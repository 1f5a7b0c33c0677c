"""Fits the same network with Keras's own `fit`: `python keras_fit.py JSON PREPARED`.

It uses the same batches and kernel. Batches come from a generator through tf.data; the options
under test are `autotune` and `steps_per_execution`. Prints what conveyor_fit.py prints.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from conveyor_fit import Moment, epochs_of, figures, now

from conveyor.compose import compose
from conveyor.config import overlay
from conveyor.data.store import Prepared
from conveyor.models.build import build
from conveyor.paths import Paths
from conveyor.training.batches import Batch, BatchReader, plan_batches
from conveyor.training.compile import set_up_keras
from conveyor.training.threads import set_threads


class Clock(keras.callbacks.Callback):
    """Records the time at the end of each epoch, and the number of the epoch for the data."""

    def __init__(self, times: list[Moment]) -> None:
        super().__init__()
        self.times, self.epoch = times, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.times.append(now())


def dataset(batches: Any, like: Batch, width: int, autotune: bool) -> tf.data.Dataset:
    def rows() -> Iterator[Any]:
        for inputs, targets in batches():
            yield inputs, np.eye(width, dtype=np.float32)[targets]

    first, _ = like
    values = tf.TensorSpec((None, None, *first["values"].shape[2:]), first["values"].dtype)
    inputs = {"values": values, "lengths": tf.TensorSpec((None,), tf.int32)}
    signature = (inputs, tf.TensorSpec((None, width), tf.float32))
    options = tf.data.Options()
    options.autotune.enabled = autotune
    data = tf.data.Dataset.from_generator(rows, output_signature=signature)
    count = sum(1 for _ in batches())
    data = data.apply(tf.data.experimental.assert_cardinality(count))
    return data.with_options(options).prefetch(2)


if __name__ == "__main__":
    changes = json.loads(sys.argv[1])
    autotune, steps = changes.pop("autotune"), changes.pop("steps_per_execution")
    prepared = Prepared(Path(sys.argv[2]))
    config = epochs_of(overlay(compose(Paths(Path.cwd())), changes), prepared)
    train = config.train
    set_threads(config, os.cpu_count() or 1)
    set_up_keras(config.seed)
    meta = prepared.meta
    head = prepared.task.head(config.head)
    times = [now()]
    clock = Clock(times)
    rows, held_out = (BatchReader([prepared.split(name)]) for name in ("train", "validation"))
    model = build(config.model, head, features=meta.features, vocabulary=meta.vocabulary)
    adam = keras.optimizers.Adam(train.learning_rate, global_clipnorm=train.clip_norm)
    metrics = ["accuracy", keras.metrics.F1Score(average="macro")]
    model.compile(adam, "categorical_crossentropy", metrics=metrics, steps_per_execution=steps)
    size = int(train.batch_size)
    like = next(held_out.by_length(size))
    training = dataset(
        lambda: rows.read(
            plan_batches(rows.lengths, size, train.bucket_batches, config.seed, clock.epoch)
        ),
        like, head.width, autotune,
    )  # fmt: skip
    validation = dataset(lambda: held_out.by_length(size), like, head.width, autotune)
    model.fit(training, validation_data=validation, epochs=train.epochs, callbacks=[clock],
              shuffle=False, verbose=0)  # fmt: skip
    print(json.dumps(figures(times)))
