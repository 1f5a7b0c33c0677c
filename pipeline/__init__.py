"""The stages of the belt, and the other commands: one thin script each, run by `run_script`."""

import logging
import os
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path

from conveyor.cli.package import require_same_package
from conveyor.cli.project import TYPED_IN
from conveyor.errors import ExitCode, InputError, record_refusal
from conveyor.paths import Paths
from conveyor.recovery.recover import recover
from conveyor.resource_errors import describe_resource_error
from conveyor.secrets import without_secret
from conveyor.stage_log import record_stage
from conveyor.temporary import process_folder

log = logging.getLogger(__name__)
# Where `conveyor NAME` was typed; empty for `python -m pipeline.NAME`. Not for the processes that
# the script starts.
FOLDER = os.environ.pop(TYPED_IN, "")


def run_script(
    main: Callable[[Namespace], int | None],
    doc: str | None,
    add_options: Callable[[ArgumentParser], None] = lambda parser: None,
) -> None:
    """Parse the command line, run `main` with the arguments, and exit with the code it returns.

    What a killed process has left is put right before. A project of another version of Conveyor is
    refused.

    Arguments that the parser does not know exit with 2 before anything runs. An InputError prints
    its message alone and exits with its own code; an error of the disk or of a server prints one
    line and exits with 1. Any other error keeps its traceback and exits with 1.

    Args:
        doc: docstring of the script, which --help prints.
        add_options: adds the script's options to the parser; there are no abbreviations of them.
    """
    script = Path(sys.argv[0]).stem
    parser = make_parser(script, doc)
    add_options(parser)
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format=f"{script}: %(message)s", stream=sys.stderr)
    for logger in ("conveyor", "pipeline", "__main__"):
        logging.getLogger(logger).setLevel(logging.INFO)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        with process_folder():
            require_same_package(Paths().root)
            for line in recover(Paths()):
                log.warning("%s", line)
            with record_stage(Paths(), script):
                code = main(args)
        sys.exit(code)
    except InputError as error:
        print(f"{script}: {error}", file=sys.stderr)
        if error.exit_code is ExitCode.INPUT_REFUSED:
            record_refusal()
        sys.exit(error.exit_code)
    except Exception as error:
        message = describe_resource_error(error)
        if message is None:
            raise
        print(f"{script}: {without_secret(message)}", file=sys.stderr)
        sys.exit(ExitCode.FAILED)


def make_parser(script: str, doc: str | None) -> ArgumentParser:
    """Return the parser of a script, without options of its own."""
    return ArgumentParser(
        f"conveyor {script}" if FOLDER else f"python -m pipeline.{script}",
        description=doc,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def refuse_options(options: Sequence[str], expected: str) -> None:
    """Refuse options of the command line that would have no effect.

    Args:
        options: as they are typed, such as "--poll".
        expected: what each of them needs, such as "--reload with it".

    Raises:
        InputError: one of them is typed.
    """
    arguments = sys.argv[1:]
    typed = [argument.partition("=")[0] for argument in arguments]
    for option in options:
        if option in typed:
            raise InputError(
                f"{option}: expected {expected}; got {' '.join(arguments)}. See --help"
            )


def typed_path(text: str) -> Path:
    """The type of an option that names a file or folder, for argparse: a path from the folder in
    which the command was typed, as the script finds it from the project's."""
    if not FOLDER or Path(text).is_absolute():
        return Path(text)
    return Path(os.path.relpath(Path(FOLDER, text)))


def output_file(text: str) -> Path:
    """The type of an option that names a file to write, as `typed_path`: what cannot be written is
    refused before anything is computed."""
    path = typed_path(text)
    folder = next(parent for parent in path.absolute().parents if os.path.lexists(parent))
    if os.path.isdir(path):  # which, unlike `Path.is_dir`, raises nothing where none may look
        got = "a folder. Name a file in it"
    elif not os.path.isdir(folder):
        got = f"one in {folder}, which is no folder. Name another one"
    elif not os.access(folder, os.W_OK | os.X_OK):
        got = f"one in {folder}, which is not writable. Name another one, or change its permissions"
    else:
        return path
    raise ArgumentTypeError(f"{text}: expected a file that can be written; got {got}")


def number(kind: type[int] | type[float], low: float, high: float = inf) -> Callable[[str], float]:
    """Return the type of an option, for argparse: a number from `low` to `high`."""
    noun = "a whole number" if kind is int else "a number"
    limits = f"of at least {low:g}" if high == inf else f"from {low:g} to {high:g}"

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            raise ArgumentTypeError(f"expected {noun} {limits}; got {text!r}")
        return value

    return parse
