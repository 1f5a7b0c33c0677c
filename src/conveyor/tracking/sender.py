"""Sends the journals of this process's runs in the background, each in its order."""

import logging
import os
import threading
import time
from pathlib import Path

from mlflow import MlflowClient

from conveyor.resource_errors import describe_cause
from conveyor.secrets import without_secret
from conveyor.tracking.delivery import deliver, skip
from conveyor.tracking.journal import RunJournal
from conveyor.tracking.records import Record, is_temporary

log = logging.getLogger(__name__)

THREADS = 4  # journals that are sent to a server at once; a file takes one writer
PAUSE = 2.0  # seconds between two batches of values of one run; one takes a server 20 ms
WAITS = (1.0, 2.0, 4.0, 8.0, 15.0)  # seconds after each failure in a row; then the last one
# MLflow itself would repeat a request whose answer was lost, and so create a second run. It reads
# this variable at each call, so that no call of the process is repeated from then on.
NO_RETRIES = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}


class Sender:
    """Sends the records of this process to one store.

    Args:
        place: the store's address, for messages.
        runs: the folder of the journals.
    """

    def __init__(self, client: MlflowClient, place: str, runs: Path) -> None:
        self.client, self.place, self.runs = client, without_secret(place), runs
        self._journals: list[RunJournal] = []  # that have not ended, or not been sent
        self._sending: set[RunJournal] = set()
        self._sent_at: dict[RunJournal, float] = {}
        self._failures = 0  # in a row
        self._attempts = 0  # that failed, since the start
        self._retry_at = 0.0
        self._drains = 0  # callers that wait until everything is sent
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []

    def open(
        self, opening: Record, run_id: str | None = None, parent: RunJournal | None = None
    ) -> RunJournal:
        """Begin the journal of a run; see `RunJournal.create`."""
        os.environ.update(NO_RETRIES)
        journal = RunJournal.create(self.runs, opening, run_id)
        journal.parent = parent
        with self._changed:
            self._journals.append(journal)
            if not self._threads:
                count = 1 if self.place.startswith("sqlite") else THREADS
                self._threads = [
                    threading.Thread(target=self._work, name="MLflow", daemon=True)
                    for _ in range(count)
                ]
                for thread in self._threads:
                    thread.start()
            self._changed.notify_all()
        return journal

    def add(self, journal: RunJournal, record: Record) -> None:
        """Append a record, which is sent in the background."""
        journal.add(record)
        with self._changed:
            self._changed.notify_all()

    def wait_for_id(self, journal: RunJournal) -> str | None:
        """MLflow's id of a run; None if the store did not answer."""
        with self._changed:
            attempts = self._attempts
            self._changed.wait_for(
                lambda: journal.run_id or self._attempts > attempts or not journal.unsent
            )
        return journal.run_id

    def drain(self) -> None:
        """Wait until everything is sent, or the store has not answered once more."""
        with self._changed:
            attempts, self._retry_at = self._attempts, 0.0
            self._drains += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_done() or self._attempts > attempts)
            self._drains -= 1
            count = self._unsent()
        if count:
            log.warning("%d records of runs wait in %s for MLflow at %s; the next command sends "
                        "them", count, self.runs, self.place)  # fmt: skip

    def _is_done(self) -> bool:
        return not self._unsent() and not self._sending

    def _unsent(self) -> int:
        return sum(journal.unsent for journal in self._journals)

    def _work(self) -> None:
        while True:
            journal = self._take()
            try:
                deliver(journal, self.client)
            except Exception as error:  # each store has errors of its own
                self._handle(journal, error)
            else:
                self._record_success()
            with self._changed:
                self._sending.discard(journal)
                self._sent_at[journal] = time.monotonic()
                if journal.has_ended and not journal.unsent:
                    self._journals.remove(journal)
                    del self._sent_at[journal]
                    journal.remove()
                self._changed.notify_all()

    def _take(self) -> RunJournal:
        """Wait for a journal that is due."""
        with self._changed:
            while True:
                now = time.monotonic()
                due = [] if now < self._retry_at else list(filter(self._is_due, self._journals))
                if due:  # one at which the store fails comes after the others
                    journal = min(due, key=lambda journal: self._sent_at.get(journal, 0.0))
                    self._sending.add(journal)
                    return journal
                self._changed.wait(PAUSE / 4 if self._unsent() else None)

    def _is_due(self, journal: RunJournal) -> bool:
        if journal in self._sending or not journal.can_be_sent:
            return False
        waited = time.monotonic() - self._sent_at.get(journal, 0.0)
        return journal.is_urgent or waited > PAUSE or self._drains > 0

    def _handle(self, journal: RunJournal, error: Exception) -> None:
        cause = without_secret(describe_cause(error))
        if not is_temporary(error):
            log.warning("MLflow at %s refuses a record of a run: %s", self.place, cause)
            skip(journal)
            return
        with self._changed:
            if not self._failures:
                log.warning("MLflow at %s takes no records now: %s. They wait in %s", self.place,
                            cause, self.runs)  # fmt: skip
            self._retry_at = time.monotonic() + WAITS[min(self._failures, len(WAITS) - 1)]
            self._failures += 1
            self._attempts += 1

    def _record_success(self) -> None:
        with self._changed:
            if self._failures:
                log.info("MLflow at %s takes records again", self.place)
            self._failures = 0
