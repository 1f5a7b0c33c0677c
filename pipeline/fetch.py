"""Read the queries of the data set from their database into the files under data/raw.

`dataset.source.sql` holds the URL and the queries. Rows are sorted by their columns, so a file
changes only if the rows do. No stage opens a connection: `dvc repro` reads the files.
"""

from argparse import Namespace

from conveyor.config import PrepareConfig, load
from conveyor.fetch.fetch import fetch
from conveyor.paths import Paths
from pipeline import run_script


def main(args: Namespace) -> None:
    dataset, paths = load(PrepareConfig).dataset, Paths()
    for result in fetch(dataset.source, dataset.engine, paths.root, paths.scratch):
        print(result)


if __name__ == "__main__":
    run_script(main, __doc__)
