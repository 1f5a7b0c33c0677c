"""The section `sweep`: what is searched, how, where, and how far."""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from conveyor.section import Section, Share
from conveyor.tasks.objectives import objectives, validation_objectives


def _check_objective(name: str) -> str:
    if name not in objectives():
        raise ValueError(f"expected one of {', '.join(objectives())}")
    return name


Objective = Annotated[str, AfterValidator(_check_objective)]
CONSTRAINT = re.compile(r"(\w+) *(<=|>=) *([0-9][0-9_]*(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)")
# Without a password before the host.
STORAGE = re.compile(r"journal|sqlite|postgresql(\+\w+)?://(?![^:/@]*:[^@]*@).*")


class Sampler(Section):
    """Proposes the parameters of each trial."""

    # Of Optuna. tpe and gp learn from the trials, cmaes too; qmc spreads them; grid and brute_force
    # try all.
    name: Literal["tpe", "random", "qmc", "grid", "brute_force", "gp", "cmaes"]
    startup_trials: NonNegativeInt  # tpe, gp, cmaes: random trials before the model proposes


class Pruner(Section):
    """Stops trials early. All but `wilcoxon` judge by validation, the first repeat of a trial."""

    # Of Optuna; none lets each trial run to its end.
    name: Literal[
        "none", "median", "percentile", "successive_halving", "hyperband", "patient", "wilcoxon"
    ]
    startup_trials: NonNegativeInt  # median, percentile: finished trials before any is pruned
    warmup_validations: NonNegativeInt  # that each trial runs
    percentile: Annotated[float, Field(ge=0.0, le=100.0)]  # percentile: the share that goes on
    reduction_factor: Annotated[int, Field(ge=2)]  # halving, hyperband: one in so many goes on
    patience: NonNegativeInt  # validations without a better value before a trial may be stopped
    p_threshold: Share  # wilcoxon: stops when so sure to be worse than the best, over repeats


class Repeats(Section):
    """Each configuration is fitted so many times; the objective is the mean."""

    count: PositiveInt  # fits of a configuration
    by: Literal["seeds", "folds"]  # folds: of training and validation rows together

    @model_validator(mode="after")
    def _check_folds(self) -> "Repeats":
        if self.by == "folds" and self.count < 2:
            raise ValueError(f"count: expected at least 2 with by=folds; got {self.count}")
        return self


class Pick(Section):
    """Which trial of a Pareto front is taken, where there are several objectives."""

    rule: Literal["knee", "first"]  # knee: nearest to the ideal point; first: see `tolerance`
    tolerance: NonNegativeFloat  # first: share of the best first objective that may be lost


class WarmStart(Section):
    """Configurations that are tried before any is proposed."""

    study: str | None  # key of an earlier study in the same storage
    best: PositiveInt  # so many of its best
    file: str | None  # YAML, a list of mappings of dotted keys to values
    champion: bool  # the parameters of the registered champion


class RayCluster(Section):
    """The cluster of the executor `ray`, and what a trial takes of it."""

    address: str | None  # of a running cluster; null: RAY_ADDRESS, or a cluster on this machine
    cpus: PositiveFloat  # of a trial
    gpus: NonNegativeFloat  # of a trial


class Sweep(Section):
    """An Optuna study over keys of `model` and `train`, in Hydra's sweep grammar."""

    enabled: bool | Literal["auto"]  # auto: unless rows are too few to choose by; see config/budget
    trials: PositiveInt | Literal["auto"]  # completed and pruned together; auto: config/budget
    workers: PositiveInt  # trials at once; one makes the sequence of proposals reproducible
    gpus: tuple[NonNegativeInt, ...] | None  # a slot each, in turn; null leaves them to TensorFlow
    executor: Literal["local", "ray"]  # where trials run: processes here, or tasks of a cluster
    ray: RayCluster
    storage: str  # journal, sqlite, or postgresql://user@host/database
    # Metrics of the validation rows that the trials are ranked by; several give a Pareto front.
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1)]
    constraints: tuple[str, ...]  # of a trial that may be chosen: "parameters <= 500_000"
    pick: Pick
    repeats: Repeats
    retries: NonNegativeInt  # how often a failed trial is tried again
    time_limit: PositiveFloat | None  # seconds, whole sweep: no trial starts after it
    trial_time_limit: PositiveFloat | None  # seconds, one fit: the trial is failed after it
    max_failed_share: Share  # of the trials wanted; the sweep ends with an error above it
    sampler: Sampler
    pruner: Pruner
    warm_start: WarmStart
    space: dict[str, Any]  # dotted key -> a line such as choice(...), or lines with a `when`

    @property
    def wanted(self) -> int:
        """The number of trials; `sweep.plan` resolves `auto` once the rows are known."""
        if self.trials == "auto":
            raise ValueError("expected a number of trials; got auto, which nobody has resolved")
        return self.trials

    @field_validator("constraints")
    @classmethod
    def _check_constraints(cls, constraints: tuple[str, ...]) -> tuple[str, ...]:
        for text in constraints:
            read = CONSTRAINT.fullmatch(text.strip())
            if not read or read[1] not in objectives():
                raise ValueError(
                    f"expected METRIC <= NUMBER, such as 'parameters <= 500_000', with one of "
                    f"{', '.join(objectives())}; got {text!r}"
                )
        return constraints

    @field_validator("storage")
    @classmethod
    def _check_storage(cls, storage: str) -> str:
        if not STORAGE.fullmatch(storage):
            raise PydanticCustomError(
                "secret",
                "expected journal, sqlite, or postgresql://user@host/database without a password, "
                "since this file is committed. Put a password into PGPASSWORD or ~/.pgpass",
            )
        return storage

    @model_validator(mode="after")
    def _check_combinations(self) -> "Sweep":
        if self.enabled and not self.space:
            raise ValueError(
                "space: expected at least one key; got none. To search nothing, choose sweep=none"
            )
        if len(set(self.objectives)) < len(self.objectives):
            raise ValueError(f"objectives: expected different names; got {list(self.objectives)}")
        several = len(self.objectives) > 1
        if several and self.pruner.name != "none":
            raise ValueError(
                f"pruner.name: expected none with {len(self.objectives)} objectives, since pruners "
                f"judge by one; got {self.pruner.name}. Set sweep.pruner.name=none"
            )
        if several and self.sampler.name == "cmaes":
            raise ValueError(
                "sampler.name: expected another sampler with several objectives, since cmaes "
                "optimises one; got cmaes. Set sweep.sampler.name=tpe"
            )
        if self.pruner.name == "wilcoxon" and self.repeats.count < 2:
            raise ValueError("repeats.count: expected at least 2 with pruner.name=wilcoxon; got 1")
        by_validation = self.pruner.name not in ("none", "wilcoxon")
        if by_validation and self.objectives[0] not in validation_objectives():
            raise ValueError(
                f"pruner.name: expected none, since {self.objectives[0]} is measured at the end; "
                f"got {self.pruner.name}. Set sweep.pruner.name=none"
            )
        return self
