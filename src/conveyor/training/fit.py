"""Fit one configuration on prepared data."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import tqdm

from conveyor.config import Config, Train
from conveyor.data.store import Prepared
from conveyor.models.build import build
from conveyor.models.devices import prepare_devices
from conveyor.training.batches import Epochs, folds
from conveyor.training.optimizers import Adam, AdamW
from conveyor.training.state import Diverged, EpochMetrics, TrainingState, learning_rate
from conveyor.training.steps import Steps

log = logging.getLogger(__name__)

# Its own lock is one between processes, which a trial that is killed would leave behind.
tqdm.set_lock(RLock())
COSINE_FLOOR = 0.01  # of the first learning rate
OnEpoch = Callable[[int, EpochMetrics], None]


@dataclass(frozen=True)
class Fitted:
    """A fitted model and how it came to be.

    Attributes:
        model: weights of the best epoch; after a refit, of the fit on all rows.
        rows: one per epoch, in order; see `TrainingState`.
        best_epoch: from 1, the lowest validation loss.
    """

    model: keras.Model
    rows: list[EpochMetrics]
    best_epoch: int

    @property
    def best(self) -> EpochMetrics:
        return self.rows[self.best_epoch - 1]


def set_up_keras(seed: int, precision: str = "float32") -> None:
    """Prepare the devices, seed all random generators, choose deterministic operations, and set
    the precision (a Keras dtype policy) of the layers that are built from here on."""
    prepare_devices()
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    keras.config.set_dtype_policy(precision)


def fit(
    config: Config,
    prepared: Prepared,
    *,
    on_built: Callable[[keras.Model], None] = lambda model: None,
    on_epoch: OnEpoch = lambda epoch, row: None,
    scratch: Path | None = None,
    fold: tuple[int, int] | None = None,
    refit: bool | None = None,
    progress: bool = True,
) -> Fitted:
    """Train until validation loss stops falling, and return the best epoch's weights.

    With `train.refit` the number of epochs found that way is then trained anew, from the same
    seed, on training and validation rows together: on a small data set those rows are worth more
    in training than in waiting. Test rows are never read.

    Args:
        on_built: called with the model before it is trained.
        on_epoch: called after each epoch of the first fit, and for those that it resumes after.
        scratch: folder for the state to resume from; a killed fit goes on after its last epoch
            and ends with the same weights. None keeps no state.
        fold: (which, of how many): training and validation rows are pooled, and this fold of them
            validates. None keeps the split as it was prepared.
        refit: instead of `train.refit`.

    Raises:
        Diverged: the loss is no longer a number.
    """
    began = time.monotonic()
    train, validation = prepared.split("train"), prepared.split("validation")
    course = TrainingState(config.train, scratch / "fit.npz" if scratch else None, on_epoch)
    classes = len(prepared.meta.classes)
    rows, held_out = Epochs([train], classes), Epochs([validation], classes)
    if fold is not None:
        pooled = Epochs([train, validation], classes)
        inside = folds(pooled.labels, fold[1], config.seed) == fold[0]
        rows, held_out = pooled.only(~inside), pooled.only(inside)
    model = _begin(config, prepared, rows)
    on_built(model)
    course.resume(model)
    if not course.exhausted:
        _epochs(model, config, rows, course.done, config.train.epochs, progress, course, held_out)
    model.set_weights(course.best_weights)
    if config.train.refit if refit is None else refit:
        rows = Epochs([train, validation], classes)
        log.info("fitting anew on %d rows, validation included", len(rows.labels))
        model = _begin(config, prepared, rows)
        _epochs(model, config, rows, 0, course.best_epoch, progress)
    log.info("fitted in %.1f s", time.monotonic() - began)
    return Fitted(model, course.rows, course.best_epoch)


def _begin(config: Config, prepared: Prepared, rows: Epochs) -> keras.Model:
    """A new model in a state that depends on the configuration only."""
    keras.backend.clear_session(free_memory=False)  # else it looks through all objects, 0.25 s
    set_up_keras(config.seed, config.train.precision)
    return compiled(config, prepared, len(rows.labels))


def _epochs(
    model: keras.Model,
    config: Config,
    rows: Epochs,
    first: int,
    last: int,
    progress: bool,
    course: TrainingState | None = None,
    held_out: Epochs | None = None,
) -> None:
    """Train from epoch `first` to `last`, watched by `course` if there is one."""
    train, size = config.train, config.train.batch_size
    steps = Steps(
        model,
        smoothing=train.label_smoothing,
        weights=class_weights(train, rows.labels, rows.classes),
    )
    with tqdm(unit="epoch", total=last, initial=first, disable=None if progress else True) as bar:
        for epoch in range(first, last):
            rate = learning_rate(model)
            total, right = 0.0, 0
            for batch in rows.training(
                batch_size=size, bucket_batches=train.bucket_batches, seed=config.seed, epoch=epoch
            ):
                loss, hits = steps.train(batch)
                if not math.isfinite(loss):
                    raise Diverged(
                        f"the loss became {loss} in epoch {epoch + 1} at learning rate {rate:g}. "
                        "Lower train.learning_rate, or set train.clip_norm."
                    )
                total, right = total + loss, right + hits
            count = len(rows.labels)
            row = {"loss": total / count, "accuracy": right / count}
            if course is not None and held_out is not None:
                seen = steps.look(held_out.validation(batch_size=size))
                row |= {f"val_{name}": figure for name, figure in seen.items()}
                course.finished(model, row | {"learning_rate": learning_rate(model)})
            bar.set_postfix({k: f"{v:.4f}" for k, v in row.items() if k.endswith("loss")})
            bar.update()
            if course is not None and course.exhausted:
                break


def compiled(config: Config, prepared: Prepared, rows: int) -> keras.Model:
    """Build and compile, on every visible device where `train.strategy` says so."""
    meta, train = prepared.meta, config.train
    with _strategy(train).scope():
        model = build(
            config.model,
            classes=len(meta.classes),
            features=meta.features,
            vocabulary=meta.vocabulary,
        )
        model.compile(_optimizer(train, steps=-(-rows // train.batch_size) * train.epochs))
        model.optimizer.build(model.trainable_variables)
    return model


def _strategy(train: Train) -> Any:
    """A MirroredStrategy over all GPUs (or logical CPUs), or TensorFlow's own for one device."""
    if train.strategy == "one":
        return tf.distribute.get_strategy()
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def class_weights(train: Train, labels: Any, classes: int) -> NDArray[np.float32] | None:
    """Weight of each class: rows / (classes x rows of the class), or None."""
    if train.class_weights == "none":
        return None
    counts = np.bincount(labels, minlength=classes)
    return (len(labels) / (classes * np.maximum(counts, 1))).astype(np.float32)


def _optimizer(train: Train, *, steps: int) -> keras.optimizers.Optimizer:
    kinds: dict[str, Callable[..., keras.optimizers.Optimizer]] = {
        "adam": Adam,
        "adamw": AdamW,
        "rmsprop": keras.optimizers.RMSprop,
        "sgd": lambda **kw: keras.optimizers.SGD(momentum=0.9, nesterov=True, **kw),
    }
    rate: Any = train.learning_rate
    if train.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, steps, alpha=COSINE_FLOOR)
    return kinds[train.optimizer](
        learning_rate=rate,
        weight_decay=train.weight_decay or None,
        global_clipnorm=train.clip_norm,
    )
