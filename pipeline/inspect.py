"""Show what happens inside the network while it reads a row: gates and states of each layer.

Without a row it takes the model's own example. Writes a page of heat maps, reports/inspect.html,
which needs no network; --json prints the numbers. No TensorFlow.
"""

import json
import sys
import webbrowser
from argparse import ArgumentParser, Namespace
from pathlib import Path

from conveyor import files
from conveyor.inspection.chosen_row import choose_row
from conveyor.inspection.page import render_page
from conveyor.inspection.trace import trace_row
from conveyor.paths import Paths
from conveyor.serving import LoadedModel
from pipeline import number, refuse_options, run_script, typed_path


def add_options(parser: ArgumentParser) -> None:
    either = parser.add_mutually_exclusive_group().add_argument
    either("--text", help="a text, for a model of texts")
    file = "a file of raw rows, in any format that `prepare` reads"
    either("--file", type=typed_path, metavar="FILE", help=file)
    add = parser.add_argument
    add("--row", type=number(int, 1), default=1, metavar="N", help="of the file (default: 1)")
    add("--model", type=typed_path, default=Paths().model, metavar="FOLDER",
        help=f"the folder of the model (default: {Paths().model})")  # fmt: skip
    add("--out", type=typed_path, default=Paths().inspection, metavar="FILE",
        help=f"the page (default: {Paths().inspection})")  # fmt: skip
    add("--json", action="store_true", help="print the values as JSON, and write no page")
    add("--open", action="store_true", help="open the page in a browser, on a terminal")


def inspect(args: Namespace) -> None:
    if args.file is None:
        refuse_options(["--row"], "--file with it")
    if args.json:
        refuse_options(["--out", "--open"], "no --json with it")
    model = LoadedModel.load(args.model)
    trace = trace_row(args.model, model, choose_row(model, args.text, args.file, args.row))
    if args.json:
        print(json.dumps(trace.as_json()))
        return
    files.write_text(args.out, render_page(trace, files.digest_tree(args.model)))
    print(args.out)
    if args.open and sys.stdout.isatty():
        webbrowser.open(Path(args.out).absolute().as_uri())


if __name__ == "__main__":
    run_script(inspect, __doc__, add_options)
