"""Build and compile the network of a configuration, in a state that depends on nothing else."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from conveyor.config import FitConfig, Train
from conveyor.data.store import Prepared, typical_length
from conveyor.models.build import build
from conveyor.models.devices import prepare_devices
from conveyor.tasks.facets import Head
from conveyor.training.optimizers import Adam, AdamW

COSINE_FLOOR = 0.01  # of the first learning rate


def set_up_keras(seed: int, precision: str = "float32") -> None:
    """Prepare the devices, seed all random generators, choose deterministic operations, set the
    precision (a Keras dtype policy) of the layers that are built from here on, and undo whatever
    else another configuration of Keras may have set."""
    prepare_devices()
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    keras.config.set_dtype_policy(precision)


def new_model(config: FitConfig, prepared: Prepared, head: Head, updates: int) -> keras.Model:
    """Seed everything and compile a new model; equal arguments give equal weights.

    Args:
        head: adds the last layer.
        updates: of the fit, with which a learning rate schedule ends.
    """
    # free_memory would collect garbage among all objects, which takes 0.25 s.
    keras.backend.clear_session(free_memory=False)
    set_up_keras(config.seed, config.train.precision)
    return compile_model(config, prepared, head, updates)


def compile_model(config: FitConfig, prepared: Prepared, head: Head, updates: int) -> keras.Model:
    """Build and compile the network, on every visible device if `train.strategy` is mirrored."""
    meta, train = prepared.meta, config.train
    with _strategy(train).scope():
        model = build(
            config.model,
            head,
            features=meta.features,
            vocabulary=meta.vocabulary,
            length=typical_length(prepared),
            static_width=meta.static_width,
            characters=meta.characters,
            alphabet=meta.alphabet,
        )
        model.compile(make_optimizer(train, _schedule(train, updates)))
        model.optimizer.build(model.trainable_variables)
    return model


def _strategy(train: Train) -> Any:
    """A MirroredStrategy over all GPUs (or logical CPUs), or TensorFlow's own for one device."""
    if train.strategy == "one":
        return tf.distribute.get_strategy()
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([device.name for device in devices])


OPTIMIZERS: dict[str, Callable[..., keras.optimizers.Optimizer]] = {
    "adam": Adam,
    "adamw": AdamW,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": partial(keras.optimizers.SGD, momentum=0.9, nesterov=True),
}


def make_optimizer(train: Train, learning_rate: Any) -> keras.optimizers.Optimizer:
    """Return the optimizer of the settings, at a learning rate or a schedule of it."""
    # Without weight decay AdamW is Adam; Keras's AdamW refuses to be.
    is_adam = train.optimizer == "adamw" and not train.weight_decay
    return OPTIMIZERS["adam" if is_adam else train.optimizer](
        learning_rate=learning_rate,
        weight_decay=train.weight_decay or None,
        global_clipnorm=train.clip_norm,
    )


def _schedule(train: Train, updates: int) -> Any:
    """The learning rate, or a schedule of it: a linear rise over `warmup_updates` first."""
    rate, warmup = train.learning_rate, min(train.warmup_updates, updates - 1)
    schedules = keras.optimizers.schedules
    if train.schedule == "cosine" and warmup:
        return schedules.CosineDecay(
            0.0, updates - warmup, alpha=COSINE_FLOOR, warmup_target=rate, warmup_steps=warmup
        )
    if train.schedule == "cosine":
        return schedules.CosineDecay(rate, updates, alpha=COSINE_FLOOR)
    if warmup:
        return schedules.PolynomialDecay(0.0, warmup, end_learning_rate=rate)
    return rate
