"""Show how the newest data, or the requests, differ from what the champion learnt from.

The data are read as they are now; nothing is trained, and no file of the project changes. With
--requests, the records of `serve --log-share` are compared. The limits are those of retrain.drift:
a feature drifts if its change is both significant and large.

exit codes: 0 compared, or too few rows to compare; 2 refused
"""

import json
from argparse import ArgumentParser, Namespace

from conveyor.config import RetrainConfig, load
from conveyor.paths import Paths
from conveyor.retraining.comparison import compare_data, compare_requests
from pipeline import run_script, typed_path


def add_options(parser: ArgumentParser) -> None:
    add, folder = parser.add_argument, Paths().scratch / "requests"
    records = f"compare the records of a server in this folder (without a name: {folder})"
    add("--requests", type=typed_path, nargs="?", const=folder, metavar="FOLDER", help=records)
    add("--json", action="store_true", help="print the comparison as JSON")


def main(args: Namespace) -> None:
    config, paths = load(RetrainConfig), Paths()
    if args.requests is None:
        comparison = compare_data(config, paths)
    else:
        comparison = compare_requests(config, paths, args.requests)
    text = json.dumps(comparison.as_json(), indent=2) if args.json else comparison.as_text()
    print(text)


if __name__ == "__main__":
    run_script(main, __doc__, add_options)
