"""The network of a forecast: Keras and ONNX agree, quantiles do not cross, contexts are scaled."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from forecast_files import hours, prepare_steps

from conveyor.config import Model
from conveyor.models.build import build
from conveyor.models.onnx_network import to_onnx
from conveyor.tasks import Task
from conveyor.tasks.forecasting.options import ForecastHead, ForecastSpec
from conveyor.tasks.forecasting.outputs import MARKS, Forecasts
from conveyor.tasks.window import Window

MODEL = {
    "cell": "lstm", "units": (5,), "bidirectional": False, "activation": "tanh",
    "recurrent_activation": "sigmoid", "unit_forget_bias": True, "dropout": 0.0,
    "recurrent_dropout": 0.0, "layer_norm": False, "residual": False, "embedding": 6,
    "word_dropout": 0.0, "front": "none",
    "wide": True, "pooling": "last", "head_dropout": 0.0, "kernel": "keras",
}  # fmt: skip
SPEC: dict[str, Any] = {
    "columns": ["y"], "series": None, "time": "t", "time_format": None, "zone": None,
    "frequency": {"step": 1, "unit": "number"}, "horizon": 3, "context": 6, "past": [],
    "known_ahead": [], "calendar": [], "gaps": "missing", "duplicates": "refuse", "season": 1,
    "mean": [2.0], "std": [4.0],
}  # fmt: skip
TWO = {"columns": ["y", "z"], "mean": [2.0, 9.0], "std": [4.0, 0.5]}
AHEAD = {"past": ["flow"], "known_ahead": ["holiday"], "calendar": ["hour"]}


def make(spec: dict[str, Any], **options: Any) -> tuple[Any, Any, Model]:
    """A head and a small network of random weights."""
    import keras

    head_options = {"task": "forecasting", "quantiles": [0.1, 0.3, 0.5, 0.9], "level": "last",
                    "spread": True, "calibrate": True}  # fmt: skip
    model_options = {name: options.pop(name) for name in list(options) if name in MODEL}
    parsed = ForecastSpec.model_validate(SPEC | spec)
    static_width = options.pop("static_width", None)
    head: Any = Task(parsed).head(ForecastHead.model_validate(head_options | options))
    config = Model.model_validate(MODEL | model_options)
    keras.utils.set_random_seed(1)
    network = build(config, head, features=head.window.features, static_width=static_width)
    draw = np.random.default_rng(0)
    network.set_weights([w + 0.3 * draw.standard_normal(w.shape) for w in network.get_weights()])
    return head, network, config


def draw_inputs(
    window: Window, rows: int = 4, static_width: int | None = None
) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(3)
    values = draw.standard_normal((rows, window.steps, window.features)).astype(np.float32)
    missing = draw.random((rows, window.steps, window.columns)) < 0.2
    missing[:, 0] = False
    values[:, :, window.flags :] = missing
    values[:, :, : window.columns][missing] = 0
    inputs = {"values": values, "lengths": np.full(rows, window.steps, np.int32)}
    if static_width is not None:
        inputs["static"] = draw.standard_normal((rows, static_width)).astype(np.float32)
    return inputs


@pytest.mark.parametrize("level", ["last", "mean", "none"])
@pytest.mark.parametrize(
    ("spec", "options"),
    [({}, {}), (TWO, {"spread": False}), (AHEAD, {"wide": False}), (TWO | AHEAD, {}),
     (AHEAD, {"front": "convolution", "pooling": "mean_max", "bidirectional": True}),
     (TWO, {"static_width": 3}), (AHEAD, {"static_width": 2, "front": "convolution"})],
)  # fmt: skip
def test_keras_and_onnx_give_quantiles_that_do_not_cross(
    spec: dict[str, Any], options: dict[str, Any], level: str
) -> None:
    head, network, config = make(spec, level=level, **options)
    inputs = draw_inputs(head.window, static_width=options.get("static_width"))
    outputs = np.asarray(network(inputs))
    graph = to_onnx(network, config, head)
    served = onnxruntime.InferenceSession(graph.SerializeToString()).run(None, inputs)[0]
    scale = max(100, np.abs(outputs).max())  # random weights may give large outputs
    np.testing.assert_allclose(served, outputs, rtol=1e-5, atol=1e-6 * scale)
    assert served.dtype == np.float64
    values = Forecasts(outputs, head.spec).values
    assert values.shape == (4, len(head.spec.columns), 3, 4)
    assert (np.diff(values, axis=3) >= 0).all()


def test_a_context_of_another_level_and_size_is_forecast_at_its_own() -> None:
    head, network, _ = make({})
    inputs = draw_inputs(head.window)
    moved = {name: values.copy() for name, values in inputs.items()}
    observed = 1 - inputs["values"][:, :, 1]
    moved["values"][:, :, 0] = (3 * inputs["values"][:, :, 0] + 5) * observed
    before, after = (Forecasts(np.asarray(network(x)), head.spec).values for x in (inputs, moved))
    std, mean = head.spec.std[0], head.spec.mean[0]
    np.testing.assert_allclose((after - mean) / std, 3 * (before - mean) / std + 5, rtol=1e-3)


def test_a_missing_value_is_not_read() -> None:
    head, network, _ = make(AHEAD)
    inputs = draw_inputs(head.window)
    before = np.asarray(network(inputs))
    inputs["values"][:, :, 0][inputs["values"][:, :, head.window.flags] == 1] = 99
    context = inputs["values"][:, : head.window.context]
    assert (context[:, :, 0] == 99).any()
    scaled = Forecasts(np.asarray(network(inputs)), head.spec).values
    # The last observed value is the level, whatever stands where values are missing.
    assert np.isfinite(scaled).all()
    np.testing.assert_allclose(np.asarray(network(inputs)), before, rtol=1e-5)


def test_a_network_without_weights_repeats_the_last_value() -> None:
    head, network, _ = make({}, spread=False)
    network.set_weights([np.zeros_like(weight) for weight in network.get_weights()])
    values = np.zeros((1, 6, 2), np.float32)
    values[0, :, 0] = [1, 2, 3, 4, 7, 0]
    values[0, 5, 1] = 1  # the last one is missing
    inputs = {"values": values, "lengths": np.array([6], np.int32)}
    forecasts = Forecasts(np.asarray(network(inputs)), head.spec)
    assert forecasts.point.ravel().tolist() == [7 * 4 + 2] * 3
    targets = np.full((1, 1, 3 + MARKS), 30.0)
    assert float(head.score(targets, np.asarray(network(inputs)))[0] if False else
                 head.score(targets, np.asarray(network(inputs)))) == 0  # fmt: skip


def test_the_encoder_fills_short_histories_and_says_what_it_cannot_read(tmp_path: Path) -> None:
    from conveyor.encoding import RowError, load_encoder

    lines = ["time,y,holiday", *(f"{line},{i % 2}" for i, line in enumerate(hours(40)[1:]))]
    prepared, _ = prepare_steps(tmp_path, lines, known_ahead=["holiday"])
    encoder = load_encoder(prepared.folder / "encoder.json", "")
    short = [[5.0, 1.0], [None, 0.0], [None, 1.0]]
    window = encoder.encode_one(encoder.check_row(short))
    assert window.shape == (5, 4)
    assert window[:, 2].tolist() == [1, 1, 0, 1, 1]  # y is missing before, and in the horizon
    long = [[float(i), 0.0] for i in range(20)] + short
    np.testing.assert_array_equal(encoder.encode_one(encoder.check_row(long))[2:], window[2:])
    for row, reason in [
        ([[1.0, 0.0], [None, 0.0]], "2 steps that are known ahead"),
        ([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]], "first 1 channels are null"),
        ([[None, 0.0]] * 4, "expected a value of target 0"),
        ([[1.0]], "2 numbers each"),
    ]:
        with pytest.raises(RowError, match=reason):
            encoder.check_row(row)
