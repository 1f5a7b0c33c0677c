"""The configuration as typed, frozen objects: types and limits. Values live in conf/."""

from conveyor.config.dataset import SeriesDataset, TextDataset
from conveyor.config.load import Config, ConfigError, load, overlay, validate
from conveyor.config.sections import (
    Activation,
    Bar,
    Cell,
    ChampionGate,
    Evaluate,
    Gates,
    Model,
    Pruner,
    Retrain,
    Sampler,
    Sweep,
    Train,
)

__all__ = [
    "Activation",
    "Bar",
    "Cell",
    "ChampionGate",
    "Config",
    "ConfigError",
    "Evaluate",
    "Gates",
    "Model",
    "Pruner",
    "Retrain",
    "Sampler",
    "SeriesDataset",
    "Sweep",
    "TextDataset",
    "Train",
    "load",
    "overlay",
    "validate",
]
