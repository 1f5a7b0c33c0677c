"""The environment variables that libraries read, and what the belt does about each of them.

Equal data, code and configuration give equal bytes, whatever shell, service or container starts a
command. `import conveyor` comes before every other library, so what is set here is what they read,
also in the processes that this one starts.
"""

import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from fnmatch import fnmatchcase
from importlib.metadata import version
from pathlib import Path

from conveyor.errors import InputError

log = logging.getLogger(__name__)

# Quiet, and off the network; a value that the environment has already wins.
DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "DO_NOT_TRACK": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",  # 0 shows why TensorFlow sees no GPU
    "GIT_PYTHON_REFRESH": "quiet",
}
BACKEND = "KERAS_BACKEND"
# The belt's own values of variables that decide a result.
FIXED = {
    BACKEND: "tensorflow",
    # Keras then neither reads nor writes a keras.json, whose float type, epsilon and image format
    # it would take over, and which stops it where it is damaged.
    "KERAS_HOME": os.devnull,
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_USE_LEGACY_KERAS": "0",
}
# Variables that choose how numbers are computed, or end the process where they are wrong. The names
# of TensorFlow are those that its libraries hold.
REMOVED = (
    "DNNL_*", "KERAS_*", "NPY_*", "NVIDIA_TF32_OVERRIDE", "ONEDNN_*", "OPENBLAS_CORETYPE",
    "TENSORFLOW_USE_*", "TF_AUTOTUNE_*", "TF_AUTO_MIXED_*", "TF_CONV2D_*", "TF_CUBLAS*",
    "TF_CUDNN_*", "TF_DEBUG_CUDNN_*", "TF_DETERMINISTIC_*", "TF_DISABLE_*", "TF_ENABLE_*",
    "TF_FP16_*", "TF_MATMUL_*", "TF_NUM_*", "TF_ONEDNN_*", "TF_OVERRIDE_*", "TF_SET_*", "TF_USE_*",
    "TF_XLA_*", "XLA_*",
)  # fmt: skip
# Flags in XLA_FLAGS that say where something is, and so stay; the others choose how it computes.
XLA_PLACES = re.compile(
    r"""(?<!\S)--xla_(?:gpu_cuda_data_dir|dump_to)=(?:"[^"]*"|'[^']*'|[^\s"']+)(?!\S)"""
)
FIT_LIBRARIES = ("keras", "numpy", "tensorflow")  # a fit depends on their versions


def find_replaced(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are set, but of which the belt uses none or another value."""
    return {
        name: value for name, value in sorted(variables.items()) if value != find_used(name, value)
    }


def find_used(name: str, value: str) -> str | None:
    """Return what the belt uses where a variable has this value; None for nothing."""
    if name in FIXED:
        return FIXED[name]
    if name == "XLA_FLAGS":
        return " ".join(XLA_PLACES.findall(value)) or None
    return None if any(fnmatchcase(name, pattern) for pattern in REMOVED) else value


def set_variables(variables: MutableMapping[str, str]) -> dict[str, str]:
    """Set the belt's variables. Returns those that had another value; see `find_replaced`."""
    earlier = find_replaced(variables)
    for name, value in earlier.items():
        used = find_used(name, value)
        if used is None:
            del variables[name]
        else:
            variables[name] = used
    for name, value in DEFAULTS.items():
        variables.setdefault(name, value)
    variables.update(FIXED)
    return earlier


def describe_replaced(name: str, value: str) -> str:
    """Say which value the belt uses in place of the environment's."""
    return f"{name}={value} is not used: the belt sets {find_used(name, value) or 'none'}"


def find_wrong_backend(variables: Mapping[str, str]) -> str | None:
    """Return what is wrong with the Keras backend of the environment; None if nothing is."""
    backend = variables.get(BACKEND, "") or FIXED[BACKEND]
    if backend == FIXED[BACKEND]:
        return None
    return f"{BACKEND}: expected tensorflow, with which the belt trains; got {backend}. Unset it"


def check_environment() -> None:
    """Log the variables that the belt does not use. A command that trains calls it first.

    Raises:
        InputError: the environment demands what the belt cannot do.
    """
    problem = find_wrong_backend(REPLACED)
    if problem:
        raise InputError(f"{problem}: env -u {BACKEND} dvc repro")
    for name, value in REPLACED.items():
        log.warning("%s", describe_replaced(name, value))


def path_with_python() -> str:
    """Return PATH with the folder of this Python before all others.

    DVC starts the stages by `pipeline/python`, which asks for `python` in a project that has no
    environment of its own.
    """
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def library_versions() -> dict[str, str]:
    """Return the installed versions of the libraries on which a fit depends, by name."""
    return {name: version(name) for name in FIT_LIBRARIES}


REPLACED = set_variables(os.environ)
