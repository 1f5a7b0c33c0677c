"""What is written about a run, as plain values that can wait on disk, and how MLflow gets them.

Sending a record a second time changes nothing: metrics have their time, the rest replaces itself.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository

from conveyor.secrets import without_secret

Record = dict[str, Any]
KIND = "kind"
PARENT = "mlflow.parentRunId"
NOTE, NAME = "mlflow.note.content", "mlflow.runName"  # tags: the description and the name
CLOSED = "closed"  # a tag of a run that another process has ended; one of its values:
DIED = "its process died without a word"
BATCH = 100  # values in a call; MLflow takes at most 100 parameters, 100 tags, 1000 metrics
UPLOADS = 16  # files that are sent at once
NOT_FOUND = "RESOURCE_DOES_NOT_EXIST"  # an error code of MLflow's
# Error codes of a store that may answer later; any other one means that it refuses the record.
SAYS_LATER = ("TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED")
LATER = ("INTERNAL_ERROR", *SAYS_LATER)


def now() -> int:
    """The time in milliseconds since 1970, as MLflow takes it."""
    return int(time.time() * 1000)


def opening(
    experiment_id: str, store: str, name: str, tags: Mapping[str, str], parent: str | None
) -> Record:
    """The first record, which creates the run.

    Args:
        store: the address of the store; see `location.store_name`.
        parent: the key of the parent's journal, if the parent's id is not known yet.
    """
    return {KIND: "opening", "experiment": experiment_id, "store": store, "name": name,
            "tags": dict(tags), "parent": parent, "time": now()}  # fmt: skip


def values(
    *,
    metrics: Mapping[str, float] | None = None,
    step: int = 0,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
) -> Record:
    """A record of metrics, parameters and tags."""
    time_now = now()
    return {
        KIND: "values",
        "metrics": [[k, float(v), time_now, step] for k, v in (metrics or {}).items()],
        "params": {key: str(value) for key, value in (params or {}).items()},
        "tags": {key: str(value) for key, value in (tags or {}).items()},
    }


def text_file(text: str, name: str) -> Record:
    """A record of an artifact that is a text."""
    return {KIND: "text", "text": text, "name": name}


def reason(text: str, file: str, tag: str, summary: str) -> list[Record]:
    """Records of why a run ended: the text as a file, and a tag of one line; without passwords."""
    line = without_secret(" ".join(summary.split()))[:500]
    return [text_file(without_secret(text), file), values(tags={tag: line})]


def folder(path: Path, name: str) -> Record:
    """A record of the files of a folder, as artifacts below `name`."""
    return {KIND: "folder", "path": str(path), "name": name}


def dataset(name: str, digest: str, source: str) -> Record:
    """A record of the data that the run reads."""
    return {KIND: "dataset", "name": name, "digest": digest, "source": source}


def link(tag: str, query: str) -> Record:
    """A record of the newest run that matches a query, whose id becomes a tag."""
    return {KIND: "link", "tag": tag, "query": query}


def end(status: str) -> Record:
    """The last record of a run: FINISHED, FAILED or KILLED."""
    return {KIND: "end", "status": status, "time": now()}


def send(client: MlflowClient, run_id: str, record: Record) -> None:
    """Send one record of an existing run.

    Raises:
        MlflowException: the store does not answer, or refuses it; see `is_temporary`.
    """
    match record:
        case {"kind": "values"}:
            _send_values(client, run_id, record)
        case {"kind": "text", "text": text, "name": name}:
            client.log_text(run_id, text, name)
        case {"kind": "folder", "path": path, "name": name}:
            client.log_artifacts(run_id, path, name)
        case {"kind": "dataset", "name": name, "digest": digest, "source": source}:
            inputs = [DatasetInput(Dataset(name, digest, "code", source), [])]
            client.log_inputs(run_id, datasets=inputs)
        case {"kind": "end", "status": status, "time": ended}:
            client.set_terminated(run_id, status, end_time=ended)


def merge(records: Sequence[Record]) -> Record:
    """One record of values in place of several, in their order."""
    merged: Record = {KIND: "values", "metrics": [], "params": {}, "tags": {}}
    for record in records:
        merged["metrics"] += record["metrics"]
        merged["params"] |= record["params"]
        merged["tags"] |= record["tags"]
    return merged


def is_temporary(error: Exception) -> bool:
    """Whether a record may be sent later: the store does not answer, or cannot write just now."""
    if isinstance(error, MlflowException):
        return error.error_code in LATER
    return isinstance(error, OSError)  # those of `requests` too


def search(client: MlflowClient, experiment_id: str, query: str) -> list[Run]:
    """Runs of an experiment, newest first."""
    return [*client.search_runs([experiment_id], query, order_by=["attributes.start_time DESC"])]


def _send_values(client: MlflowClient, run_id: str, record: Record) -> None:
    metrics = [Metric(*metric) for metric in record["metrics"]]
    params = [Param(key, value) for key, value in record["params"].items()]
    tags = [RunTag(key, value) for key, value in record["tags"].items()]
    size = max(len(metrics), len(params), len(tags))
    for start in range(0, size, BATCH):
        part = slice(start, start + BATCH)
        client.log_batch(run_id, metrics=metrics[part], params=params[part], tags=tags[part])


def upload(repository: ArtifactRepository, path: Path, name: str) -> None:
    """Send a folder's files below `name`; several at once, since a server answers for each."""

    def upload_file(file: Path) -> None:
        parent = (Path(name) / file.relative_to(path)).parent.as_posix()
        repository.log_artifact(str(file), parent)

    with ThreadPoolExecutor(UPLOADS) as pool:
        list(pool.map(upload_file, _list_files(path)))


def _list_files(path: Path) -> Iterator[Path]:
    return (file for file in sorted(path.rglob("*")) if file.is_file())
