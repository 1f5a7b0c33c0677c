"""What the MLflow store says of the project's model; nothing in it is changed."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from conveyor.errors import InputError
from conveyor.gates import Verdict
from conveyor.paths import Paths
from conveyor.registry.history import Change, History
from conveyor.registry.model_version import ModelVersion, RegisteredModel
from conveyor.registry.verdict_files import verdict_of
from conveyor.registry.why import describe_origin, rebuild_command, rebuild_steps
from conveyor.secrets import without_secret
from conveyor.tracking.location import uri
from conveyor.tracking.store import is_http, open_existing

UI = "http://127.0.0.1:5000"  # where `make ui` serves a store that is no server


@dataclass(frozen=True)
class Registered:
    """The versions of a model as the page shows them.

    Attributes:
        version: that of the project's model folder; None if it is not registered.
        champion: the version that serves, if any.
        changes: of champion, newest first.
        links: addresses of MLflow's pages, by what they show.
        problem: why the store could not be read; None if it was.
    """

    version: ModelVersion | None = None
    champion: ModelVersion | None = None
    changes: list[Change] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    problem: str | None = None

    @property
    def verdict(self) -> Verdict | None:
        """The verdict on the project's model."""
        return None if self.version is None else verdict_of(self.version)


def read_registered(name: str, digest: str | None, paths: Paths) -> Registered:
    """Read what the store says of the model `name`, and of the version with a model's digest."""
    try:
        client = open_existing(paths)
    except InputError as error:
        return Registered(problem=str(error))
    model = RegisteredModel(client, name)
    versions = model.versions()
    version = next((v for v in versions if digest is not None and v.digest == digest), None)
    links = {}
    experiment, address = client.get_experiment_by_name(name), ui_address(paths)
    if experiment is not None:
        page = f"{address}/#/experiments/{experiment.experiment_id}"
        links["the runs of this experiment"] = page
        if version is not None:
            links["the run that trained this model"] = f"{page}/runs/{version.run_id}"
    if versions:
        links["the registered model"] = f"{address}/#/models/{name}"
    if version is not None:
        links["this version"] = f"{address}/#/models/{name}/versions/{version.version}"
    changes = History(model).changes()[::-1]
    return Registered(version, model.champion(), changes, links)


def ui_address(paths: Paths) -> str:
    """Where MLflow's pages of the store are, without a password."""
    where = uri(paths)
    return without_secret(where).rstrip("/") if is_http(where) else UI


def day_of(version: ModelVersion) -> str:
    """The day on which a version was registered."""
    return f"{datetime.fromtimestamp(version.created, UTC):%Y-%m-%d}"


def describe_lineage(version: ModelVersion, paths: Paths) -> dict[str, object]:
    """Where a version comes from, and the commands that make it again."""
    return {
        "rows": describe_origin(version),
        "command": rebuild_command(version.version),
        "steps": rebuild_steps(paths.root, version.tags),
    }
