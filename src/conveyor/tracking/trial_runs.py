"""The runs of trials whose driver has died, which a later driver of the same sweep ends."""

from collections.abc import Mapping, Sequence

from mlflow import MlflowClient
from mlflow.entities import Run

from conveyor.tracking.provenance import is_dead
from conveyor.tracking.records import CLOSED, DIED, PARENT, Record, search, send, values

TRIAL, ATTEMPT = "trial", "attempt"
BY_LATER_DRIVER = "by a driver that came after its own"  # a value of CLOSED
RUNNING = "attributes.status = 'RUNNING'"


def trial_key(number: str | int, attempt: str | int) -> str:
    """Names one attempt at a trial in a record."""
    return f"{number}/{attempt}"


def end_missed(
    client: MlflowClient, experiment_id: str, parent_id: str, ended: Mapping[str, Sequence[Record]]
) -> None:
    """End the runs of trials whose driver was killed after it had recorded their end in the study.

    Args:
        ended: the records that end each trial, by `trial_key`.
    """
    running = _search_children(client, experiment_id, parent_id, RUNNING)
    dead = [run for run in running if is_dead(run.data.tags)]
    dead += _search_children(client, experiment_id, parent_id, f"tags.{CLOSED} = '{DIED}'")
    for run in dead:
        tags = run.data.tags
        key = trial_key(tags[TRIAL], tags.get(ATTEMPT, 1))
        if key in ended:
            _end(client, experiment_id, run.info.run_id, ended[key])


def end_trial(
    client: MlflowClient, experiment_id: str, parent_id: str, key: str, records: Sequence[Record]
) -> None:
    """End the run of another driver's trial; that driver may have died before it created one."""
    number, _, attempt = key.partition("/")
    query = f"tags.{TRIAL} = '{number}' and tags.{ATTEMPT} = '{attempt}'"
    matches = _search_children(client, experiment_id, parent_id, query)
    if matches:
        _end(client, experiment_id, matches[0].info.run_id, records)


def _end(client: MlflowClient, experiment_id: str, run_id: str, records: Sequence[Record]) -> None:
    """Send the records that end a run, and end those of its repeats that still run."""
    for repeat in _search_children(client, experiment_id, run_id, RUNNING):
        send(client, repeat.info.run_id, records[-1])
    send(client, run_id, values(tags={CLOSED: BY_LATER_DRIVER}))
    for record in records:
        send(client, run_id, record)


def _search_children(
    client: MlflowClient, experiment_id: str, run_id: str, query: str
) -> list[Run]:
    return search(client, experiment_id, f"tags.`{PARENT}` = '{run_id}' and {query}")
