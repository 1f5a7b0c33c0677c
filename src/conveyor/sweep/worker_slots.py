"""The driver's slots, and how much of their time nothing ran in them."""

import time


class Slots:
    """So many trials at once.

    A slot is idle while it is free although a trial is wanted, and while its trial waits for the
    driver's answer. The first trial of each slot pays for the start of everything; the time
    before it does not count.
    """

    def __init__(self, count: int) -> None:
        self.free = list(range(count))
        self._began: dict[int, float] = {}
        self._freed: dict[int, float] = {}
        self._busy = self._idle = 0.0

    def take(self) -> int:
        slot = self.free.pop(0)
        self._began[slot] = now = time.monotonic()
        self._idle += now - self._freed.pop(slot, now)
        return slot

    def release(self, slot: int) -> None:
        self.free.append(slot)
        self._freed[slot] = now = time.monotonic()
        self._busy += now - self._began.pop(slot)

    def rest(self) -> None:
        """No trial is wanted: what is free is not idle."""
        self._freed.clear()

    def waited(self, seconds: float) -> None:
        """A trial waited so long for answers."""
        self._idle += seconds
        self._busy -= seconds

    @property
    def idle_share(self) -> float:
        """Idle time over all time of the slots that ended."""
        return self._idle / max(self._idle + self._busy, 1e-9)
