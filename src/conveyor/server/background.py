"""Work that follows an answer, and neither delays nor breaks it."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)


class Background:
    """Runs jobs one after the other in a thread of its own, and drops them while too many wait.

    Attributes:
        dropped: jobs that were not run.
    """

    def __init__(self, name: str, max_waiting: int) -> None:
        self.name, self.dropped = name, 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._places = threading.Semaphore(max_waiting)

    def submit(self, job: Callable[[], None]) -> bool:
        """Run a job later, or drop it and return False. Its error is logged."""
        if not self._places.acquire(blocking=False):
            self.dropped += 1
            return False
        self._pool.submit(self._run, job)
        return True

    def close(self, *, wait: bool = True) -> None:
        """Run what waits, or with `wait=False` drop it."""
        self._pool.shutdown(wait=True, cancel_futures=not wait)

    def _run(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception:
            log.exception("%s failed; no answer depends on it", self.name)
        finally:
            self._places.release()
