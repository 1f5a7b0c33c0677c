"""The one model that answers, and how another takes its place."""

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from conveyor.server.ask import Ask
from conveyor.serving import LoadedModel

log = logging.getLogger(__name__)
AGAIN = 5.0  # seconds before a watcher that died is started anew


@dataclass(frozen=True)
class Served:
    """One version, loaded. A request takes it once, so that version and answer belong together."""

    name: str
    version: str
    predictor: LoadedModel


@dataclass
class Slot:
    """Holds what serves now; `current` is None until the first version is loaded."""

    name: str
    current: Served | None = None
    failure: str | None = None  # why nothing could be served at all

    def load(self, version: str, folder: Path) -> None:
        """Load a version beside the old one, then swap one reference.

        One that cannot be loaded is logged, and the old one goes on.
        """
        old = self.current
        if old is not None and old.version == version:
            return
        try:
            fresh = Served(self.name, version, LoadedModel.load(folder))
            # A graph may load, and fail when it runs; the first run is also the slowest.
            fresh.predictor.predict(["" if fresh.predictor.kind == "text" else []])
        except Exception as error:
            self.refuse(f"version {version} cannot be loaded: {error}")
            return
        self.current = fresh
        log.info("version %s of %s answers%s", version, self.name,
                 f" in place of {old.version}" if old else "")  # fmt: skip

    def refuse(self, reason: str) -> None:
        """Note why the alias gave nothing new."""
        if self.current is None:
            self.failure = reason
        else:
            log.error("%s; version %s goes on answering", reason, self.current.version)


@dataclass
class Watcher:
    """Loads what an alias points at, whenever `ask` tells of another version."""

    slot: Slot
    ask: Ask
    on_failure: Callable[[], None]  # nothing can be served
    stopping: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def start(self) -> None:
        self.thread = threading.Thread(target=self._read, name="watcher", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """End the process and wait for the thread."""
        self.stopping.set()
        self.ask.stop()
        if self.thread:
            self.thread.join()

    def _read(self) -> None:
        while True:
            with self.ask.process as asking:
                assert asking.stdout is not None
                for line in asking.stdout:
                    self._take(line)
            if self.stopping.is_set():
                return
            if asking.returncode:
                self.slot.refuse(f"the process that asks the registry ended: {asking.returncode}")
            if self.slot.current is None:
                self.on_failure()
                return
            if self.ask.every is None or self.stopping.wait(AGAIN):
                return
            self.ask.start()

    def _take(self, line: str) -> None:
        told = json.loads(line)
        if "error" in told:
            self.slot.refuse(told["error"])
        else:
            self.slot.load(told["version"], Path(told["folder"]))
        if self.slot.current is None:
            self.on_failure()
