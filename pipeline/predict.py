"""Answer every row of a file: CSV, JSON Lines or Parquet in, any of the three out.

The answers have the order of the rows, whose number comes first. Nothing is written unless every
row has its answer; with --skip-bad those without are null, and counted.
"""

import argparse
from pathlib import Path

from conveyor.batch.predict import predict_file
from conveyor.paths import Paths
from conveyor.registry.model_version import find_served
from conveyor.serving import LoadedModel
from conveyor.tracking.location import model_name
from pipeline import stage


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m pipeline.predict", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("source", type=Path, metavar="IN")
    parser.add_argument("target", type=Path, metavar="OUT")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--model", type=Path, metavar="FOLDER", help="(default: artifacts/model)")
    which.add_argument("--version", help="a registered version")
    which.add_argument("--alias", help="a registered version by its alias, such as champion")
    name = "of the registered model (default: `name` of artifacts/config.yaml)"
    parser.add_argument("--name", help=name)
    parser.add_argument("--column", help="where the rows stand (default: text, or series)")
    parser.add_argument("--skip-bad", action="store_true", help="null answers for unreadable rows")
    return parser


def model_of(given: argparse.Namespace, paths: Paths) -> Path:
    if given.version is None and given.alias is None:
        return given.model or paths.model
    name = given.name or model_name(paths)
    return find_served(name, paths, alias=given.alias, version=given.version).fetch(paths)


def main(given: argparse.Namespace) -> None:
    predictor = LoadedModel.load(model_of(given, Paths()))
    counts = predict_file(predictor, given.source, given.target,
                          column=given.column, skip_bad=given.skip_bad)  # fmt: skip
    without = f", {counts.bad} of them without an answer" if given.skip_bad else ""
    print(f"{counts.rows} rows answered in {given.target}{without}")


if __name__ == "__main__":
    with stage("predict"):
        main(options().parse_args())
