"""The records of one open run, in a folder on disk until MLflow has them all.

A process appends each record before it is sent. So a store that does not answer delays nothing, and
a killed process loses nothing: whoever finds the folder of a process that has ended sends the rest
and ends the run; see `tracking.leftovers`. The process holds a lock beside the folder, which the
operating system releases when it ends.
"""

import json
import os
import secrets
import shutil
import threading
import time
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Any

from filelock import FileLock
from mlflow import MlflowClient

from conveyor import files
from conveyor.tracking.records import KIND, PARENT, Record, merge, search, send
from conveyor.tracking.trial_runs import end_missed, end_trial

JOURNAL = "journal"  # a tag of the run: the name of its journal
RECORDS, SENT, RUN_ID = "records.jsonl", "sent", "run_id"


class RunJournal:
    """The journal of one run.

    Attributes:
        folder: named by a key that the run has as its tag.
        opening: the record that creates the run.
        run_id: MLflow's, as soon as the run exists there.
        is_refused: whether the store refuses the run itself; nothing of it is sent then.
    """

    def __init__(self, path: Path, lock: FileLock) -> None:
        self.folder, self._lock = path, lock
        self._records = _read(path / RECORDS)
        self.run_id = _read_run_id(path)
        # A power failure can leave the number without what it counts. Without its id, the run is
        # looked for again.
        self._sent = min(_read_number(path / SENT), len(self._records)) if self.run_id else 0
        self.parent: RunJournal | None = None
        self.is_refused = False
        self._was_tried = bool(self._records)  # its creation, by this process or an earlier one
        self._writing = threading.Lock()

    @classmethod
    def create(cls, runs: Path, opening: Record, run_id: str | None = None) -> "RunJournal":
        """Begin a journal in the folder `runs`; `run_id` is that of a run that exists already."""
        path = runs / f"{time.time_ns()}-{secrets.token_hex(8)}"
        runs.mkdir(parents=True, exist_ok=True)
        lock = FileLock(lock_of(path), thread_local=False)
        lock.acquire()
        path.mkdir()
        journal = cls(path, lock)
        if run_id is not None:
            journal._set_run_id(run_id)
        journal.add(opening)
        return journal

    @property
    def is_empty(self) -> bool:
        """Whether its process ended before it wrote a record."""
        return not self._records

    @property
    def opening(self) -> Record:
        return self._records[0]

    @property
    def has_ended(self) -> bool:
        """Whether its last record was added."""
        return self._records[-1][KIND] == "end"

    @property
    def unsent(self) -> int:
        """The number of records that MLflow does not have."""
        return len(self._records) - self._sent

    @property
    def is_urgent(self) -> bool:
        """Whether something other than values is to be sent."""
        return any(record[KIND] != "values" for record in self._records[self._sent :])

    @property
    def can_be_sent(self) -> bool:
        """Whether there is something to send, and the run that it belongs to can be created."""
        parent = self.parent
        is_parent_pending = parent is not None and parent.run_id is None and parent.unsent > 0
        return self.unsent > 0 and not is_parent_pending

    def add(self, record: Record) -> None:
        """Append a record. Files of a folder are linked or copied, since they may change later."""
        with self._writing:
            if record[KIND] == "folder":
                record = {**record, "path": self._copy(Path(record["path"]))}
            line = json.dumps(record, ensure_ascii=False) + "\n"
            with (self.folder / RECORDS).open("ab") as file:
                size = file.tell()
                try:
                    file.write(line.encode())
                    file.flush()
                except OSError:
                    os.truncate(file.fileno(), size)  # half a line would spoil the next one
                    raise
            self._records.append(record)

    def send(self, client: MlflowClient) -> None:
        """Send what is unsent, in order.

        Raises:
            MlflowException: the store does not answer, or refuses a record; see `skip`.
        """
        while self.unsent:
            if self.is_refused:
                self._mark(self.unsent)
                return
            if self._sent == 0:
                self._open(client)
                self._mark(1)
                continue
            assert self.run_id is not None, "an open run has an id"
            batch = self._next_batch()
            match batch[0]:
                case {"kind": "values"}:
                    send(client, self.run_id, merge(batch))
                case {"kind": "folder", "path": name}:
                    send(client, self.run_id, {**batch[0], "path": str(self.folder / name)})
                case {"kind": "missed ends", "ended": ended}:
                    end_missed(client, self.opening["experiment"], self.run_id, ended)
                case {"kind": "trial end", "trial": key, "records": records}:
                    end_trial(client, self.opening["experiment"], self.run_id, key, records)
                case record:
                    send(client, self.run_id, record)
            self._mark(len(batch))

    def skip(self) -> None:
        """Give up the record that the store refuses; all of them if it refuses the run itself."""
        self.is_refused = self._sent == 0
        self._mark(1)

    def remove(self) -> None:
        """Remove the folder, when MLflow has all records; from a disk that has become read-only, a
        later command removes it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            Path(self._lock.lock_file).unlink(missing_ok=True)
        self._lock.release()

    def _open(self, client: MlflowClient) -> None:
        """Create the run, unless an earlier attempt did so and its answer was lost."""
        if self.run_id is not None:
            return
        opening = self.opening
        if self._was_tried:
            run_id = self._find(client, self.folder.name)
            if run_id is not None:
                self._set_run_id(run_id)
                return
        self._was_tried = True
        tags = {**opening["tags"], JOURNAL: self.folder.name}
        parent_id = self._find_parent(client)
        if parent_id is not None:
            tags[PARENT] = parent_id
        run = client.create_run(
            opening["experiment"], opening["time"], tags=tags, run_name=opening["name"]
        )
        self._set_run_id(run.info.run_id)

    def _find_parent(self, client: MlflowClient) -> str | None:
        """The parent's run id: from this process, from the parent's journal, or from MLflow."""
        if self.parent is not None:
            return self.parent.run_id
        key = self.opening["parent"]
        if key is None:
            return None
        return _read_run_id(self.folder.with_name(key)) or self._find(client, key)

    def _find(self, client: MlflowClient, key: str) -> str | None:
        """The id of the run that the journal of this key has created."""
        matches = search(client, self.opening["experiment"], f"tags.{JOURNAL} = '{key}'")
        return matches[0].info.run_id if matches else None

    def _next_batch(self) -> list[Record]:
        """The next record, or several of values, which one call sends."""
        rest = self._records[self._sent :]
        return list(takewhile(lambda record: record[KIND] == "values", rest)) or rest[:1]

    def _mark(self, count: int) -> None:
        done = self._records[self._sent : self._sent + count]
        self._sent += count
        with suppress(OSError):  # a full disk; what is sent again changes nothing
            (self.folder / SENT).write_text(str(self._sent), "utf-8")
        for record in done:
            if record[KIND] == "folder":
                shutil.rmtree(self.folder / record["path"], ignore_errors=True)

    def _set_run_id(self, run_id: str) -> None:
        files.write_text(self.folder / RUN_ID, run_id)
        self.run_id = run_id

    def _copy(self, source: Path) -> str:
        name = f"files-{len(self._records)}"
        shutil.copytree(source, self.folder / name, copy_function=_link)
        return name


def lock_of(path: Path) -> Path:
    """The lock of a journal's folder."""
    return path.with_name(f"{path.name}.lock")


def _link(source: str, target: str) -> Any:
    """Link a file, since each output is replaced and never changed; copy it to another disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    return target


def _read_number(path: Path) -> int:
    """The number in a file; 0 without one, as sending everything again changes nothing."""
    text = path.read_text("utf-8") if path.is_file() else ""
    return int(text) if text.isdigit() else 0


def _read_run_id(journal: Path) -> str | None:
    """MLflow's id of the run of a journal's folder; None if it is not known yet."""
    path = journal / RUN_ID
    return (path.read_text("utf-8") or None) if path.is_file() else None


def _read(path: Path) -> list[Record]:
    """The records of a file, up to the first line that is not whole.

    A killed process leaves half a line at the end, a power failure perhaps zeros.
    """
    records: list[Record] = []
    content = path.read_bytes() if path.is_file() else b""
    lines = [line for line in content.splitlines(keepends=True) if line.endswith(b"\n")]
    with suppress(ValueError):
        records.extend(map(json.loads, lines))
    return records
