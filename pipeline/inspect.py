"""Show what happens inside the network while it reads a row: gates and states of each layer.

Without a row it takes the model's own example. Writes a page of heat maps, reports/inspect.html,
which needs no network; --json prints the numbers. No TensorFlow.
"""

import json
from argparse import ArgumentParser, Namespace

from conveyor import files
from conveyor.inspection.page import render_page
from conveyor.inspection.trace import trace_row
from conveyor.paths import Paths
from conveyor.serving import LoadedModel
from pipeline import run_script
from pipeline._row_options import add_row_options, check_row_options, read_row, show_page


def add_options(parser: ArgumentParser) -> None:
    add_row_options(parser, Paths().inspection)


def inspect(args: Namespace) -> None:
    check_row_options(args)
    model = LoadedModel.load(args.model)
    trace = trace_row(args.model, model, read_row(args, model))
    if args.json:
        print(json.dumps(trace.as_json()))
        return
    files.write_text(args.out, render_page(trace, files.digest_tree(args.model)))
    show_page(args)


if __name__ == "__main__":
    run_script(inspect, __doc__, add_options)
