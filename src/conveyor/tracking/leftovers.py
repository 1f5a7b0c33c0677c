"""Sends what processes that have ended could not send, and ends the runs that they left open."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from conveyor.errors import InputError
from conveyor.held_lock import lock_if_free
from conveyor.paths import Paths
from conveyor.resource_errors import describe_cause
from conveyor.secrets import without_secret
from conveyor.tracking.delivery import deliver, skip
from conveyor.tracking.journal import RunJournal, lock_of
from conveyor.tracking.location import journals, store_name
from conveyor.tracking.provenance import PROCESS
from conveyor.tracking.records import (
    CLOSED,
    DIED,
    NOT_FOUND,
    end,
    is_temporary,
    send,
    values,
)
from conveyor.tracking.store import open_existing


def settle(client: MlflowClient, runs: Path, store: str) -> list[str]:
    """Settle the journals in the folder `runs` whose processes have ended.

    Args:
        store: the address that journals of this store name.

    Returns:
        One line for each run that was settled, or cannot be; none after the first one for which
        the store does not answer.
    """
    lines: list[str] = []
    for path in list_journals(runs):
        with _take(path) as journal:
            if journal is None or journal.opening["store"] != store:
                continue
            try:
                lines += _settle(client, journal)
            except Exception as error:  # each store has errors of its own
                if is_temporary(error):
                    return [*lines, f"MLflow does not take the records in {runs}: "
                            f"{without_secret(describe_cause(error))}"]  # fmt: skip
                raise
    return lines


def recover_runs(paths: Paths) -> list[str]:
    """Settle the journals of a project's present store, if there are any and it answers.

    Returns:
        Lines as those of `settle`.
    """
    runs = journals(paths)
    if not _has_leftovers(runs):
        return []
    try:
        return settle(open_existing(paths), runs, store_name())
    except InputError as error:
        return [f"the records in {runs} wait: {error}"]


def _has_leftovers(runs: Path) -> bool:
    """Whether the folder has a journal whose process has ended."""
    for path in list_journals(runs):
        with _take(path) as journal:
            if journal is not None:
                return True
    return False


def list_journals(runs: Path) -> list[Path]:
    """The folders of all journals, found by their locks: the oldest, and so each parent, first."""
    return sorted(lock.with_suffix("") for lock in runs.glob("*.lock"))


def _settle(client: MlflowClient, journal: RunJournal) -> list[str]:
    count, is_refused = journal.unsent, False
    while journal.unsent:
        try:
            deliver(journal, client)
        except Exception as error:
            if is_temporary(error):
                raise
            is_refused = True
            skip(journal)
    name, lines = journal.opening["name"], []
    if is_refused:
        lines = [f"MLflow refuses records of the run {name!r}"]
    elif count:
        lines = [f"sent {count} records of the run {name!r} to MLflow"]
    if journal.run_id is not None and not journal.has_ended and _is_left_open(client, journal):
        send(client, journal.run_id, values(tags={CLOSED: DIED}))
        send(client, journal.run_id, end("FAILED"))
        lines = [f"ended the run {name!r}, which a killed process has left open, as FAILED"]
    journal.remove()
    return lines


def _is_left_open(client: MlflowClient, journal: RunJournal) -> bool:
    """Whether a run still belongs to the process of its journal; another may have resumed it, and
    a person may have deleted it."""
    try:
        run = client.get_run(str(journal.run_id))
    except MlflowException as error:
        if error.error_code != NOT_FOUND:
            raise
        return False
    tags, own = run.data.tags, journal.opening["tags"]
    is_open = run.info.status == "RUNNING" and run.info.lifecycle_stage == "active"
    return is_open and all(tags.get(tag) == own.get(tag) for tag in PROCESS)


@contextmanager
def _take(path: Path) -> Iterator[RunJournal | None]:
    """Hold a journal whose process has ended; None if it has not, or nothing was written."""
    with lock_if_free(lock_of(path)) as lock:
        journal = lock and RunJournal(path, lock)
        if journal is not None and journal.is_empty:
            journal.remove()
            journal = None
        yield journal
