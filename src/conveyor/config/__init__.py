"""The configuration as typed, frozen objects: types and limits. Values live in conf/."""

# ruff: noqa: F401  other rooms import these names from here

from conveyor.config.gates import Bar, Gates
from conveyor.config.load import ConfigError, load, narrow, overlay, validate
from conveyor.config.retrain import Drift, Retrain
from conveyor.config.schedule import Schedule
from conveyor.config.sections import Evaluate, Hook, Hooks, Model, Train
from conveyor.config.stages import (
    Config,
    EvaluateConfig,
    ExperimentConfig,
    FitConfig,
    NamedConfig,
    PrepareConfig,
    PromoteConfig,
    RegisterConfig,
    RetrainConfig,
    SweepConfig,
    TrainConfig,
)
from conveyor.config.sweep import CONSTRAINT, Pruner, Sampler, Sweep
