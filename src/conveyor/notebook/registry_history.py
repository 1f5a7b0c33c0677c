"""The versions of a registered model, and the changes of its champion, as tables."""

from dataclasses import dataclass

import pandas as pd

from conveyor.notebook.answers import summary_of, table_html
from conveyor.paths import Paths
from conveyor.registry.history import History
from conveyor.registry.model_version import RegisteredModel
from conveyor.tracking.store import open_existing

VERSION_COLUMNS = ("registered", "aliases", "verdict", "reasons", "summary")
CHANGE_COLUMNS = ("when", "before", "after", "action", "who", "reason")


@dataclass(frozen=True, repr=False)
class RegistryHistory:
    """What the registry says of a model.

    Attributes:
        versions: oldest first, a row for each version: `registered` (UTC), `aliases`, `verdict`
            (promoted, refused, or empty where no gate was asked), the `reasons` of a refusal, and
            the `summary`, a sentence with the headline metric on the test rows.
        changes: of champion, oldest first: `when` (UTC), the version `before` and `after`, the
            `action`, `who` did it, and the `reason`.
    """

    versions: pd.DataFrame
    changes: pd.DataFrame

    def __repr__(self) -> str:
        versions, changes = self.versions.to_string(), self.changes.to_string()
        return f"versions\n{versions}\n\nchanges of champion\n{changes}"

    def _repr_html_(self) -> str:
        titles = {"Versions": self.versions, "Changes of champion": self.changes}
        return "".join(f"<h4>{title}</h4>{table_html(t)}" for title, t in titles.items())


def read_history(name: str, paths: Paths) -> RegistryHistory:
    """Read the history of a registered model.

    Raises:
        InputError: there is no store, or it does not answer.
    """
    registered = RegisteredModel(open_existing(paths), name)
    aliases, versions = registered.aliases(), registered.versions()
    rows = [
        [
            pd.Timestamp(version.created, unit="s", tz="UTC").floor("s"),
            ", ".join(sorted(a for a, number in aliases.items() if number == version.version)),
            version.verdict or "",
            version.reasons,
            summary_of(version.description),
        ]
        for version in versions
    ]
    changes = [
        [pd.Timestamp(change.when), change.before, change.after, change.action, change.who,
         change.reason]
        for change in History(registered).changes()
    ]  # fmt: skip
    numbers = pd.Index([int(version.version) for version in versions], name="version")
    return RegistryHistory(
        pd.DataFrame(rows, index=numbers, columns=VERSION_COLUMNS),
        pd.DataFrame(changes, columns=CHANGE_COLUMNS),
    )
