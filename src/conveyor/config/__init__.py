"""The configuration as typed, frozen objects: types and limits. Values live in conf/."""

from conveyor.config.dataset import SeriesDataset, TextDataset
from conveyor.config.load import ConfigError, load, narrow, overlay, validate
from conveyor.config.retrain import Drift, When
from conveyor.config.schedule import Schedule
from conveyor.config.sections import (
    Activation,
    Bar,
    Cell,
    ChampionGate,
    Evaluate,
    Gates,
    Hook,
    Hooks,
    Model,
    Retrain,
    Serving,
    Train,
)
from conveyor.config.stages import (
    Config,
    EvaluateConfig,
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

__all__ = [
    "CONSTRAINT",
    "Activation",
    "Bar",
    "Cell",
    "ChampionGate",
    "Config",
    "ConfigError",
    "Drift",
    "Evaluate",
    "EvaluateConfig",
    "FitConfig",
    "Gates",
    "Hook",
    "Hooks",
    "Model",
    "NamedConfig",
    "PrepareConfig",
    "PromoteConfig",
    "Pruner",
    "RegisterConfig",
    "Retrain",
    "RetrainConfig",
    "Sampler",
    "Schedule",
    "SeriesDataset",
    "Serving",
    "Sweep",
    "SweepConfig",
    "TextDataset",
    "Train",
    "TrainConfig",
    "When",
    "load",
    "narrow",
    "overlay",
    "validate",
]
