"""Write the page of the last run, reports/index.html, and print its path. No TensorFlow.

The page shows what was asked, what ran, and what came of it; it needs no network. `make` and
`pipeline.retrain` write it after the belt, whatever its outcome.
"""

import sys
import webbrowser
from argparse import ArgumentParser, Namespace

from conveyor.paths import Paths
from conveyor.report.belt import BeltRun
from conveyor.report.lock_changes import explain_lock_changes
from conveyor.report.page import write
from pipeline import number, run_script


def add_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    since = (
        "when the belt began that has just ended, in seconds since 1970; unless it failed, DVC and "
        "MLflow are not asked anew (default: the last belt that is recorded)"
    )
    add("--since", type=number(float, 0), metavar="SECONDS", help=since)
    add("--failed", action="store_true", help="the belt failed")
    add("--open", action="store_true", help="open it in a browser, on a terminal")


def report(args: Namespace) -> None:
    settled = args.since is not None and not args.failed
    path = write(Paths(), BeltRun(args.since, args.failed, settled))
    print(path)
    if line := explain_lock_changes(Paths()):
        print(line)
    if args.open and sys.stdout.isatty():
        webbrowser.open(path.absolute().as_uri())


if __name__ == "__main__":
    run_script(report, __doc__, add_options)
