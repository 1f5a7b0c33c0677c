"""The history of champions, stored as tags of the registered model: who, when, why, from, to."""

import getpass
import json
import socket
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from conveyor.registry.model_version import CHAMPION, RegisteredModel
from conveyor.registry.writes import retry_write

PREFIX = "history."
PROMOTED, FORCED, ROLLED_BACK = "promoted", "forced", "rolled back"
RESTORED = "restored"  # the champion after it could not serve


@dataclass(frozen=True)
class Change:
    """One change of champion.

    Attributes:
        before: the version that served; None for the first champion.
        after: the version that serves from then on.
        hooks: the delivery to each hook; None until the hooks were called.
    """

    number: int
    when: str
    who: str
    action: str
    before: str | None
    after: str
    reason: str
    hooks: list[dict[str, Any]] | None = None

    def __str__(self) -> str:
        deliveries = "".join(
            f"; {hook['to']} {'NOT notified: ' + hook['error'] if hook['error'] else 'notified'}"
            for hook in self.hooks or []
        )
        return (f"{self.when}  {self.before or 'none'} -> {self.after}  {self.action} by "
                f"{self.who}: {self.reason}{deliveries}")  # fmt: skip


class History:
    """The changes of champion of one registered model."""

    def __init__(self, registered: RegisteredModel) -> None:
        self.registered = registered

    def changes(self) -> list[Change]:
        """All changes, oldest first; empty before the first registration."""
        tags = self.registered.tags()
        return [Change(**json.loads(tags[key])) for key in sorted(tags) if key.startswith(PREFIX)]

    def record(self, change: Change) -> None:
        """Write a change, or write it again with its deliveries."""
        text = json.dumps(asdict(change), sort_keys=True, ensure_ascii=False)
        key = f"{PREFIX}{change.number:06d}"
        retry_write(
            self.registered.client.set_registered_model_tag, self.registered.name, key, text
        )

    def begin(self, action: str, before: str | None, after: str, reason: str) -> Change:
        """Record a change before the alias moves.

        If the process dies in between, the next one makes the same change and reuses the entry.
        """
        existing = self.changes()
        number = existing[-1].number + 1 if existing else 1
        when = datetime.now(UTC).isoformat(timespec="seconds")
        who = f"{getpass.getuser()}@{socket.gethostname()}"
        change = Change(number, when, who, action, before, after, reason)
        if existing:
            last = replace(existing[-1], number=number, when=when, who=who, hooks=None)
            if last == change:
                return existing[-1]
        self.record(change)
        return change

    def unannounced(self) -> list[Change]:
        """Changes whose hooks were not called, oldest first.

        A change counts only if the alias moved: the next change starts from its version, or its
        version is the champion now.
        """
        changes, champion = self.changes(), self.registered.aliases().get(CHAMPION)
        next_before = [*(change.before for change in changes[1:]), champion]
        return [
            change
            for change, version in zip(changes, next_before, strict=False)
            if change.hooks is None and change.after == version
        ]

    def rollback_targets(self) -> list[str]:
        """Versions that rollbacks return to, oldest first; the last one serves.

        A rollback removes what came after its target, so two rollbacks go two champions back. So
        does a restoration, since what came after could not serve.
        Deleted versions are left out.
        """
        existing = {version.version for version in self.registered.versions()}
        stack: list[str] = []
        for change in self.changes():
            if change.before is not None and stack[-1:] != [change.before]:
                stack.append(change.before)  # the alias was moved outside this project
            if change.action in (ROLLED_BACK, RESTORED) and change.after in stack:
                while stack[-1] != change.after:
                    stack.pop()
            else:
                stack.append(change.after)
        targets = [version for version in stack if version in existing]
        return [version for version, _ in groupby(targets)]
