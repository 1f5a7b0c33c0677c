"""Which recurrent layers cuDNN can serve, and which parameter prevents it.

Keras decides this inside each call and says nothing. The rules here are those of Keras 3.15
(keras/src/layers/rnn/{lstm,gru}.py and backend/tensorflow/rnn.py); a test holds them against
Keras's own decision.
"""

from dataclasses import dataclass

import keras
from keras import layers


@dataclass(frozen=True)
class LayerReport:
    """One recurrent layer; `reasons` are the parameters that keep it from cuDNN, none if it can."""

    name: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        if not self.reasons:
            return f"{self.name}: cuDNN on a GPU"
        return f"{self.name}: no cuDNN, because {', '.join(self.reasons)}"


def cudnn_report(model: keras.Model) -> list[LayerReport]:
    """Every recurrent layer from bottom to top; both directions of a pair share one row."""
    found = []
    for layer in model.layers:
        inner = layer.forward_layer if isinstance(layer, layers.Bidirectional) else layer
        if isinstance(inner, layers.RNN):
            found.append(LayerReport(layer.name, tuple(_reasons(inner))))
    return found


def _reasons(layer: layers.RNN) -> list[str]:
    if not isinstance(layer, layers.LSTM | layers.GRU):
        return [f"cell={type(layer).__name__} has no cuDNN kernel"]
    reasons = []
    if layer.use_cudnn is False:
        reasons.append("use_cudnn=False")
    for name, needed in (("activation", "tanh"), ("recurrent_activation", "sigmoid")):
        came = getattr(layer, name).__name__
        if came != needed:
            reasons.append(f"{name}={came} (needs {needed})")
    if layer.recurrent_dropout:
        reasons.append(f"recurrent_dropout={layer.recurrent_dropout:g} (needs 0)")
    if layer.unroll:
        reasons.append("unroll=True")
    if not layer.use_bias:
        reasons.append("use_bias=False")
    if isinstance(layer, layers.GRU) and not layer.reset_after:
        reasons.append("reset_after=False")
    return reasons
