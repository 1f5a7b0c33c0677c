"""The driver's slots for trials, and the share of their time in which nothing ran."""

import time


class WorkerSlots:
    """Slots for `count` trials at once.

    A slot is idle while it is free although a trial is wanted, and while its trial waits for the
    driver's answer. Time before a slot's first trial does not count.
    """

    def __init__(self, count: int) -> None:
        self.free = list(range(count))
        self._started: dict[int, float] = {}
        self._freed: dict[int, float] = {}
        self._busy_seconds = self._idle_seconds = 0.0

    def take(self) -> int:
        """Occupy a free slot and return its number."""
        slot = self.free.pop(0)
        self._started[slot] = now = time.monotonic()
        self._idle_seconds += now - self._freed.pop(slot, now)
        return slot

    def release(self, slot: int) -> None:
        """Free a slot; it is idle from now on."""
        self.free.append(slot)
        self._freed[slot] = now = time.monotonic()
        self._busy_seconds += now - self._started.pop(slot)

    def stop_idle_clocks(self) -> None:
        """Stop counting free slots as idle, because no trial is wanted."""
        self._freed.clear()

    def add_waiting_time(self, seconds: float) -> None:
        """Count time in which a trial waited for answers as idle."""
        self._idle_seconds += seconds
        self._busy_seconds -= seconds

    @property
    def idle_share(self) -> float:
        """Idle time as a share of all time of the slots that were released."""
        return self._idle_seconds / max(self._idle_seconds + self._busy_seconds, 1e-9)
