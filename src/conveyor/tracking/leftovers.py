"""Sends what processes that have ended could not send, and ends the runs that they left open.

A server may answer and still fail at one record, for instance with the status 500. The journals of
other runs are sent then; this one is tried again at the next starts, and the record given up at the
last of `STARTS`, after a copy of its journal was made in the folder `GIVEN_UP`.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from conveyor import files
from conveyor.errors import InputError
from conveyor.held_lock import lock_if_free
from conveyor.paths import Paths
from conveyor.resource_errors import describe_cause
from conveyor.secrets import without_secret
from conveyor.tracking.delivery import deliver, skip
from conveyor.tracking.journal import RunJournal, lock_of
from conveyor.tracking.location import GIVEN_UP, journals, store_name
from conveyor.tracking.provenance import PROCESS
from conveyor.tracking.records import (
    CLOSED,
    DIED,
    NOT_FOUND,
    SAYS_LATER,
    end,
    is_temporary,
    send,
    values,
)
from conveyor.tracking.store import is_http, open_existing

STARTS = 5  # of commands, in which a server may fail at a record


def settle(client: MlflowClient, runs: Path, store: str) -> list[str]:
    """Settle the journals in the folder `runs` whose processes have ended.

    Args:
        store: the address that journals of this store name.

    Returns:
        One line for each run that was settled, or cannot be; none after the first one for which
        the store does not answer.
    """
    lines: list[str] = []
    waiting: set[str] = set()  # the keys of runs that could not be created
    for path in list_journals(runs):
        with _take(path) as journal:
            if journal is None or journal.opening["store"] != store:
                continue
            if journal.opening["parent"] in waiting:
                waiting.add(path.name)
                continue
            try:
                lines += _settle(client, journal)
            except Exception as error:  # each store has errors of its own
                if not is_temporary(error):
                    raise
                cause = without_secret(describe_cause(error))
                if not _answers(client, journal):
                    return [*lines, f"MLflow does not take the records in {runs}: {cause}"]
                lines.append(f"MLflow does not take a record of the run {journal.opening['name']!r}"
                             f", which waits in {path}: {cause}")  # fmt: skip
                if journal.run_id is None:
                    waiting.add(path.name)
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
    count, is_refused, given_up, is_counted = journal.unsent, False, "", False
    while journal.unsent:
        try:
            deliver(journal, client)
        except Exception as error:
            if is_temporary(error):
                if not _fails_at_record(client, journal, error):
                    raise
                if not is_counted:
                    journal.count_start()
                    is_counted = True
                if journal.starts < STARTS:
                    raise
                if not journal.goes_singly:  # to tell at which record
                    journal.goes_singly = True
                    continue
                given_up = f"{_keep_copy(journal)}: {without_secret(describe_cause(error))}"
            is_refused = True
            skip(journal)
    name, lines = journal.opening["name"], []
    if given_up:
        lines = [f"MLflow has failed in {STARTS} starts at a record of the run {name!r}, which is "
                 f"given up; a copy is in {given_up}"]  # fmt: skip
    elif is_refused:
        lines = [f"MLflow refuses records of the run {name!r}"]
    elif count:
        lines = [f"sent {count} records of the run {name!r} to MLflow"]
    if journal.run_id is not None and not journal.has_ended and _is_left_open(client, journal):
        send(client, journal.run_id, values(tags={CLOSED: DIED}))
        send(client, journal.run_id, end("FAILED"))
        lines = [f"ended the run {name!r}, which a killed process has left open, as FAILED"]
    journal.remove()
    return lines


def _fails_at_record(client: MlflowClient, journal: RunJournal, error: Exception) -> bool:
    """Whether it is the record at which a store fails that answers, and does not ask to wait."""
    return getattr(error, "error_code", None) not in SAYS_LATER and _answers(client, journal)


def _answers(client: MlflowClient, journal: RunJournal) -> bool:
    """Whether a server answers another request. A file or a database that takes no record now, for
    instance on a full disk, may still be read."""
    if not is_http(client.tracking_uri):
        return False
    try:
        client.get_experiment(journal.opening["experiment"])
    except Exception:  # as above
        return False
    return True


def _keep_copy(journal: RunJournal) -> Path:
    """Copy a journal before one of its records is given up. Returns the folder of the copy."""
    copy = journal.folder.parent.with_name(GIVEN_UP) / journal.folder.name
    if not copy.exists():
        with files.replacing_folder(copy) as folder:
            shutil.copytree(journal.folder, folder, dirs_exist_ok=True)
    return copy


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
