"""The devices on which TensorFlow trains."""

from typing import Any

import tensorflow as tf


def gpus() -> list[Any]:
    """List the physical GPUs that TensorFlow sees.

    A process that called this must not fork: CUDA does not work in a forked child.
    """
    return tf.config.list_physical_devices("GPU")


def prepare_devices() -> None:
    """Set the devices up for training. Call it before anything is computed.

    A GPU's matrix units round float32 to 10 bits of fraction by default (TensorFloat-32), which is
    off by about 1e-3 from what the processor computes when the model is served: this is turned off.
    GPU memory is taken as it is needed, since trials share a GPU.

    Raises:
        RuntimeError: TensorFlow has already initialised a GPU with other settings.
    """
    tf.config.experimental.enable_tensor_float_32_execution(False)
    for gpu in gpus():
        tf.config.experimental.set_memory_growth(gpu, True)


def gpu_line() -> str:
    """Describe in one line the GPUs that TensorFlow sees on this machine."""
    details = tf.config.experimental.get_device_details
    names = [details(gpu).get("device_name", gpu.name) for gpu in gpus()]
    if names:
        return f"GPU: {', '.join(names)}"
    built = "built with" if tf.test.is_built_with_cuda() else "built without"
    return (
        f"no GPU visible; TensorFlow is {built} CUDA, and trains on the CPU "
        "(TF_CPP_MIN_LOG_LEVEL=0 shows why)"
    )
