"""Raw rows in, answers out. Needs NumPy, ONNX Runtime and, for text, tokenizers; no TensorFlow."""

from conveyor.serving.loaded_model import Predictions, Predictor, RowError, Started

__all__ = ["Predictions", "Predictor", "RowError", "Started"]
