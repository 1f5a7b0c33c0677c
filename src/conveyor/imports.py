"""Loading large libraries without what they load beside what is needed of them."""

import atexit
import gc
import importlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

RARELY = 100_000  # new objects between two looks for garbage; Python's own number is 700


def collect_rarely() -> None:
    """Loading a library makes objects by the thousands and no garbage; the usual looks for some
    take a sixth of its time. The look at a process's end takes a second, for memory that goes with
    the process anyway."""
    gc.set_threshold(RARELY)
    atexit.register(gc.freeze)


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """Import as if these were not installed, but for those that are loaded already.

    For packages that a library looks for and does without, and that take seconds.
    """
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: cannot be imported
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def load_ahead(module: str, seconds: float = 0) -> None:
    """Load what is needed later, in a thread, while this one waits for computations.

    Args:
        seconds: from now, until it begins.
    """
    loading = threading.Timer(seconds, importlib.import_module, (module,))
    loading.daemon = True
    loading.start()
