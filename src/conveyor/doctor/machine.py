"""Checks of what surrounds the project: environment, disk, packages, GPU."""

import json
import os
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

from conveyor.doctor.diagnosis import Diagnosis, note, problem, quote
from conveyor.environment import BACKEND, REPLACED, describe_replaced, find_wrong_backend
from conveyor.paths import Paths

MIN_FREE = 200 * 2**20  # bytes; a run of the example data writes about 50 MiB
KERAS_FILE = Path("~/.keras/keras.json")
KERAS_DEFAULTS = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "backend": "tensorflow",
    "image_data_format": "channels_last",
}
CUDA_PACKAGE = "nvidia-cudnn-cu12"  # of the extra `gpu`
SMI = ("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
SMI_SECONDS = 5.0


def check_environment_variables(paths: Paths) -> Iterator[Diagnosis]:
    """Variables and Keras's file of the home folder, which the belt does not use."""
    wrong = find_wrong_backend(REPLACED)
    if wrong is not None:
        yield problem(wrong, f"unset {BACKEND}")
    for name, value in REPLACED.items():
        if wrong is None or name != BACKEND:
            yield note(describe_replaced(name, value), f"unset {name}")
    try:
        content = json.loads(KERAS_FILE.expanduser().read_text("utf-8"))
    except (OSError, ValueError, RuntimeError):
        return
    if isinstance(content, dict):
        other = {k: v for k, v in content.items() if v != KERAS_DEFAULTS.get(k, v)}
        if other:
            settings = ", ".join(f"{name} {value}" for name, value in other.items())
            yield note(f"{KERAS_FILE} is not read: it sets {settings}")


def check_disk(paths: Paths) -> Iterator[Diagnosis]:
    """Free space, and folders that the belt must write to."""
    free = shutil.disk_usage(paths.root.absolute()).free
    if free < MIN_FREE:
        mebibytes, needed = (f"{size / 2**20:.0f}" for size in (free, MIN_FREE))
        message = f"{mebibytes} MiB of disk space are free; a run needs about {needed}"
        yield problem(message, "dvc gc --workspace  # removes cached outputs of other experiments")
    for folder in (paths.root, *paths.outputs, paths.data, paths.scratch):
        if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
            yield problem(f"{folder} cannot be written to", f"chmod u+rwx {quote(folder)}")


def check_versions(paths: Paths) -> Iterator[Diagnosis]:
    """Installed packages against the lock file."""
    lock = paths.root / "requirements" / "belt.lock"
    if not lock.is_file():
        return
    pins = defaultdict[str, set[str]](set)
    for line in lock.read_text("utf-8").splitlines():
        if line[:1].isalnum():
            name, _, pinned = line.split()[0].partition("==")
            pins[name].add(pinned)
    installed = {
        d.metadata["Name"].lower().replace("_", "-").replace(".", "-"): d.version
        for d in distributions()
    }
    wrong = [
        f"{name} {installed[name]} (locked: {' or '.join(sorted(versions))})"
        for name, versions in pins.items()
        if name in installed and installed[name] not in versions
    ]
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        message = f"installed packages are not those of {lock}: {', '.join(wrong[:3])}{more}"
        yield problem(message, "rm .venv/.ready && make setup")


def check_gpu(paths: Paths) -> Iterator[Diagnosis]:
    """Whether the GPUs of this machine can be trained on. TensorFlow is not loaded for it."""
    if not Path("/proc/driver/nvidia").exists() and shutil.which(SMI[0]) is None:
        return
    try:
        done = subprocess.run(SMI, capture_output=True, text=True, timeout=SMI_SECONDS, check=True)
        names = sorted(set(done.stdout.strip().splitlines()))
    except (OSError, subprocess.SubprocessError) as error:
        yield problem(f"there is a GPU, but its driver does not answer: {error}", SMI[0])
        return
    try:
        version(CUDA_PACKAGE)
        yield note(f"GPU: {', '.join(names)}")
    except PackageNotFoundError:
        message = f"GPU: {', '.join(names)}; the belt trains on the processor without CUDA"
        yield note(message, "make setup-gpu")
