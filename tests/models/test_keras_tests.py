"""Keras's own tests of its recurrent layers, from the installed package, run on the compiled ones.

Modules whose tests are of wrappers and cells run too: a wrapper must not tell our layers apart.
"""

import importlib
import types
import unittest
from typing import Any

import pytest
from keras import layers

from conveyor.models.kernels import fused

OURS = {"LSTM": fused.LSTM, "GRU": fused.GRU}
# Tests that cannot hold here, with the reason.
OUT_OF_PLACE = {
    "test_torch_cudnn_dispatch_fires": "is for Keras on PyTorch",
    "test_session": "is no test, but a tool of TensorFlow's test classes",
}
# By module: how many tests there are at least, and how many layers run on the kernel at least.
MODULES = {
    "lstm": (6, 10),
    "gru": (9, 10),
    "bidirectional": (12, 10),
    "rnn": (14, 0),  # of cells, which have no kernel
    "stacked_rnn_cells": (7, 0),
    "time_distributed": (11, 0),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n == "stacked_rnn_cells" else n for n in MODULES],
)
def test_keras_holds_the_compiled_layers_to_its_own_tests(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module(f"keras.src.layers.rnn.{name}_test")
    fewest_tests, fewest_kernels = MODULES[name]
    on_kernel: list[bool] = []
    inner_loop = fused.FusedRNN.inner_loop

    def count(self: Any, *args: Any, **kwargs: Any) -> Any:
        on_kernel.append(fused.fallback_reason(self) is None)
        return inner_loop(self, *args, **kwargs)

    monkeypatch.setattr(fused.FusedRNN, "inner_loop", count)
    monkeypatch.setattr(module, "layers", types.SimpleNamespace(**{**vars(layers), **OURS}))
    loader, suite = unittest.defaultTestLoader, unittest.TestSuite()
    for case in vars(module).values():
        is_own = isinstance(case, type) and case.__module__ == module.__name__
        if is_own and issubclass(case, unittest.TestCase):
            tests = loader.getTestCaseNames(case)
            suite.addTests(case(test) for test in tests if test not in OUT_OF_PLACE)
    outcome = unittest.TestResult()
    suite.run(outcome)
    assert not [text for _, text in outcome.failures + outcome.errors]
    assert outcome.testsRun - len(outcome.skipped) >= fewest_tests
    assert sum(on_kernel) >= fewest_kernels  # and not by Keras behind its back
