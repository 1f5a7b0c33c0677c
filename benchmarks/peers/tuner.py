"""Runs KerasTuner: `python tuner.py hyperband | bayesian`."""

import sys
import tempfile
from typing import Any

import keras_tuner  # pyright: ignore[reportMissingImports]  # of another environment
import plain


def build(hp: keras_tuner.HyperParameters) -> object:
    units = plain.UNITS[hp.Choice("units", list(range(len(plain.UNITS))))]
    dropout = hp.Float("dropout", *plain.DROPOUT)
    rate = hp.Float("rate", *plain.RATE, sampling="log")
    return plain.model(units, dropout, rate, TRAIN)


if __name__ == "__main__":
    TRAIN, VALIDATION = plain.data()
    common = {"objective": "val_loss", "seed": plain.SEED, "directory": tempfile.mkdtemp()}
    kinds = {
        "hyperband": lambda: keras_tuner.Hyperband(build, max_epochs=plain.EPOCHS,
                                                   hyperband_iterations=100, **common),
        "bayesian": lambda: keras_tuner.BayesianOptimization(build, max_trials=10_000,
                                                             num_initial_points=5, **common),
    }  # fmt: skip
    tuner = kinds[sys.argv[1]]()
    ended = tuner.on_trial_end

    def on_trial_end(trial: Any) -> None:
        ended(trial)
        score = tuner.oracle.get_trial(trial.trial_id).score
        if score is None:
            plain.write_trial(float("nan"), "failed")
        else:
            plain.write_trial(score, "complete")

    tuner.on_trial_end = on_trial_end
    tuner.search(*TRAIN, validation_data=VALIDATION, epochs=plain.EPOCHS, batch_size=plain.BATCH,
                 callbacks=[plain.stop_early()], verbose=0)  # fmt: skip
