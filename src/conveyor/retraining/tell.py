"""Who is to hear of a night: the hooks, with the report as what they get."""

from collections.abc import Iterator
from contextlib import contextmanager

from conveyor.config import Config
from conveyor.errors import InputError
from conveyor.hooks import notify
from conveyor.retraining.job import Outcome

EVENT = "retraining"


def tell(config: Config, outcome: Outcome) -> None:
    """Call the hooks, except after a night in which nothing had changed."""
    if outcome.review is not None:
        notify(config.hooks, EVENT, {"model": config.name, **outcome.as_json()})


@contextmanager
def failure_told(config: Config) -> Iterator[None]:
    """Call the hooks where the body raises. Only our own messages are known to hold no secret."""
    try:
        yield
    except Exception as error:
        ours = isinstance(error, InputError)
        words = str(error) if ours else f"{type(error).__name__}; the log has its traceback"
        told = {"model": config.name, "code": 2 if ours else 1, "outcome": f"failed: {words}"}
        notify(config.hooks, EVENT, told)
        raise
