"""What each stage reads of the configuration, as one class per stage; and the whole.

A class lists the keys of artifacts/config.yaml that its stage may read; dvc.yaml lists the same
keys as the stage's params. A function takes the narrowest class that has what it needs.
"""

from typing import Self

from pydantic import model_validator

from conveyor.config.dataset import Dataset
from conveyor.config.gates import Gates
from conveyor.config.retrain import Retrain
from conveyor.config.schedule import Schedule
from conveyor.config.sections import Evaluate, Hooks, Model, Serving, Train
from conveyor.config.split import SplitRules
from conveyor.config.sweep import Sweep
from conveyor.section import Section, Seed, Slug
from conveyor.tasks.options import Head


def may_divide(split: SplitRules) -> bool:
    """Return whether folds may divide training and validation rows anew: the data set's own
    validation rows are a random share, not later rows, given ones or other groups."""
    return split.group is None and split.validation.by == "share"


class NamedConfig(Section):
    """The name alone."""

    name: Slug  # of the MLflow experiment and of the registered model


class PrepareConfig(Section):
    dataset: Dataset


class FitConfig(NamedConfig):
    """What decides the weights of one fit, on given data."""

    seed: Seed  # of the weights, the batches and the search
    model: Model
    head: Head
    train: Train

    @model_validator(mode="after")
    def _check_kernel(self) -> Self:
        if self.model.kernel == "fused" and self.train.precision != "float32":
            raise ValueError(
                "train.precision: expected float32 with model.kernel=fused; got "
                f"{self.train.precision}. Set model.kernel=auto or train.precision=float32"
            )
        return self

    @model_validator(mode="after")
    def _check_steps(self) -> Self:
        """Refuse what has no meaning where each step has a target, and where none has."""
        if not self.head.per_step:
            if self.model.pooling == "none":
                raise ValueError(
                    "model.pooling: expected a pooling, since dataset.target has one value a row; "
                    "got none. Set model.pooling=mean_max"
                )
            return self
        needed = {"pooling": "none", "front": "none", "wide": False}
        for name, value in needed.items():
            expected, got = (str(v).lower() for v in (value, getattr(self.model, name)))
            if got != expected:
                raise ValueError(
                    f"model.{name}: expected {expected}, since dataset.target has a value for each "
                    f"step; got {got}. Set choose.model={self.head.task}, or "
                    f"model.{name}={expected}"
                )
        return self

    @model_validator(mode="after")
    def _check_chunk(self) -> Self:
        """Refuse what cannot be read chunk by chunk: what looks ahead, or at a whole row."""
        if self.train.chunk is None:
            return self
        if self.head.per_step or self.head.reads_windows:
            raise ValueError(
                "train.chunk: expected null, since dataset.target has no value for the row as a "
                f"whole (task {self.head.task}); got {self.train.chunk}. Set train.chunk=null"
            )
        allowed = {"model.bidirectional": (False,), "model.front": ("none",),
                   "model.wide": (False,), "model.pooling": ("last", "mean", "max"),
                   "train.strategy": ("one",)}  # fmt: skip
        for field, values in allowed.items():
            section, _, name = field.partition(".")
            got = getattr(getattr(self, section), name)
            if got not in values:
                expected = " or ".join(str(value).lower() for value in values)
                raise ValueError(
                    f"{field}: expected {expected} with train.chunk={self.train.chunk}; got "
                    f"{str(got).lower()}. Set {field}={str(values[-1]).lower()}, or "
                    "train.chunk=null"
                )
        return self


class SweepConfig(FitConfig):
    sweep: Sweep


class TrainConfig(FitConfig):
    serving: Serving


class ExperimentConfig(NamedConfig, PrepareConfig):
    """What describes an experiment in MLflow."""

    sweep: Sweep


class EvaluateConfig(NamedConfig):
    seed: Seed
    evaluate: Evaluate


class PromoteConfig(NamedConfig):
    hooks: Hooks


class RegisterConfig(PromoteConfig):
    gates: Gates


class RetrainConfig(PromoteConfig, PrepareConfig):
    retrain: Retrain

    @model_validator(mode="after")
    def _check_refresh(self) -> Self:
        if self.retrain.refresh == "sql" and self.dataset.source.sql is None:
            raise ValueError(
                "retrain.refresh: expected none or dvc, since dataset.source.sql is null; got sql. "
                "Set dataset.source.sql, or retrain.refresh=none"
            )
        return self


class Config(SweepConfig, TrainConfig, EvaluateConfig, RegisterConfig, RetrainConfig):
    """The whole resolved configuration."""

    choose: dict[str, str | None]  # which file of each group of conf/ was taken
    schedule: Schedule

    @model_validator(mode="after")
    def _check_quantisation(self) -> "Config":
        """Refuse before training what the export would refuse after it."""
        searched = self.sweep.enabled and "model.cell" in self.sweep.space
        if self.serving.quantisation == "none" or (self.model.cell == "lstm" and not searched):
            return self
        cell = "a search of model.cell" if searched else f"model.cell={self.model.cell}"
        raise ValueError(
            f"serving.quantisation: int8 serves LSTM layers only; got {cell}. Set model.cell=lstm "
            "or serving.quantisation=none"
        )

    @model_validator(mode="after")
    def _check_task(self) -> "Config":
        task = self.dataset.target.task
        sections = {"head": self.head, "evaluate.report": self.evaluate.report}
        for name, section in sections.items():
            if section.task != task:
                raise ValueError(
                    f"{name}.task: expected {task}, as dataset.target.task; got {section.task}. "
                    f"Set choose.{name.partition('.')[0]}={task}"
                )
        return self

    @model_validator(mode="after")
    def _check_baselines(self) -> "Config":
        if self.gates.must_beat_baselines is True and not self.evaluate.baselines:
            raise ValueError(
                "evaluate.baselines: expected true, since gates.must_beat_baselines asks for the "
                "comparison; got false. Set evaluate.baselines=true, or "
                "gates.must_beat_baselines={waived: REASON}"
            )
        return self

    @model_validator(mode="after")
    def _check_costs(self) -> "Config":
        self.head.check_target(self.dataset.target)
        return self

    @model_validator(mode="after")
    def _check_folds(self) -> "Config":
        if self.train.folds not in ("auto", None) and not may_divide(self.dataset.split):
            raise ValueError(
                "train.folds: expected null, since folds would mix rows that dataset.split keeps "
                f"apart; got {self.train.folds}. Set train.folds=null"
            )
        by_folds = self.sweep.enabled and self.sweep.repeats.by == "folds"
        if by_folds and not may_divide(self.dataset.split):
            raise ValueError(
                "sweep.repeats.by: expected seeds, since folds would mix rows that dataset.split "
                "keeps apart; got folds. Set sweep.repeats.by=seeds"
            )
        return self
