"""The progress bar of a fit."""

from threading import RLock
from typing import Any

from tqdm import tqdm

from conveyor.training.history import Metrics


def progress_bar(title: str, total: int, initial: int, *, show: bool) -> Any:
    """Return a bar over updates, which is drawn if `show` and stderr is a terminal."""
    # A lock of this process: tqdm's default is a semaphore of the machine, which a killed trial
    # would leave behind.
    tqdm.set_lock(RLock())
    hidden = None if show else True
    return tqdm(desc=title, unit="update", total=total, initial=initial, disable=hidden)


def advance(bar: Any, row: Metrics, updates: int) -> None:
    """Add updates to a bar, and show their losses."""
    bar.set_postfix({name: f"{value:.4f}" for name, value in row.items() if name.endswith("loss")})
    bar.update(updates)
