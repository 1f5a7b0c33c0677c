"""What the MLflow store says of the project's model; nothing in it is changed."""

from typing import Any

from conveyor import files
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.secrets import without_secret
from conveyor.tracking.location import uri
from conveyor.tracking.page_address import runs_address, versions_address

UI = "http://127.0.0.1:5000"  # where `make ui` serves a store that is no server
NOTHING = {
    "experiment": None, "version": None, "verdict": None, "lineage": None, "champion": None,
    "changes": [], "problem": None,
}  # fmt: skip


def read_registered(
    name: str, digest: str | None, paths: Paths, *, ask_store: bool
) -> dict[str, Any]:
    """Return the snapshot of `registry.snapshot`, with `problem`: why the store could not be read.

    Args:
        ask_store: whether to read the store, although the stage `register` has taken a snapshot.
    """
    if not ask_store and paths.registry_snapshot.is_file():
        snapshot = files.read_json(paths.registry_snapshot)
        if (snapshot["name"], snapshot["digest"]) == (name, digest):
            return NOTHING | snapshot
    # These load MLflow, which takes most of the time of a page.
    from conveyor.registry.model_version import RegisteredModel
    from conveyor.registry.snapshot import take_snapshot
    from conveyor.tracking.store import open_existing

    try:
        client = open_existing(paths)
    except InputError as error:
        return NOTHING | {"problem": str(error)}
    return NOTHING | take_snapshot(RegisteredModel(client, name), digest, paths)


def list_links(name: str, registered: dict[str, Any], paths: Paths) -> dict[str, str]:
    """Return the addresses of MLflow's pages, by what they show."""
    where, version, links = uri(paths), registered["version"], {}
    served = where.startswith(("http://", "https://"))
    address = without_secret(where).rstrip("/") if served else UI
    if registered["experiment"] is not None:
        page = f"{address}/#/experiments/{registered['experiment']}"
        runs = runs_address(registered["experiment"])
        links["the runs of this experiment"] = f"{address}/{runs}"
        if version is not None:
            links["the run that trained this model"] = f"{page}/runs/{version['run']}"
    if version is not None:
        links["the registered model"] = f"{address}/{versions_address(name)}"
        page = f"{address}/#/models/{name}/versions/{version['version']}"
        links["this version"] = page
    return links
