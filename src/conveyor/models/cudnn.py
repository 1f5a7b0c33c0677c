"""Which recurrent layers cuDNN or the compiled kernel can compute, and which parameter prevents it.

Keras decides this inside each call without a message. The rules here are those of Keras 3.15
(keras/src/layers/rnn/{lstm,gru}.py and backend/tensorflow/rnn.py) for the parameters that the
configuration has; a test compares them with Keras's own decision.
"""

import keras
from keras import layers

from conveyor.models.kernels import fused


def cudnn_report(model: keras.Model) -> list[str]:
    """Describe in a line what computes a recurrent layer, on a GPU and on the processor.

    Returns:
        The lines of all such layers from bottom to top; a bidirectional layer has one line. It
        names the parameters that prevent cuDNN or the compiled kernel, if any.
    """
    lines = []
    for layer in model.layers:
        inner = layer.forward_layer if isinstance(layer, layers.Bidirectional) else layer
        if isinstance(inner, layers.RNN):
            reasons = ", ".join(_reasons(inner))
            cudnn = f"no cuDNN, because {reasons}" if reasons else "cuDNN"
            lines.append(f"{layer.name}: {cudnn} on a GPU; {_kernel(inner)} on the processor")
    return lines


def _kernel(layer: layers.RNN) -> str:
    if not isinstance(layer, fused.FusedRNN):
        return "Keras's operations"
    reason = fused.fallback_reason(layer)
    return f"Keras's operations, because {reason}," if reason else "the fused kernel"


def _reasons(layer: layers.RNN) -> list[str]:
    if not isinstance(layer, layers.LSTM | layers.GRU):
        return [f"cell={type(layer).__name__} has no cuDNN kernel"]
    reasons = []
    for name, needed in (("activation", "tanh"), ("recurrent_activation", "sigmoid")):
        actual = getattr(layer, name).__name__
        if actual != needed:
            reasons.append(f"{name}={actual} (needs {needed})")
    if layer.recurrent_dropout:
        reasons.append(f"recurrent_dropout={layer.recurrent_dropout:g} (needs 0)")
    return reasons
