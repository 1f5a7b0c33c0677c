"""The configuration as typed, frozen objects: types and limits. Values live in conf/."""

from conveyor.config.dataset import SeriesDataset, TextDataset
from conveyor.config.load import Config, ConfigError, load, overlay, validate
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
    Train,
)
from conveyor.config.sweep import CONSTRAINT, EPOCHWISE, Objective, Pruner, Sampler, Sweep

__all__ = [
    "CONSTRAINT",
    "EPOCHWISE",
    "Activation",
    "Bar",
    "Cell",
    "ChampionGate",
    "Config",
    "ConfigError",
    "Drift",
    "Evaluate",
    "Gates",
    "Hook",
    "Hooks",
    "Model",
    "Objective",
    "Pruner",
    "Retrain",
    "Sampler",
    "Schedule",
    "SeriesDataset",
    "Sweep",
    "TextDataset",
    "Train",
    "When",
    "load",
    "overlay",
    "validate",
]
