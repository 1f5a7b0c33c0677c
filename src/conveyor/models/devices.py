"""The devices that TensorFlow sees."""

from functools import cache
from typing import Any

import tensorflow as tf


@cache
def gpus() -> list[Any]:
    """Return the physical GPUs, set up for training.

    Each GPU allocates memory as it needs it, since trials share a device. Matrix products keep
    full float32: TensorFloat-32 rounds to 10 bits of fraction, which makes outputs differ by 1e-3
    from those of the processor, where the model is served.

    Call it before TensorFlow computes anything, since it refuses to change devices after that. A
    forkserver must not call it: CUDA does not survive a fork.
    """
    tf.config.experimental.enable_tensor_float_32_execution(False)
    devices = tf.config.list_physical_devices("GPU")
    for gpu in devices:
        tf.config.experimental.set_memory_growth(gpu, True)
    return devices


def gpu_line() -> str:
    """Describe in one line what TensorFlow sees on this machine."""
    names = [
        tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
        for gpu in gpus()
    ]
    if names:
        return f"GPU: {', '.join(names)}"
    built = "built with" if tf.test.is_built_with_cuda() else "built without"
    return (
        f"no GPU visible; TensorFlow is {built} CUDA, and trains on the CPU "
        "(TF_CPP_MIN_LOG_LEVEL=0 shows why)"
    )
