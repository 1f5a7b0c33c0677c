"""A thread that follows an alias of the MLflow registry."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.registry.model_version import find_version
from conveyor.server.live_model import ModelSlot, load_version

log = logging.getLogger(__name__)
STOP_SECONDS = 5.0  # that `stop` waits for a registry


@dataclass
class AliasPoller:
    """Loads the version behind an alias, and each version to which the alias moves.

    A version is loaded while the old one serves, and replaces it when it is ready. An error of
    the registry or of a version is logged once, and the old version still serves.

    Attributes:
        alias: or the number of a version.
        interval: seconds between two polls; None polls once.
        is_required: whether the server cannot run without a model; else it is looked for again.
        failure: why the latest poll that failed did so; None before one failed.
    """

    slot: ModelSlot
    alias: str
    interval: float | None
    paths: Paths
    is_required: bool = True
    failure: str | None = None
    _registry_fails: bool = field(default=False, init=False)
    _latest: str | None = field(default=None, init=False)  # version that was tried, not all load
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self, on_failure: Callable[[], None]) -> None:
        """Start the thread; `on_failure` is called when the first poll loads no model."""
        self._thread = threading.Thread(
            target=self._run, args=(on_failure,), name="alias poller", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Let the thread end; it waits for a registry that does not respond only shortly."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def poll(self) -> None:
        """Read the alias, and load its version if the alias has moved."""
        try:
            key = "version" if self.alias.isdigit() else "alias"
            version = find_version(self.slot.name, self.paths, **{key: self.alias})
            has_moved = version.version != self._latest
            folder = version.fetch(self.paths) if has_moved else None
        except Exception as error:  # every store has errors of its own
            self._report(str(error), is_new=not self._registry_fails)
            self._registry_fails = True
            return
        if self._registry_fails:
            log.info("the registry responds again")
            self._registry_fails = False
        if folder is not None:
            self._latest = version.version
            self._load(version.version, folder)

    def load_first(self) -> None:
        """Load the version behind the alias.

        Raises:
            InputError: there is no such version, or it cannot be loaded.
        """
        self.poll()
        if self.slot.current is None:
            raise InputError(self.failure or f"{self.alias}: no version could be loaded")

    def _load(self, version: str, folder: Path) -> None:
        if self.slot.current is not None and self.slot.current.version == version:
            return
        try:
            self.slot.replace(load_version(self.slot.name, version, folder))
        except Exception as error:
            self._report(str(error), is_new=True)

    def _run(self, on_failure: Callable[[], None]) -> None:
        self.poll()
        if self.slot.current is None and self.is_required:
            on_failure()
            return
        while self.interval is not None and not self._stopping.wait(self.interval):
            self.poll()

    def _report(self, failure: str, is_new: bool) -> None:
        self.failure = failure
        self.slot.failures += 1
        if is_new and self.slot.current is not None:
            log.error("%s; version %s still serves", failure, self.slot.current.version)
        elif is_new and not self.is_required:
            log.error("%s; there is no shadow", failure)
