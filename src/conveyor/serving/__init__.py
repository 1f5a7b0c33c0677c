"""Predictions of an exported model from raw rows, by ONNX Runtime; without TensorFlow."""

from conveyor.encoding import RowError
from conveyor.serving.loaded_model import LoadedModel, Predictions

__all__ = ["LoadedModel", "Predictions", "RowError"]
