"""TensorFlow, loaded, and the devices it sees.

Its C++ parts write notes to stderr at both, whatever the log level says: that there is no CUDA,
twice, and that asking for it failed. They are held back, and shown only on an error.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from conveyor.imports import collect_rarely, without


@contextmanager
def _held_stderr() -> Iterator[None]:
    """Hold back what the process, not only Python, writes to stderr; show it on an error."""
    sys.stderr.flush()
    real = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(real, held.read())
            raise
        finally:
            os.dup2(real, 2)
            os.close(real)


# No look for GPUs here: the sweep forks from this, and CUDA survives no fork. Keras loads what it
# finds, for its pictures, wrappers and data of theirs: half of its seconds, used by no net.
collect_rarely()
with _held_stderr(), without("matplotlib", "pandas", "scipy", "sklearn", "PIL", "tensorboard"):
    import keras  # noqa: F401
    import tensorflow as tf

# A GPU's matrix units round float32 to 10 bits of fraction unless told not to: 1e-3 from what the
# processor computes, where the model is served.
tf.config.experimental.enable_tensor_float_32_execution(False)


@cache
def gpus() -> list[Any]:
    """Physical GPUs that TensorFlow sees; it takes their memory as it needs it, since trials share.

    First called before anything is computed: TensorFlow refuses to change that later.
    """
    with _held_stderr():
        found = tf.config.list_physical_devices("GPU")
    for gpu in found:
        tf.config.experimental.set_memory_growth(gpu, True)
    return found


def gpu_line() -> str:
    """What TensorFlow sees on this machine."""
    names = [
        tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
        for gpu in gpus()
    ]
    if names:
        return f"GPU: {', '.join(names)}"
    built = "built with" if tf.test.is_built_with_cuda() else "built without"
    return f"no GPU visible; TensorFlow is {built} CUDA, and trains on the CPU"
