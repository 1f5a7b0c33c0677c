"""Addresses of MLflow's pages of a project. Does not import MLflow."""

from urllib.parse import urlencode

ALL_RUNS = "runs"  # the view of `tracking.experiment_page` that shows runs of all stages


def runs_address(experiment_id: str, view: str = ALL_RUNS) -> str:
    """The address of a view below that of the server."""
    query = urlencode({"workflowType": "machine_learning", "viewStateShareKey": view})
    return f"#/experiments/{experiment_id}/runs?{query}"


def versions_address(name: str) -> str:
    """The address of the versions of a registered model below that of the server."""
    return f"#/models/{name}?workflowType=machine_learning"
