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
    Serving,
    Train,
)
from conveyor.config.serving import check_serving
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
    "Serving",
    "Sweep",
    "TextDataset",
    "Train",
    "When",
    "check_serving",
    "load",
    "overlay",
    "validate",
]
