"""Compare two models: parameters that differ, test metrics with the paired test, rows that turned.

Each of A and B is a version, an alias such as champion, or the id of a training run in MLflow. The
rows are those that the stage evaluate recorded. Nothing is trained or predicted anew.
"""

import json
from argparse import ArgumentParser, Namespace

from conveyor import files
from conveyor.comparison.compare import compare
from conveyor.comparison.render import render_page, render_text
from conveyor.config import NamedConfig, load
from conveyor.paths import Paths
from conveyor.registry.model_version import RegisteredModel
from conveyor.registry.side import read_side
from conveyor.tracking.store import open_existing
from pipeline import output_file, run_script


def compare_two(args: Namespace) -> None:
    registered = RegisteredModel(open_existing(Paths()), load(NamedConfig).name)
    comparison = compare(read_side(args.first, registered), read_side(args.second, registered))
    if args.html is not None:
        files.write_text(args.html, render_page(comparison))
    as_json = json.dumps(comparison.as_json(), indent=2, ensure_ascii=False)
    print(as_json if args.json else render_text(comparison))


def add_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("first", metavar="A", help="the model to compare with")
    add("second", metavar="B", help="the model that is better or worse than A")
    add("--json", action="store_true", help="print JSON instead of tables")
    add("--html", type=output_file, metavar="PAGE", help="write a page too")


if __name__ == "__main__":
    run_script(compare_two, __doc__, add_options)
