"""A run to write to: one of this process, or one that exists already."""

import json
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from mlflow.tracking.context import registry as run_context

from conveyor.errors import InputError
from conveyor.resource_errors import describe_cause
from conveyor.tracking import records
from conveyor.tracking.journal import RunJournal
from conveyor.tracking.provenance import process_tags
from conveyor.tracking.records import PARENT, Record
from conveyor.tracking.store import StoreUnavailable, Tracking

DATASET_DIGITS = 16  # of a digest; MLflow takes 36


@dataclass(frozen=True)
class OpenRun:
    """A run of the experiment.

    What this process writes into a run of its own is sent in the background, and waits on disk
    while the store does not answer. What it writes into an existing run is sent at once.

    Attributes:
        target: the journal of a run of this process, or the id of an existing one.
    """

    tracking: Tracking
    target: RunJournal | str

    @classmethod
    def begin(
        cls,
        tracking: Tracking,
        name: str,
        tags: Mapping[str, str],
        params: Mapping[str, Any],
        parent: "OpenRun | None" = None,
    ) -> Self:
        """Open a run of this process."""
        # The usual user and source tags, but not MLFLOW_RUN_ID or a parent from the environment.
        usual = run_context.resolve_tags({"mlflow.source.name": sys.argv[0]})
        tags = {**usual, **process_tags(), **tags}
        journal = parent and parent.pending_journal
        if parent is not None and journal is None:
            tags[PARENT] = parent.id
        key = journal.folder.name if journal else None
        opening = records.opening(tracking.experiment_id, tracking.store, name, tags, key)
        run = cls(tracking, tracking.sender.open(opening, parent=journal))
        run.write(records.values(params=params))
        return run

    @classmethod
    def resume(cls, tracking: Tracking, name: str, run_id: str) -> Self:
        """Write into an existing run as into one of this process."""
        tags = process_tags()
        opening = records.opening(tracking.experiment_id, tracking.store, name, tags, None)
        return cls(tracking, tracking.sender.open(opening, run_id))

    @property
    def pending_journal(self) -> RunJournal | None:
        """The journal of a run whose id is not known yet; None for any other run."""
        target = self.target
        return target if isinstance(target, RunJournal) and target.run_id is None else None

    @property
    def id(self) -> str:
        """MLflow's id of the run.

        Raises:
            StoreUnavailable: the run is not created yet, and the store does not answer.
        """
        return self.wait_until_created()

    def wait_until_created(self) -> str:
        """Wait until MLflow has the run, and return its id.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        if isinstance(self.target, str):
            return self.target
        run_id = self.target.run_id or self.tracking.sender.wait_for_id(self.target)
        if run_id is None:
            raise StoreUnavailable(f"MLflow at {self.tracking.sender.place} creates no run")
        return run_id

    def write(self, record: Record) -> None:
        if isinstance(self.target, str):
            records.send(self.tracking.client, self.target, record)
        else:
            self.tracking.sender.add(self.target, record)

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        self.write(records.values(metrics=metrics, step=step))

    def set_tags(self, tags: Mapping[str, str]) -> None:
        self.write(records.values(tags=tags))

    def log_error(self, error: BaseException) -> None:
        """Log the traceback of an error as a file, and its cause as the tag `error`."""
        text = "".join(traceback.format_exception(error))
        cause = str(error) if isinstance(error, InputError) else describe_cause(error)
        for record in records.reason(text, "traceback.txt", "error", cause):
            self.write(record)

    def log_folder(self, folder: Path, name: str) -> None:
        """Log the files of a folder, if it exists, under the artifact folder `name`."""
        if folder.is_dir():
            self.write(records.folder(folder, name))

    def log_dataset(self, name: str, digest: str) -> None:
        """Log the data that the run reads, with their first digits of their digest."""
        source = json.dumps({"tags": {"stage": "prepare"}})
        self.write(records.dataset(name, digest[:DATASET_DIGITS], source))

    def end(self, status: str) -> None:
        """End the run as FINISHED, FAILED or KILLED."""
        self.write(records.end(status))

    @contextmanager
    def ending(self) -> Iterator[Self]:
        """End the run as the block ends: FINISHED, FAILED with the traceback, or KILLED."""
        try:
            yield self
        except Exception as error:
            with suppress(OSError):  # a full disk; the next process ends the run
                self.log_error(error)
                self.end("FAILED")
            raise
        except BaseException:  # Ctrl-C, or a signal that the stage turned into an exit
            with suppress(OSError):
                self.end("KILLED")
            raise
        else:
            self.end("FINISHED")
        finally:
            self.tracking.sender.drain()
