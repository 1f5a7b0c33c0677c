"""Devices are set up by a call, not by an import."""

import subprocess
import sys

CODE = """
import tensorflow as tf
enabled = tf.config.experimental.tensor_float_32_execution_enabled
tf.config.experimental.enable_tensor_float_32_execution(True)
import conveyor.training.trial
from conveyor.training.compile import set_up_keras
print(enabled())
set_up_keras(seed=1)
print(enabled())
"""


def test_tensor_float_32_is_turned_off_before_a_fit_and_by_no_import() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
