"""Explain an answer: which tokens, or which channels of which steps, moved it.

Integrated gradients say what each part of the row adds, and occlusion checks them without a
gradient. Without a row it takes the model's own example; --worst takes the worst errors of the
evaluation. Writes reports/explain.html, which needs no network; --json prints the numbers.
"""

import json
from argparse import ArgumentParser, Namespace

from conveyor import files
from conveyor.data.store import Prepared
from conveyor.inspection.explanation_page import explanation_to_json, render_explanations
from conveyor.paths import Paths
from conveyor.progress import show_clock
from conveyor.serving import LoadedModel
from pipeline import number, refuse_options, run_script
from pipeline._row_options import add_row_options, check_row_options, read_row, show_page

with show_clock("loading TensorFlow"):
    from conveyor.inspection.explain import Explainer, explain_worst

ROW_OPTIONS = ("--text", "--file", "--row", "--output", "--step")


def add_options(parser: ArgumentParser) -> None:
    add_row_options(parser, Paths().explanation)
    add = parser.add_argument
    add("--output", metavar="NAME",
        help="explain this class, label, tag or column (default: that of the answer)")  # fmt: skip
    add("--step", type=number(int, 1), metavar="N",
        help="explain this step of a tagged row, or of a forecast")  # fmt: skip
    add("--worst", type=number(int, 1), metavar="N",
        help="explain so many of the worst errors on the test rows")  # fmt: skip


def explain(args: Namespace) -> None:
    if args.worst is not None:
        refuse_options(ROW_OPTIONS, "no --worst with it")
    check_row_options(args)
    model = LoadedModel.load(args.model)
    row = None if args.worst is not None else read_row(args, model)
    with show_clock("explaining"):
        explainer = Explainer(args.model, model)
        if args.worst is None:
            entries = [explainer.explain(row, output=args.output, step=args.step)]
        else:
            entries = explain_worst(explainer, Prepared(Paths().prepared), args.worst)
    if args.json:
        print(json.dumps([explanation_to_json(entry) for entry in entries]))
        return
    files.write_text(args.out, render_explanations(entries, files.digest_tree(args.model)))
    show_page(args)


if __name__ == "__main__":
    run_script(explain, __doc__, add_options)
