"""Sends the records of a journal to MLflow."""

from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile

from mlflow import MlflowClient
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from conveyor.tracking.journal import JOURNAL, RunJournal, read_run_id
from conveyor.tracking.records import (
    KIND,
    PARENT,
    Record,
    is_temporary,
    merge,
    search,
    send,
    upload,
)
from conveyor.tracking.trial_runs import end_missed, end_trial


def deliver(journal: RunJournal, client: MlflowClient) -> None:
    """Send what a journal has pending; its end comes after all else.

    Raises:
        MlflowException: the store does not answer, or refuses a record; see `skip`.
    """
    while journal.unsent:
        if journal.is_refused:
            journal.mark_sent(journal.unsent)
        elif journal.is_opening_pending:
            _open_run(journal, client)
            journal.mark_sent(1)
        else:
            _send_batch(journal, client, _next_batch(journal))


def skip(journal: RunJournal) -> None:
    """Give up the record that the store refuses; all of them if it refuses the run itself."""
    journal.is_refused = journal.is_opening_pending
    journal.mark_sent(1)


def _open_run(journal: RunJournal, client: MlflowClient) -> None:
    """Create the run, unless an earlier attempt did so and its answer was lost."""
    opening, key = journal.opening, journal.folder.name
    if journal.run_id is None and journal.was_tried:
        run_id = _find_run(journal, client, key)
        if run_id is not None:
            journal.set_run_id(run_id)
    if journal.run_id is not None:
        return
    journal.was_tried = True
    tags = {**opening["tags"], JOURNAL: key}
    parent_id = _find_parent(journal, client)
    if parent_id is not None:
        tags[PARENT] = parent_id
    name, began = opening["name"], opening["time"]
    run = client.create_run(opening["experiment"], began, tags=tags, run_name=name)
    journal.set_run_id(run.info.run_id)
    journal.artifact_uri = run.info.artifact_uri


def _find_parent(journal: RunJournal, client: MlflowClient) -> str | None:
    """The parent's run id: from this process, from the parent's journal, or from MLflow."""
    if journal.parent is not None:
        return journal.parent.run_id
    key = journal.opening["parent"]
    if key is None:
        return None
    return read_run_id(journal.folder.with_name(key)) or _find_run(journal, client, key)


def _find_run(journal: RunJournal, client: MlflowClient, key: str) -> str | None:
    """The id of the run that the journal of this key has created."""
    matches = search(client, journal.opening["experiment"], f"tags.{JOURNAL} = '{key}'")
    return matches[0].info.run_id if matches else None


def _next_batch(journal: RunJournal) -> list[Record]:
    """All records up to the end of the run, or that."""
    if journal.goes_singly:
        return journal.pending[:1]
    before_end = takewhile(lambda record: record[KIND] != "end", journal.pending)
    return list(before_end) or journal.pending[:1]


def _send_batch(journal: RunJournal, client: MlflowClient, batch: list[Record]) -> None:
    """Send several records at once, since a server takes its time for each of them."""
    values = [record for record in batch if record[KIND] == "values"]
    records = [record for record in batch if record[KIND] != "values"]
    if values:
        records.append(merge(values))
    with ThreadPoolExecutor(len(records)) as pool:
        futures = [pool.submit(_send_record, journal, client, record) for record in records]
    errors = [error for future in futures if isinstance(error := future.exception(), Exception)]
    for error in errors:
        if is_temporary(error) or len(batch) == 1:
            raise error
    if errors:
        journal.goes_singly = True  # so that the refused record alone is given up
    else:
        journal.mark_sent(len(batch))


def _send_record(journal: RunJournal, client: MlflowClient, record: Record) -> None:
    run_id, experiment = journal.run_id, journal.opening["experiment"]
    assert run_id is not None, "an open run has an id"
    match record:
        case {"kind": "folder", "path": path, "name": name}:
            address = journal.artifact_uri or client.get_run(run_id).info.artifact_uri
            assert address is not None, "each run has an address"
            repository = get_artifact_repository(address, client.tracking_uri)
            upload(repository, journal.folder / path, name)
        case {"kind": "missed ends", "ended": ended}:
            end_missed(client, experiment, run_id, ended)
        case {"kind": "trial end", "trial": key, "records": records}:
            end_trial(client, experiment, run_id, key, records)
        case {"kind": "link", "tag": tag, "query": query}:
            matches = search(client, experiment, query)
            if matches:
                client.set_tag(run_id, tag, matches[0].info.run_id)
        case _:
            send(client, run_id, record)
