"""The Optuna study: where it is kept, how it samples and prunes, how it goes on after a crash."""

import os
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import optuna
from filelock import FileLock, Timeout
from optuna.trial import FrozenTrial, TrialState

from conveyor import files
from conveyor.config import Config
from conveyor.config.load import dump
from conveyor.errors import InputError
from conveyor.sweep.journal import open_journal
from conveyor.sweep.sampling import INTERRUPTED, POSITION, PRUNERS, SAMPLERS

PARAMS, METRICS, REASON = "params", "metrics", "reason"
DIRECTION: dict[str, Literal["minimize", "maximize"]] = {
    "val_loss": "minimize",
    "val_accuracy": "maximize",
}


class SweepError(InputError):
    """The sweep cannot go on; the message says what stands in the way."""


class StudyFolder:
    """The study's journal on disk, held by one driver at a time.

    A finished study is set aside when the sweep starts again: DVC asks for a sweep only when it
    wants one. An unfinished one goes on.

    Attributes:
        key: equal for equal configuration and data.
        resumed: there was an unfinished study.
    """

    def __init__(self, scratch: Path, config: Config, data_digest: str) -> None:
        parts = {name: dump(getattr(config, name)) for name in ("name", "seed", "model", "train")}
        # How many trials, and how fast, can change without starting the search anew.
        free = {"trials", "workers", "time_limit", "trial_time_limit", "max_failed_share"}
        searched = {k: v for k, v in dump(config.sweep).items() if k not in free}
        self.key = files.digest_value([parts, searched, data_digest])[:16]
        self.folder = scratch / "sweep" / self.key
        self.resumed = False
        self._lock = FileLock(f"{self.folder}.lock")

    def __enter__(self) -> "StudyFolder":
        holder = Path(f"{self.folder}.pid")
        holder.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            pid = holder.read_text() if holder.is_file() else "unknown"
            raise SweepError(
                f"this sweep already runs, as process {pid}; wait for it, or stop it"
            ) from None
        files.write_text(holder, str(os.getpid()))
        if self._mark.exists():
            aside = Path(f"{self.folder}.previous")
            shutil.rmtree(aside, ignore_errors=True)
            os.replace(self.folder, aside)
        self.resumed = self.folder.exists()
        self.folder.mkdir(exist_ok=True)
        return self

    def __exit__(self, *raised: object) -> None:
        self._lock.release()

    @property
    def _mark(self) -> Path:
        return self.folder / "finished"

    def finish(self) -> None:
        """Nothing is left to go on with: the next start is a new sweep."""
        files.write_text(self._mark, "")

    def open(self, config: Config) -> optuna.Study:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return optuna.create_study(
                study_name=self.key,
                storage=open_journal(self.folder / "journal.log"),
                direction=DIRECTION[config.sweep.objective],
                pruner=PRUNERS[config.sweep.pruner.name](config.sweep, config.train),
                load_if_exists=True,
            )


def counted(study: optuna.Study) -> list[FrozenTrial]:
    """Trials as an uninterrupted study would have them, in its order."""
    trials = [t for t in study.get_trials(deepcopy=False) if not t.user_attrs.get(INTERRUPTED)]
    return sorted(trials, key=lambda t: t.user_attrs[POSITION])


def close_interrupted(study: optuna.Study) -> list[int]:
    """Fail the trials that died with the last driver, and queue their parameters again.

    Safe to be killed in and begun anew: a trial is queued at most once.

    Returns:
        Their numbers.
    """
    trials = study.get_trials(deepcopy=False)
    dead = [t for t in trials if t.state == TrialState.RUNNING]
    queued = {t.user_attrs[POSITION] for t in trials if t.state == TrialState.WAITING}
    for trial in dead:
        study._storage.set_trial_user_attr(trial._trial_id, INTERRUPTED, True)
        position = trial.user_attrs[POSITION]
        if position not in queued:
            # Before all parameters are drawn there are none to repeat: they are drawn anew.
            params = trial.params if PARAMS in trial.user_attrs else {}
            params = trial.system_attrs.get("fixed_params") or params
            study.enqueue_trial(params, user_attrs={POSITION: position})
        study.tell(trial.number, state=TrialState.FAIL)
    return [trial.number for trial in dead]


def ask(study: optuna.Study, config: Config) -> optuna.Trial:
    """Begin a trial, proposed as if the study had never been interrupted (see `sampling`).

    Each trial is queued with its position first, so that it never runs without one.
    """
    if not _waiting(study):
        study.enqueue_trial({}, user_attrs={POSITION: len(counted(study))})
    position = _waiting(study)[0].user_attrs[POSITION]  # Optuna takes the first one too
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.sampler = SAMPLERS[config.sweep.sampler.name](config.sweep, config.seed, position)
    return study.ask()


def _waiting(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.WAITING,))


def best_of(study: optuna.Study, objective: str) -> FrozenTrial | None:
    """The best complete trial; the earlier one of equals."""
    complete = [t for t in counted(study) if t.state == TrialState.COMPLETE]
    sign = 1 if DIRECTION[objective] == "minimize" else -1
    return min(complete, key=lambda t: (sign * (t.value or 0.0), t.user_attrs[POSITION]),
               default=None)  # fmt: skip


def importances(study: optuna.Study) -> Mapping[str, float]:
    """Share of each parameter in the objective's variance, by PED-ANOVA (Watanabe et al. 2023);
    empty where there are too few trials to tell."""
    complete = [t for t in counted(study) if t.state == TrialState.COMPLETE]
    if len(complete) < 4 or len({t.value for t in complete}) < 2:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        evaluator: Any = optuna.importance.PedAnovaImportanceEvaluator()
        return optuna.importance.get_param_importances(study, evaluator=evaluator)
