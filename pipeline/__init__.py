"""The stages of the belt and the commands beside it: one thin script each."""

import argparse
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from conveyor.errors import InputError, record_refusal

BAD_INPUT = 2


def option_parser(
    name: str, description: str | None, epilog: str | None = None
) -> argparse.ArgumentParser:
    """Return the parser of a script's options; its help shows the description as it stands."""
    return argparse.ArgumentParser(
        f"python -m pipeline.{name}",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Run a script's body: set up logging, turn bad input into one clear message and exit code 2.

    Any other error keeps its traceback and exits with 1.
    """
    logging.basicConfig(level=logging.WARNING, format=f"{name}: %(message)s", stream=sys.stderr)
    for logger in ("conveyor", "pipeline", "__main__"):
        logging.getLogger(logger).setLevel(logging.INFO)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        yield
    except InputError as error:
        print(f"{name}: {error}", file=sys.stderr)
        record_refusal(name)
        sys.exit(BAD_INPUT)
