"""Compile and load the kernels for the processor that runs them.

The compiler comes with the environment (`ziglang`, a Clang in a Python package), so no machine
needs one of its own, and equal sources give equal code. Each cell's library is compiled once for
its sources, TensorFlow and processor, which takes some seconds, and stored in the user's cache
folder, or in the project's where the user has none. So a container without a home folder computes
the same as any other place.
"""

import hashlib
import logging
import os
import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tensorflow as tf
from filelock import FileLock
from platformdirs import user_cache_path

from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.temporary import remove_abandoned, temporary_folder

log = logging.getLogger(__name__)

SOURCES = Path(__file__).with_name("native")  # one .c file for each cell, and shared headers
# fp-contract=on fuses a multiplication with an addition only where one expression has both. With
# `fast` the compiler decides for each tile, and a row's result would depend on its tile's height.
FLAGS = ("-O3", "-march=native", "-ffp-contract=on", "-fno-math-errno", "-shared", "-fPIC")
HINT = "Set model.kernel=keras to train without the compiled kernels."


class KernelError(InputError):
    """The kernels cannot be compiled or loaded here; the message says why."""


@cache
def operators(cell: str) -> Any:
    """Load TensorFlow's wrappers of a cell's kernels: `conveyor_lstm` and its `_grad` for "lstm".

    Raises:
        KernelError: they cannot be compiled or loaded here.
    """
    path = _compiled_library(cell)
    try:
        return tf.load_op_library(str(path))
    except (tf.errors.OpError, OSError) as error:
        raise KernelError(f"{path}: cannot be loaded: {error}. {HINT}") from None


def _compiled_library(cell: str) -> Path:
    """Return the library for this machine, and compile it if it does not exist yet."""
    problem: OSError | None = None
    for folder in (user_cache_path("conveyor"), Paths().scratch):
        path = folder.absolute() / "kernels" / f"{cell}-{_key(cell)}.so"
        try:
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                with FileLock(path.with_suffix(".lock")):
                    if not path.is_file():
                        _compile(SOURCES / f"{cell}.c", path)
            return path
        except OSError as error:
            problem = error
    raise KernelError(
        f"{Paths().scratch}: expected a folder for compiled kernels; got {problem}. {HINT}"
    )


def _compile(source: Path, path: Path) -> None:
    log.info("compiling the %s kernel for this processor, once", source.stem)
    framework = next(Path(tf.sysconfig.get_lib()).glob("libtensorflow_framework.*"))
    remove_abandoned(path.parent)
    with temporary_folder(path.parent, path.stem) as scratch:
        library = scratch / path.name
        compiler = [sys.executable, "-m", "ziglang", "cc"]
        headers = f"-I{tf.sysconfig.get_include()}"
        command = [*compiler, *FLAGS, headers, str(source), str(framework), "-o", str(library)]
        caches = dict.fromkeys(("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"), str(scratch))
        result = subprocess.run(command, env=os.environ | caches, capture_output=True, text=True)
        if result.returncode:
            message = result.stderr.strip()
            raise KernelError(f"the kernels cannot be compiled: {message}. {HINT}")
        library.replace(path)


def _key(cell: str) -> str:
    """Digest of all that the machine code depends on."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.is_file() else [platform.processor()]
    fields = ("flags", "Features", "model", "cpu family", "CPU part")
    cpu = sorted({line for line in lines if len(lines) == 1 or line.startswith(fields)})
    sources = [*sorted(SOURCES.glob("*.h")), SOURCES / f"{cell}.c"]
    versions = [platform.platform(), version("ziglang"), version("tensorflow")]
    parts = [*(source.read_text("utf-8") for source in sources), *FLAGS, *cpu, *versions]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
