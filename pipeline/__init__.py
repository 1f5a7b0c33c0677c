"""The stages of the belt and the commands beside it: one thin script each, run by `run_script`."""

import logging
import signal
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable
from typing import TypeVar

from conveyor.config import load
from conveyor.config.section import Section
from conveyor.errors import InputError, record_refusal
from conveyor.paths import Paths

BAD_INPUT = 2
C = TypeVar("C", bound=Section)


def script_parser(script: str, description: str | None) -> ArgumentParser:
    """Create the parser of `python -m pipeline.SCRIPT`, which has --help and no abbreviations."""
    return ArgumentParser(
        f"python -m pipeline.{script}",
        description=description,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def run_stage(stage: Callable[[C, Paths], None], config_class: type[C], doc: str | None) -> None:
    """Run a stage that has no options, with its part of artifacts/config.yaml.

    Args:
        stage: has the name of its script.
        doc: docstring of the script, which --help prints.
    """
    parser = script_parser(stage.__name__, doc)
    run_script(lambda args: stage(load(config_class), Paths()), parser)


def run_script(main: Callable[[Namespace], int | None], parser: ArgumentParser) -> None:
    """Parse the command line, run `main` with the arguments, and exit with the code it returns.

    Arguments that the parser does not know exit with 2 before anything runs. An InputError prints
    its message alone and exits with 2. Any other error keeps its traceback and exits with 1.
    """
    args = parser.parse_args()
    script = parser.prog.rpartition(".")[2]
    logging.basicConfig(level=logging.WARNING, format=f"{script}: %(message)s", stream=sys.stderr)
    for logger in ("conveyor", "pipeline", "__main__"):
        logging.getLogger(logger).setLevel(logging.INFO)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        sys.exit(main(args))
    except InputError as error:
        print(f"{script}: {error}", file=sys.stderr)
        record_refusal(script)
        sys.exit(BAD_INPUT)
