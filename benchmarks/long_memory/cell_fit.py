"""One fit of `run.py`: one cell on one problem, on rows that are drawn anew for each update."""

from collections.abc import Iterator
from time import process_time
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from fits import CELLS, STOP_AT, Fit, Outcome
from problems import draw_rows, moments

from conveyor.compose import compose
from conveyor.config import Config
from conveyor.encoding.network_inputs import name_inputs
from conveyor.models.build import build
from conveyor.paths import Paths
from conveyor.tasks import Task
from conveyor.tasks.regression.options import RegressionSpec
from conveyor.training.batches import Batch
from conveyor.training.compile import make_optimizer, set_up_keras
from conveyor.training.steps import Steps
from conveyor.training.threads import set_threads

VALIDATE_EVERY = 100  # updates
VALIDATION_ROWS, TEST_ROWS, GRADIENT_ROWS = 500, 2000, 64
MOST_LAGS = 40  # at which a gradient is stored, evenly spaced
TRAINING, VALIDATION, TEST = range(3)  # kinds of rows, which seed their generators


def read_config(fit: Fit) -> Config:
    """Compose the experiment `long_memory` with the cell, rate and seed of a fit."""
    changes = [*CELLS[fit.cell], f"train.learning_rate={fit.rate}", f"seed={fit.seed}"]
    return compose(Paths(), ["choose.experiment=long_memory", *changes])


def run_fit(fit: Fit, limit: int | None = None) -> Outcome:
    """Train one network, up to the experiment's updates or a lower `limit`; see `Outcome`.

    A loss that is not finite ends the fit with the best weights so far.
    """
    began, config = process_time(), read_config(fit)
    updates, batch_size = config.train.updates, config.train.batch_size
    assert isinstance(updates, int)
    assert isinstance(batch_size, int)
    budget = min(updates, limit or updates)
    mean, std = moments(fit.problem)
    head = Task(RegressionSpec(columns=["answer"], mean=[mean], std=[std])).head(config.head)
    keras.backend.clear_session()
    set_up_keras(fit.seed)
    model = build(config.model, head, features=2)
    _compile(model, config)
    steps = Steps(model, head, np.zeros((1, 1)))
    lags, before = gradient_by_lag(model, fit)
    best, weights, update = np.inf, model.get_weights(), 0
    training = _batches(fit, TRAINING, budget, batch_size)
    for update, batch in enumerate(training, start=1):
        if not np.isfinite(steps.train(batch).loss):
            break
        if update % VALIDATE_EVERY == 0 or update == budget:
            error = _measure(steps, fit, VALIDATION, VALIDATION_ROWS)
            if error < best:
                best, weights = error, model.get_weights()
            if error < STOP_AT:
                break
    model.set_weights(weights)
    test = _measure(steps, fit, TEST, TEST_ROWS)
    _, after = gradient_by_lag(model, fit)
    seconds = round(process_time() - began, 1)
    return Outcome(
        fit, _round(best), _round(test), update, seconds, lags, _round(before), _round(after)
    )


def gradient_by_lag(model: keras.Model, fit: Fit) -> tuple[list[int], list[float]]:
    """Return lags, 0 for the last step, and the norm of the output's gradient at each."""
    (inputs, _), *_ = _batches(fit, TEST, 1, GRADIENT_ROWS)
    tensors = {name: tf.constant(value) for name, value in inputs.items()}
    with tf.GradientTape() as tape:
        tape.watch(tensors["values"])
        outputs = model(tensors, training=False)
    # (rows, steps, channels); float64, since squares of far gradients are below float32
    gradient = np.asarray(tape.gradient(outputs, tensors["values"]), np.float64)
    norms = np.linalg.norm(gradient, axis=2).mean(axis=0)[::-1]  # (lags,)
    lags = np.unique(np.linspace(0, fit.steps - 1, MOST_LAGS).astype(int))
    return lags.tolist(), norms[lags].tolist()


def start_worker() -> None:
    """Give each process of the pool one core."""
    set_threads(read_config(Fit("adding", "LSTM, forget bias 1", 1, 1.0, 0)), 1)


def _round(values: Any) -> Any:
    """Round a number or a list to what a table or a plot shows."""
    return np.vectorize(lambda x: float(f"{x:.3g}"))(values).tolist()


def _compile(model: keras.Model, config: Config) -> None:
    model.compile(make_optimizer(config.train, config.train.learning_rate))
    model.optimizer.build(model.trainable_variables)


def _measure(steps: Steps, fit: Fit, kind: int, rows: int) -> float:
    """Return the error of rows that are the same for all fits of a problem and length."""
    return steps.validate(_batches(fit, kind, rows // 250, 250), ()).scores["loss"]


def _batches(fit: Fit, kind: int, count: int, rows: int) -> Iterator[Batch]:
    """Draw batches; those of the training rows differ by seed, the others do not."""
    seeds = [kind, fit.steps, fit.seed if kind == TRAINING else 0]
    draw = np.random.default_rng(seeds)
    for _ in range(count):
        values, answers = draw_rows(fit.problem, draw, rows, fit.steps)
        yield name_inputs(values, np.full(rows, fit.steps, np.int32), None), answers
