"""Raw rows in, answers out. Needs NumPy, ONNX Runtime and, for text, tokenizers; no TensorFlow."""

from conveyor.serving.loaded_model import LoadedModel, Predictions, RowError, Started

__all__ = ["LoadedModel", "Predictions", "RowError", "Started"]
