"""The options that name a row of a model, its page and its form."""

import sys
import webbrowser
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from conveyor.errors import InputError
from conveyor.inspection.chosen_row import choose_row
from conveyor.paths import Paths
from conveyor.serving import LoadedModel
from pipeline import number, output_file, refuse_options, typed_path


def add_row_options(parser: ArgumentParser, page: Path) -> None:
    """Add the options.

    Args:
        page: the default of --out.
    """
    either = parser.add_mutually_exclusive_group().add_argument
    either("--text", help="a text, for a model of texts")
    file = "a file of raw rows, in any format that `prepare` reads"
    either("--file", type=typed_path, metavar="FILE", help=file)
    add = parser.add_argument
    add("--row", type=number(int, 1), default=1, metavar="N", help="of the file (default: 1)")
    add("--model", type=typed_path, default=Paths().model, metavar="FOLDER",
        help=f"the folder of the model (default: {Paths().model})")  # fmt: skip
    add("--out", type=output_file, default=page, metavar="FILE",
        help=f"the page (default: {page})")  # fmt: skip
    add("--json", action="store_true", help="print the values as JSON, and write no page")
    add("--open", action="store_true", help="open the page in a browser, on a terminal")


def check_row_options(args: Namespace) -> None:
    """Refuse options that have no effect beside the others.

    Raises:
        InputError: such an option is typed, or the page would replace the file of the rows.
    """
    if args.file is None:
        refuse_options(["--row"], "--file with it")
    elif args.file.resolve() == args.out.resolve():
        raise InputError(f"--out: expected another file than the rows; got {args.out}. Name a page")
    if args.json:
        refuse_options(["--out", "--open"], "no --json with it")


def read_row(args: Namespace, model: LoadedModel) -> Any:
    """Return the row that the options name, or else the model's example."""
    return choose_row(model, args.text, args.file, args.row)


def show_page(args: Namespace) -> None:
    """Print where the page is, and open it where the options say so."""
    print(args.out)
    if args.open and sys.stdout.isatty():
        webbrowser.open(Path(args.out).absolute().as_uri())
