"""The compiled kernels, made for the processor that runs them.

The compiler comes with the environment (`ziglang`, a Clang in a Python package), so no machine
needs one of its own, and equal sources give equal code. Each cell's library is compiled once for
its sources, TensorFlow and processor, in some seconds, and kept in the user's cache folder.
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

SOURCES = Path(__file__).with_name("native")  # one .c file for each cell, and what they share
# Multiplications are joined with additions as the source has them (`on`), not as each tile's
# registers suggest (`fast`): a row's result must not depend on the height of its tile.
FLAGS = ("-O3", "-march=native", "-ffp-contract=on", "-fno-math-errno", "-shared", "-fPIC")


WAY_OUT = "model.kernel=keras trains without the compiled kernels"


class KernelError(InputError):
    """The kernels cannot be compiled or loaded here; the message says why."""


@cache
def operators(cell: str) -> Any:
    """TensorFlow's wrappers of a cell's kernels: for "lstm", `conveyor_lstm` and its `_grad`.

    Raises:
        KernelError: they cannot be compiled or loaded here.
    """
    path = _compiled(cell)
    try:
        return tf.load_op_library(str(path))
    except (tf.errors.OpError, OSError) as error:
        raise KernelError(f"{path} cannot be loaded: {error}. {WAY_OUT}") from None


def limit_threads(count: int) -> None:
    """How many processor cores one layer may use at once. Results do not depend on it."""
    os.environ["CONVEYOR_THREADS"] = str(count)


def _compiled(cell: str) -> Path:
    """The library for this machine, compiled if it is not there yet."""
    folder = user_cache_path("conveyor") / "kernels"
    path = folder / f"{cell}-{_key(cell)}.so"
    if path.is_file():
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not path.is_file():
                _compile(SOURCES / f"{cell}.c", path)
    except OSError as error:
        raise KernelError(f"the kernels cannot be kept in {folder}: {error}. {WAY_OUT}") from None
    return path


def _compile(source: Path, path: Path) -> None:
    log.info("compiling the %s kernel for this processor, once", source.stem)
    framework = next(Path(tf.sysconfig.get_lib()).glob("libtensorflow_framework.*"))
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        made = Path(scratch) / path.name
        command = [sys.executable, "-m", "ziglang", "cc", *FLAGS,
                   f"-I{tf.sysconfig.get_include()}", str(source), str(framework),
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


def _key(cell: str) -> str:
    """Changes with whatever the machine code depends on."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else [platform.processor()]
    kinds = ("flags", "Features", "model", "cpu family", "CPU part")
    cpu = sorted({line for line in lines if len(lines) == 1 or line.startswith(kinds)})
    sources = [*sorted(SOURCES.glob("*.h")), SOURCES / f"{cell}.c"]
    parts = [*(source.read_text() for source in sources), *FLAGS, *cpu, platform.platform(),
             version("ziglang"), version("tensorflow")]  # fmt: skip
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
