"""A client of a real store that is down at times, or whose answers are lost."""

from collections import Counter
from dataclasses import replace
from typing import Any

import requests
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, ErrorCode

from conveyor.tracking.sender import Sender
from conveyor.tracking.store import Tracking


class UnsteadyClient:
    """Passes calls on to MLflow's client.

    Attributes:
        is_down: calls fail before they reach the store.
        loses: names of calls that reach the store, and whose next answer is lost.
        refuses: names of calls that the store refuses.
        breaks: names of calls at which the server fails.
        error: MLflow's error code then.
        tracking_uri: that of a server, which is taken to answer other calls.
        calls: how often each was made.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.is_down = False
        self.loses: set[str] = set()
        self.refuses: set[str] = set()
        self.breaks: set[str] = set()
        self.error = "INTERNAL_ERROR"
        self.tracking_uri = "http://store"
        self.calls = Counter[str]()

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            self.calls[name] += 1
            if name in self.refuses:
                raise MlflowException("not allowed", INVALID_PARAMETER_VALUE)
            if name in self.breaks:
                code = ErrorCode.Value(self.error)
                raise MlflowException("failed with error code 500", code)
            if not self.is_down:
                answer = getattr(self._client, name)(*arguments, **named)
                if name not in self.loses:
                    return answer
                self.loses.remove(name)
            try:
                raise requests.exceptions.ConnectionError("no route to host")
            except requests.exceptions.ConnectionError as error:
                raise MlflowException(f"API request failed: {error}")  # noqa: B904  as MLflow does

        return call


def make_unsteady(tracking: Tracking) -> tuple[Tracking, UnsteadyClient]:
    """The same store, through a client that can be down."""
    client: Any = UnsteadyClient(tracking.client)
    sender = Sender(client, "http://me:hunter2@store", tracking.sender.runs)
    return replace(tracking, client=client, sender=sender), client
