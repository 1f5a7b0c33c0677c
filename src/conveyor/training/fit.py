"""Fit one configuration on prepared data."""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from conveyor.config import Config, Train
from conveyor.data.store import Prepared
from conveyor.models.build import build
from conveyor.models.devices import gpus
from conveyor.training.batches import Epochs, folds
from conveyor.training.course import Course, Row

log = logging.getLogger(__name__)

COSINE_FLOOR = 0.01  # of the first learning rate
OnEpoch = Callable[[int, Row], None]


@dataclass(frozen=True)
class Fitted:
    """A fitted model and how it came to be.

    Attributes:
        model: weights of the best epoch; after a refit, of the fit on all rows.
        rows: one per epoch, in order; see `Course`.
        best_epoch: from 1, the lowest validation loss.
    """

    model: keras.Model
    rows: list[Row]
    best_epoch: int

    @property
    def best(self) -> Row:
        return self.rows[self.best_epoch - 1]


def set_up(seed: int, precision: str = "float32") -> None:
    """Seed everything, choose deterministic operations, let GPU memory grow."""
    for gpu in gpus():
        tf.config.experimental.set_memory_growth(gpu, True)
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
    train, validation = prepared.split("train"), prepared.split("validation")
    course = Course(config.train, scratch / "fit.npz" if scratch else None, on_epoch)
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
    course.restore_best()
    if config.train.refit if refit is None else refit:
        rows = Epochs([train, validation], classes)
        log.info("fitting anew on %d rows, validation included", len(rows.labels))
        model = _begin(config, prepared, rows)
        _epochs(model, config, rows, 0, course.best_epoch, progress)
    return Fitted(model, course.rows, course.best_epoch)


def _begin(config: Config, prepared: Prepared, rows: Epochs) -> keras.Model:
    """A new model in a state that depends on the configuration only."""
    keras.backend.clear_session()
    set_up(config.seed, config.train.precision)
    return compiled(config, prepared, len(rows.labels))


def _epochs(
    model: keras.Model,
    config: Config,
    rows: Epochs,
    first: int,
    last: int,
    progress: bool,
    course: Course | None = None,
    held_out: Epochs | None = None,
) -> None:
    """Train from epoch `first` to `last`, watched by `course` if there is one."""
    train = config.train
    callbacks = [_Clock(rows), *filter(None, [course]), *([_Bar(last)] if progress else [])]
    model.fit(
        rows.training(
            batch_size=train.batch_size, bucket_batches=train.bucket_batches, seed=config.seed
        ),
        validation_data=held_out and held_out.validation(batch_size=train.batch_size),
        initial_epoch=first,
        epochs=last,
        class_weight=class_weights(train, rows.labels, len(rows.one_hot)),
        callbacks=callbacks,
        shuffle=False,  # `plan` has shuffled already
        verbose=0,
    )


def compiled(config: Config, prepared: Prepared, rows: int) -> keras.Model:
    """Build and compile, on every visible device where `train.strategy` says so."""
    meta, train = prepared.meta, config.train
    with strategy_scope(train):
        model = build(
            config.model,
            classes=len(meta.classes),
            features=meta.features,
            vocabulary=meta.vocabulary,
        )
        model.compile(
            optimizer=_optimizer(train, steps=-(-rows // train.batch_size) * train.epochs),
            loss=keras.losses.CategoricalCrossentropy(label_smoothing=train.label_smoothing),
            # The validation loss that is reported and searched is free of smoothing and of
            # class weights, so that trials which differ in them compare.
            metrics=[
                keras.metrics.CategoricalCrossentropy(name="log_loss"),
                keras.metrics.CategoricalAccuracy(name="accuracy"),
                keras.metrics.F1Score(average="macro", name="macro_f1"),
            ],
        )
        model.optimizer.build(model.trainable_variables)
    return model


def strategy_scope(train: Train) -> Any:
    """The scope of a MirroredStrategy over all GPUs (or logical CPUs), or no scope."""
    if train.strategy == "one":
        return nullcontext()
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([device.name for device in devices]).scope()


def class_weights(train: Train, labels: Any, classes: int) -> dict[int, float] | None:
    """Weight of each class: rows / (classes x rows of the class), or None."""
    if train.class_weights == "none":
        return None
    counts = np.bincount(labels, minlength=classes)
    return {i: len(labels) / (classes * max(int(n), 1)) for i, n in enumerate(counts)}


def _optimizer(train: Train, *, steps: int) -> keras.optimizers.Optimizer:
    kinds: dict[str, Callable[..., keras.optimizers.Optimizer]] = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
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


class _Clock(keras.callbacks.Callback):
    """Tells the data which epoch begins, before it is asked for its first batch."""

    def __init__(self, rows: Epochs) -> None:
        super().__init__()
        self.rows = rows

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.rows.epoch = epoch


class _Bar(keras.callbacks.Callback):
    """One line on a terminal; nothing where output is not a terminal."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self.epochs = epochs

    def on_train_begin(self, logs: Any = None) -> None:
        self.bar = tqdm(total=self.epochs, unit="epoch", disable=None)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        shown = {k: v for k, v in (logs or {}).items() if k in ("loss", "val_log_loss")}
        self.bar.set_postfix({k: f"{v:.4f}" for k, v in shown.items()})
        self.bar.update(epoch + 1 - self.bar.n)

    def on_train_end(self, logs: Any = None) -> None:
        self.bar.close()
