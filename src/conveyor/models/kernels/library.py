"""The compiled kernels, made for the processor that runs them.

The compiler comes with the environment (`ziglang`, a Clang in a Python package), so no machine
needs one of its own, and equal sources give equal code. A library is compiled once for each
source, TensorFlow and processor, in about two seconds, and kept in the user's cache folder.
"""

import hashlib
import logging
import os
import platform
import subprocess
import sys
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tensorflow as tf
from filelock import FileLock
from platformdirs import user_cache_path

from conveyor.errors import InputError

log = logging.getLogger(__name__)

SOURCE = Path(__file__).with_name("lstm.c")
# Multiplications are joined with additions as the source has them (`on`), not as each tile's
# registers suggest (`fast`): a row's result must not depend on the height of its tile.
FLAGS = ("-O3", "-march=native", "-ffp-contract=on", "-fno-math-errno", "-shared", "-fPIC")


WAY_OUT = "model.kernel=keras trains without the compiled kernels"


class KernelError(InputError):
    """The kernels cannot be compiled or loaded here; the message says why."""


@cache
def operators() -> Any:
    """TensorFlow's wrappers of the kernels: `conveyor_lstm` and `conveyor_lstm_grad`.

    Raises:
        KernelError: they cannot be compiled or loaded here.
    """
    path = _compiled()
    try:
        return tf.load_op_library(str(path))
    except (tf.errors.OpError, OSError) as error:
        raise KernelError(f"{path} cannot be loaded: {error}. {WAY_OUT}") from None


def limit_threads(count: int) -> None:
    """How many processor cores one layer may use at once. Results do not depend on it."""
    os.environ["CONVEYOR_THREADS"] = str(count)


def _compiled() -> Path:
    """The library for this machine, compiled if it is not there yet."""
    folder = user_cache_path("conveyor") / "kernels"
    path = folder / f"lstm-{_key()}.so"
    if path.is_file():
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not path.is_file():
                _compile(path)
    except OSError as error:
        raise KernelError(f"the kernels cannot be kept in {folder}: {error}. {WAY_OUT}") from None
    return path


def _compile(path: Path) -> None:
    log.info("compiling the recurrent kernels for this processor, once")
    framework = next(Path(tf.sysconfig.get_lib()).glob("libtensorflow_framework.*"))
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        made = Path(scratch) / path.name
        command = [sys.executable, "-m", "ziglang", "cc", *FLAGS,
                   f"-I{tf.sysconfig.get_include()}", str(SOURCE), str(framework),
                   "-o", str(made)]  # fmt: skip
        environment = {
            **os.environ,
            "ZIG_GLOBAL_CACHE_DIR": scratch,
            "ZIG_LOCAL_CACHE_DIR": scratch,
        }
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise KernelError(f"the kernels cannot be compiled: {done.stderr.strip()}. {WAY_OUT}")
        made.replace(path)


def _key() -> str:
    """Changes with whatever the machine code depends on."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else [platform.processor()]
    kinds = ("flags", "Features", "model", "cpu family", "CPU part")
    cpu = sorted({line for line in lines if len(lines) == 1 or line.startswith(kinds)})
    parts = [SOURCE.read_text(), *FLAGS, *cpu, platform.platform(), version("ziglang"),
             version("tensorflow")]  # fmt: skip
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
