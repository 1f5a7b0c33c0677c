"""Draw the hidden states of rows in two dimensions, with the nearest neighbours of each row.

Takes a sample of the prepared test rows: by target and by error, with their tokens, or each step
where a step has a target. Writes a page that needs no network, reports/states.html. No TensorFlow;
the package of UMAP loads it by itself.
"""

import sys
import webbrowser
from argparse import ArgumentParser, Namespace

from conveyor import files
from conveyor.data.store import Prepared
from conveyor.inspection.points import read_points
from conveyor.inspection.projection import METHODS
from conveyor.inspection.states_page import render_states
from conveyor.inspection.worst_errors import check_data
from conveyor.paths import Paths
from conveyor.serving import LoadedModel
from pipeline import number, output_file, run_script, typed_path

MOST_POINTS = 5000  # more would make the page slow


def add_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    splits = ("test", "validation")
    add("--split", choices=splits, default="test", help="whose rows (default: test)")
    add(
        "--points",
        type=number(int, 2, MOST_POINTS),
        default=1000,
        metavar="N",
        help="at most so many rows, steps and tokens, drawn with a fixed seed (default: 1000)",
    )
    methods = "pca, or umap, which `make setup-umap` installs (default: pca)"
    add("--method", choices=list(METHODS), default="pca", help=methods)
    add(
        "--model",
        type=typed_path,
        default=Paths().model,
        metavar="FOLDER",
        help=f"a model of the prepared data (default: {Paths().model})",
    )
    add(
        "--out",
        type=output_file,
        default=Paths().states_page,
        metavar="FILE",
        help=f"the page (default: {Paths().states_page})",
    )
    add("--open", action="store_true", help="open the page in a browser, on a terminal")


def draw_states(args: Namespace) -> None:
    model, prepared = LoadedModel.load(args.model), Prepared(Paths().prepared)
    check_data(model, prepared)
    points = read_points(args.model, model, prepared.split(args.split), args.points)
    digest = files.digest_tree(args.model)
    files.write_text(args.out, render_states(points, args.split, args.method, digest))
    print(args.out)
    if args.open and sys.stdout.isatty():
        webbrowser.open(args.out.absolute().as_uri())


if __name__ == "__main__":
    run_script(draw_states, __doc__, add_options)
