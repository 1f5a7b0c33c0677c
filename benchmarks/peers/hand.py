"""Runs Optuna without a framework, in one process, with optuna-integration's pruning callback."""

import optuna
import plain
from optuna_integration import (  # pyright: ignore[reportMissingImports]  # of another environment
    KerasPruningCallback,
)


def objective(trial: optuna.Trial) -> float:
    units = plain.UNITS[trial.suggest_categorical("units", range(len(plain.UNITS)))]
    dropout = trial.suggest_float("dropout", *plain.DROPOUT)
    rate = trial.suggest_float("rate", *plain.RATE, log=True)
    try:
        score = plain.score(units, dropout, rate, [KerasPruningCallback(trial, "val_loss")])
    except optuna.TrialPruned:
        plain.write_trial(trial.study.trials[trial.number].last_step or 0.0, "pruned")
        raise
    plain.write_trial(score, "complete")
    return score


if __name__ == "__main__":
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=plain.SEED, n_startup_trials=5),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=5),
    )
    study.optimize(objective, n_trials=10_000, catch=(Exception,))
