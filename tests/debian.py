"""Programs of Debian's packages that tests run for real; installed where that is possible."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest
from filelock import FileLock

LOCK = Path(tempfile.gettempdir()) / "conveyor-apt-get.lock"


def program(package: str, pattern: str) -> Path:
    """Newest file that matches the pattern; from the package if it is not there.

    Where it cannot be installed, the test is skipped, or fails in CI.
    """
    root = Path("/")
    found = sorted(root.glob(pattern))
    if not found and os.getuid() == 0 and shutil.which("apt-get"):
        quiet = {"check": False, "stdout": subprocess.DEVNULL,
                 "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}  # fmt: skip
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
        with FileLock(LOCK):  # apt-get does not wait for another, and tests run beside each other
            subprocess.run(["apt-get", "update", "-qq"], **quiet)
            subprocess.run(install, **quiet)
        found = sorted(root.glob(pattern))
    if not found:
        skip(f"needs Debian's package {package}: apt-get install {package}")
    return found[-1]


def skip(reason: str) -> NoReturn:
    """Skip a test that needs what this machine lacks; in CI, which must have it, the test fails."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
