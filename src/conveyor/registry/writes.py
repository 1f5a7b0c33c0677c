"""Writes to MLflow's registry that a process on another machine may make at the same moment."""

from collections.abc import Callable
from typing import Any

from mlflow.exceptions import MlflowException


def retry_write(call: Callable[..., Any], *arguments: str) -> None:
    """Set a tag or an alias through a method of MLflow's client, and once more if that fails.

    MLflow's store reads the row and then inserts it. If another process inserts it in between, the
    first call fails, and the second call finds that row and updates it.

    Raises:
        MlflowException: the second call failed too.
    """
    try:
        call(*arguments)
    except MlflowException:
        call(*arguments)
