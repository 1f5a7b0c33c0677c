"""Keras's own tests of its layers, from the installed package, held by the compiled ones."""

import importlib
import types
import unittest
from typing import Any

import pytest
from keras import layers

from conveyor.config import Cell
from conveyor.models.kernels import fused

# Tests that cannot hold here, with the reason.
OUT_OF_PLACE = {
    "test_torch_cudnn_dispatch_fires": "is for Keras on PyTorch",
    "test_session": "is no test, but a tool of TensorFlow's test classes",
}


@pytest.mark.parametrize(("cell", "name", "least"), [("lstm", "LSTM", 6), ("gru", "GRU", 9)])
def test_keras_holds_the_compiled_layer_to_its_own_tests(
    cell: Cell, name: str, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module(f"keras.src.layers.rnn.{cell}_test")
    ours, served = {"lstm": fused.LSTM, "gru": fused.GRU}[cell], []
    inner_loop = ours.inner_loop

    def told(self: Any, *given: Any, **named: Any) -> Any:
        served.append(fused.fallback_reason(self) is None)
        return inner_loop(self, *given, **named)

    monkeypatch.setattr(ours, "inner_loop", told)
    monkeypatch.setattr(module, "layers", types.SimpleNamespace(**{**vars(layers), name: ours}))
    kind = getattr(module, f"{name}Test")
    names = unittest.defaultTestLoader.getTestCaseNames(kind)
    outcome = unittest.TestResult()
    unittest.TestSuite(kind(test) for test in names if test not in OUT_OF_PLACE).run(outcome)
    assert not [text for _, text in outcome.failures + outcome.errors]
    assert not outcome.skipped
    assert outcome.testsRun >= least
    assert sum(served) >= 10  # by the kernel, and not by Keras behind its back
