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
from pathlib import Path
from typing import Any

from filelock import FileLock

from conveyor import files
from conveyor.tracking.records import KIND, Record

JOURNAL = "journal"  # a tag of the run: the name of its journal
RECORDS, SENT, RUN_ID, STARTS = "records.jsonl", "sent", "run_id", "starts"


class RunJournal:
    """The journal of one run.

    Attributes:
        folder: named by a key that the run has as its tag; a parent's comes before its children's.
        opening: the record that creates the run.
        run_id: MLflow's, as soon as the run exists there.
        artifact_uri: where its artifacts go, if this process has created the run.
        parent: the journal of the parent's run, while that has no id.
        starts: the number of starts of commands in which MLflow failed at a record.
        was_tried: whether this process or an earlier one may have created the run.
        is_refused: whether the store refuses the run itself; nothing of it is sent then.
        goes_singly: whether its records are sent one by one, to tell which one is refused.
    """

    def __init__(self, path: Path, lock: FileLock) -> None:
        self.folder, self._lock = path, lock
        self._records = _read(path / RECORDS)
        self.run_id = read_run_id(path)
        # A power failure can leave the number without what it counts. Without its id, the run is
        # looked for again.
        self._sent = min(_read_number(path / SENT), len(self._records)) if self.run_id else 0
        self.starts = _read_number(path / STARTS)
        self.artifact_uri: str | None = None
        self.parent: RunJournal | None = None
        self.is_refused = self.goes_singly = False
        self.was_tried = bool(self._records)
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
            journal.set_run_id(run_id)
        journal.add(opening)
        return journal

    @property
    def is_empty(self) -> bool:
        """Whether its process ended before it wrote a record."""
        return not self._records

    @property
    def is_opening_pending(self) -> bool:
        """Whether its first record, which creates the run, is to be sent."""
        return self._sent == 0

    @property
    def opening(self) -> Record:
        return self._records[0]

    @property
    def has_ended(self) -> bool:
        """Whether its last record was added."""
        return self._records[-1][KIND] == "end"

    @property
    def pending(self) -> list[Record]:
        """The records that MLflow does not have, in their order."""
        return self._records[self._sent :]

    @property
    def unsent(self) -> int:
        """The number of these records."""
        return len(self._records) - self._sent

    @property
    def is_urgent(self) -> bool:
        """Whether something other than values is to be sent."""
        return any(record[KIND] != "values" for record in self.pending)

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

    def mark_sent(self, count: int) -> None:
        """Record that MLflow has the next `count` records, or refuses them."""
        done = self._records[self._sent : self._sent + count]
        self._sent += count
        with suppress(OSError):  # a full disk; what is sent again changes nothing
            (self.folder / SENT).write_text(str(self._sent), "utf-8")
        for record in done:
            if record[KIND] == "folder":
                shutil.rmtree(self.folder / record["path"], ignore_errors=True)

    def count_start(self) -> None:
        """Record that MLflow has failed at a record in one more start."""
        self.starts += 1
        files.write_text(self.folder / STARTS, str(self.starts))

    def set_run_id(self, run_id: str) -> None:
        files.write_text(self.folder / RUN_ID, run_id)
        self.run_id = run_id

    def remove(self) -> None:
        """Remove the folder, when MLflow has all records; from a disk that has become read-only, a
        later command removes it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            Path(self._lock.lock_file).unlink(missing_ok=True)
        self._lock.release()

    def _copy(self, source: Path) -> str:
        name = f"files-{len(self._records)}"
        shutil.copytree(source, self.folder / name, copy_function=_link)
        return name


def lock_of(path: Path) -> Path:
    """The lock of a journal's folder."""
    return path.with_name(f"{path.name}.lock")


def read_run_id(path: Path) -> str | None:
    """The id of the run of a journal's folder; None while it has none."""
    file = path / RUN_ID
    return (file.read_text("utf-8") or None) if file.is_file() else None


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
