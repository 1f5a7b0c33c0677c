"""Every change of champion, kept as tags of the registered model: who, when, why, from, to."""

import getpass
import json
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from mlflow import MlflowClient

PREFIX = "history."
PROMOTED, FORCED, ROLLED_BACK = "promoted", "forced", "rolled back"


@dataclass(frozen=True)
class Change:
    """One change of champion; `hooks` is what came of telling others, None while it is to come."""

    number: int
    when: str
    who: str
    action: str
    before: str | None
    after: str
    reason: str
    hooks: list[dict[str, Any]] | None = None

    def __str__(self) -> str:
        told = ""
        for hook in self.hooks or []:
            told += f"; {hook['to']} {'told' if hook['error'] is None else 'NOT told: '}"
            told += hook["error"] or ""
        return (f"{self.when}  {self.before or 'none'} -> {self.after}  {self.action} by "
                f"{self.who}: {self.reason}{told}")  # fmt: skip


def changes(client: MlflowClient, name: str) -> list[Change]:
    """All changes of one registered model, oldest first."""
    tags = client.get_registered_model(name).tags
    return [Change(**json.loads(tags[key])) for key in sorted(tags) if key.startswith(PREFIX)]


def record(client: MlflowClient, name: str, change: Change) -> None:
    text = json.dumps(asdict(change), sort_keys=True, ensure_ascii=False)
    client.set_registered_model_tag(name, f"{PREFIX}{change.number:06d}", text)


def begin(
    client: MlflowClient, name: str, action: str, before: str | None, after: str, reason: str
) -> Change:
    """Write a change down before it is made.

    A process that died in between is followed by one that makes the same change, which is then
    the same entry.
    """
    known = changes(client, name)
    number = known[-1].number + 1 if known else 1
    when = datetime.now(UTC).isoformat(timespec="seconds")
    who = f"{getpass.getuser()}@{socket.gethostname()}"
    change = Change(number, when, who, action, before, after, reason)
    if known and replace(known[-1], number=number, when=when, who=who, hooks=None) == change:
        return known[-1]
    record(client, name, change)
    return change


def standing(known: Sequence[Change]) -> list[str]:
    """Versions to which rollbacks lead back, oldest first; the last is the one that serves.

    A rollback takes back what came after its target, so that two of them lead two back.
    """
    stack: list[str] = []
    for change in known:
        if change.before is not None and stack[-1:] != [change.before]:
            stack.append(change.before)  # an alias that was moved by hand
        if change.action == ROLLED_BACK and change.after in stack:
            while stack[-1] != change.after:
                stack.pop()
        else:
            stack.append(change.after)
    return stack
