"""How long work still takes: a bar on a terminal, and nothing where stderr is none."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

from tqdm import tqdm

DELAY = 1.0  # seconds before a bar is drawn; shorter work needs none
CLOCK_SECONDS = 0.5  # between two drawings of a clock
OPEN_CLOCK = "{desc}: {elapsed}"
CLOCK = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}, about {remaining} left"


def progress_bar(
    title: str,
    unit: str,
    total: float | None,
    *,
    initial: float = 0,
    show: bool = True,
    **options: Any,
) -> Any:
    """Return a bar with the time left, which is a context and has `update` and `close`.

    Args:
        unit: of what is counted, such as "row".
        total: None where it is not known; then there is no time left.
        initial: what was done before.
        show: draw it if stderr is a terminal.
        options: of tqdm.
    """  # fmt: skip
    # A lock of this process: tqdm's default is a semaphore of the machine, which a killed trial
    # would leave behind.
    tqdm.set_lock(RLock())
    return tqdm(
        desc=title, unit=unit, total=total, initial=initial, disable=None if show else True,
        delay=DELAY, **options,
    )  # fmt: skip


@contextmanager
def show_clock(title: str, expected: float | None = None) -> Iterator[Callable[[str], None]]:
    """Show the time that the body takes, and what is left of the time that it took before.

    Args:
        expected: seconds; None where nothing is known.

    Yields:
        A function that names the step that runs.
    """
    bar = progress_bar(title, "s", expected, bar_format=CLOCK if expected else OPEN_CLOCK)
    stop = threading.Event()

    def tick() -> None:
        while not stop.wait(CLOCK_SECONDS):
            step = CLOCK_SECONDS if expected is None else min(CLOCK_SECONDS, expected - bar.n)
            bar.update(step)
            bar.refresh()

    thread = threading.Thread(target=tick, name="clock", daemon=True)
    if not bar.disable:
        thread.start()
    try:
        yield lambda step: bar.set_description_str(f"{title}, {step}", refresh=False)
    finally:
        stop.set()
        if thread.is_alive():
            thread.join()
        bar.close()
