"""Promises of the stack, for every cell, pooling and direction."""

import itertools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest

from conveyor.config import Model
from conveyor.models.build import build
from conveyor.models.costs import compute_costs
from conveyor.models.cudnn import cudnn_report
from conveyor.models.onnx_network import to_onnx
from conveyor.models.wide import summarise
from conveyor.tasks import features
from tests.toys import class_head

PLAIN = {
    "cell": "lstm", "units": (5, 5), "bidirectional": False, "activation": "tanh",
    "recurrent_activation": "sigmoid", "unit_forget_bias": True, "dropout": 0.2,
    "recurrent_dropout": 0.0, "layer_norm": False, "residual": False, "embedding": 6,
    "word_dropout": 0.2, "front": "none",
    "wide": False, "pooling": "last", "head_dropout": 0.1, "kernel": "keras",
}  # fmt: skip
HEAD = class_head(3)
LENGTHS = np.array([7, 1, 4], np.int32)
STACKS = [
    {"cell": cell, "pooling": pooling, "bidirectional": bidirectional, **extra}
    for (cell, pooling, bidirectional), extra in zip(
        itertools.product(
            ("lstm", "gru", "simple"),
            ("last", "mean", "max", "mean_max", "attention"),
            (False, True),
        ),
        itertools.cycle([{}, {"residual": True}, {"layer_norm": True}]),
        strict=False,
    )
]
# The front with all its strides, and the wide branch.
STACKS += [
    {"front": "convolution", "wide": wide, "pooling": pooling, "length": length}
    for wide, pooling, length in [
        (False, "last", 1), (True, "mean_max", 61), (False, "max", 300), (True, "mean", 2000)
    ]
]  # fmt: skip


def stack(text: bool = False, length: int = 1, **changes: Any) -> tuple[keras.Model, Model]:
    """A small network of random weights, biases included, so that nothing cancels."""
    config = Model(**{**PLAIN, **changes})
    keras.utils.set_random_seed(1)
    size = {"vocabulary": 11} if text else {"features": 4}
    model = build(config, HEAD, **size, length=length)
    draw = np.random.default_rng(0)
    # Away from zero, so that no variance becomes negative.
    model.set_weights([w + 0.3 * abs(draw.standard_normal(w.shape)) for w in model.get_weights()])
    return model, config


@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("kernel", ["keras", "fused"])
def test_the_forget_gate_of_an_lstm_begins_as_configured(unit: bool, kernel: str) -> None:
    keras.utils.set_random_seed(1)
    config = Model(**{**PLAIN, "units": (5,), "unit_forget_bias": unit, "kernel": kernel})
    bias = np.asarray(build(config, HEAD, features=4).get_layer("lstm_0").cell.bias)
    assert bias.tolist() == [0.0] * 5 + [float(unit)] * 5 + [0.0] * 10  # input, forget, others


def batch(text: bool = False, padding: int = 0) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(5)
    shape = (3, 7) if text else (3, 7, 4)
    values = draw.integers(1, 11, shape) if text else draw.standard_normal(shape)
    values = values.astype(np.int32 if text else np.float32)
    for row, length in enumerate(LENGTHS):
        values[row, length:] = 0
    wider = [(0, 0), (0, padding), (0, 0)][: values.ndim]
    return {"values": np.pad(values, wider), "lengths": LENGTHS}


def answers_of_onnx(
    model: keras.Model, config: Model, length: int = 1, **inputs: np.ndarray
) -> np.ndarray:
    graph = to_onnx(model, config, HEAD, length=length)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    return session.run(None, inputs)[0]


@pytest.mark.parametrize("changes", STACKS, ids=lambda c: "-".join(map(str, c.values())))
def test_padding_a_row_further_changes_no_answer(changes: dict[str, Any]) -> None:
    model, config = stack(**changes)
    plain, wider = np.asarray(model(batch())), np.asarray(model(batch(padding=5)))
    np.testing.assert_allclose(plain, wider, atol=1e-6)
    length = changes.get("length", 1)
    onnx_plain = answers_of_onnx(model, config, length, **batch())
    onnx_wider = answers_of_onnx(model, config, length, **batch(padding=5))
    np.testing.assert_allclose(onnx_plain, onnx_wider, atol=1e-6)
    np.testing.assert_allclose(plain, onnx_plain, atol=1e-5)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "softsign", "hard_sigmoid"])
@pytest.mark.parametrize("cell", ["lstm", "gru", "simple"])
def test_onnx_answers_as_keras_for_every_activation(cell: str, activation: str) -> None:
    gate = "hard_sigmoid" if activation == "tanh" else "sigmoid"
    model, config = stack(
        cell=cell, activation=activation, recurrent_activation=gate, bidirectional=True
    )
    served = answers_of_onnx(model, config, **batch())
    np.testing.assert_allclose(np.asarray(model(batch())), served, atol=1e-5)


@pytest.mark.parametrize(
    "changes",
    [{"pooling": "last"}, {"pooling": "attention"}, {"wide": True},
     {"wide": True, "front": "convolution", "pooling": "mean_max"}],
    ids=str,
)  # fmt: skip
def test_a_text_model_answers_alike_in_keras_and_onnx(changes: dict[str, Any]) -> None:
    model, config = stack(text=True, bidirectional=True, **changes)
    served = answers_of_onnx(model, config, **batch(text=True, padding=3))
    np.testing.assert_allclose(np.asarray(model(batch(text=True))), served, atol=1e-5)


def test_a_text_of_one_word_has_no_pairs() -> None:
    model, config = stack(text=True, wide=True)
    single = {"values": np.array([[3]], np.int32), "lengths": np.array([1], np.int32)}
    wider = {"values": np.array([[3, 0, 0]], np.int32), "lengths": np.array([1], np.int32)}
    expected = np.asarray(model(single))
    np.testing.assert_allclose(expected, np.asarray(model(wider)), atol=1e-6)
    for inputs in (single, wider):
        np.testing.assert_allclose(answers_of_onnx(model, config, **inputs), expected, atol=1e-5)


def test_the_wide_branch_of_a_series_is_what_the_simple_models_see() -> None:
    values = np.random.default_rng(3).standard_normal((2, 6, 3)).astype(np.float32)
    lengths = np.array([6, 4], np.int32)
    values[1, 4:] = 0
    branch = np.asarray(summarise(values, lengths, length=2))
    expected = features.summarise([values[0], values[1, :4]])
    expected[:, -1] /= 2  # in typical lengths
    np.testing.assert_allclose(branch, expected, atol=1e-5)


def test_a_saved_model_loads_with_keras_alone(tmp_path: Path) -> None:
    model, _ = stack(
        pooling="attention", layer_norm=True, residual=True, front="convolution", wide=True
    )
    model.save(tmp_path / "m.keras")
    again: Any = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(np.asarray(model(batch())), np.asarray(again(batch())))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize(
    ("cell", "gates", "biases"), [("lstm", 4, 1), ("gru", 3, 2), ("simple", 1, 1)]
)
def test_costs_are_those_of_the_formulas(
    cell: str, gates: int, biases: int, pooling: str, bidirectional: bool
) -> None:
    """A gate multiplies the input and the state by a matrix each, and adds `biases` vectors: two in
    Keras's GRU (`reset_after`). A product of a vector and an n x m matrix is 2 n m operations."""
    model, config = stack(units=(5, 7), cell=cell, pooling=pooling, bidirectional=bidirectional)
    costs = compute_costs(model, config, length=10, batch_size=8)
    directions = 2 if bidirectional else 1
    parameters, flops, width = 0, 0, 4
    for units in (5, 7):
        products = directions * gates * units * (width + units)
        parameters += products + directions * gates * units * biases
        flops += 10 * 2 * products
        width = directions * units
    if pooling == "attention":  # a score of each step, and the weighted sum of the steps
        parameters += width + 1
        flops += 10 * (2 * width + 2 * width)
    parameters += width * 3 + 3
    saved = 10 * directions * (5 + 7) * (gates + 2)  # gates, state and output of each step and unit
    assert (costs.parameters, costs.flops) == (parameters, flops + 2 * width * 3)
    assert (costs.weight_bytes, costs.length) == (4 * parameters, 10)
    assert costs.training_bytes == 4 * (4 * parameters + 8 * saved)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"activation": "relu"}, "activation=relu (needs tanh)"),
        ({"recurrent_activation": "hard_sigmoid"}, "recurrent_activation=hard_sigmoid"),
        ({"recurrent_dropout": 0.1}, "recurrent_dropout=0.1 (needs 0)"),
        ({"cell": "simple"}, "cell=SimpleRNN has no cuDNN kernel"),
        ({"cell": "gru", "bidirectional": True}, None),
    ],
)
def test_the_cudnn_report_names_the_parameter(changes: dict[str, Any], reason: str | None) -> None:
    lines = cudnn_report(stack(**changes)[0])
    assert len(lines) == 2
    for line in lines:
        assert ("no cuDNN" not in line) if reason is None else reason in line


@pytest.mark.parametrize(
    "changes",
    [{}, {"activation": "relu"}, {"recurrent_activation": "tanh"}, {"recurrent_dropout": 0.1},
     {"cell": "gru"}, {"cell": "gru", "activation": "sigmoid"}],
)  # fmt: skip
def test_the_cudnn_report_agrees_with_keras(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras marks a layer unfit for XLA when cuDNN would compute it; only a GPU is pretended."""
    import sys

    rnn = sys.modules["keras.src.backend.tensorflow.rnn"]
    monkeypatch.setattr(rnn, "_is_gpu_available", lambda: True)
    layer = stack(units=(2,), **changes)[0].get_layer(f"{changes.get('cell', 'lstm')}_0")
    config = layer.get_config()
    arguments = [layer.activation, layer.recurrent_activation, config["unroll"], layer.use_bias]
    if "gru" in layer.name:
        arguments.append(layer.reset_after)
    from keras.src.backend import cudnn_ok

    keras_uses_it = cudnn_ok(*arguments) and layer.recurrent_dropout == 0
    [line] = cudnn_report(stack(units=(2,), **changes)[0])
    assert ("no cuDNN" not in line) == keras_uses_it
