"""Predict every row of a file: CSV, JSON Lines or Parquet in, any of the three out.

The predictions have the order of the rows and begin with the row's number. Nothing is written
unless every row can be read; with --skip-bad, rows that cannot be read get nulls and are counted.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from conveyor.batch.predict import predict_file
from conveyor.config import NamedConfig, load
from conveyor.paths import Paths
from conveyor.serving import LoadedModel
from pipeline import run_script, script_parser


def options() -> ArgumentParser:
    parser = script_parser("predict", __doc__)
    parser.add_argument("source", type=Path, metavar="IN")
    parser.add_argument("target", type=Path, metavar="OUT")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--model", type=Path, metavar="FOLDER", help="(default: artifacts/model)")
    group.add_argument("--version", help="a registered version")
    group.add_argument("--alias", help="a registered version by its alias, such as champion")
    name = "of the registered model (default: `name` of artifacts/config.yaml)"
    parser.add_argument("--name", help=name)
    parser.add_argument("--column", help="with the raw rows (default: text, or series)")
    parser.add_argument("--skip-bad", action="store_true", help="write nulls for unreadable rows")
    return parser


def model_folder(args: Namespace, paths: Paths) -> Path:
    if args.version is None and args.alias is None:
        return args.model or paths.model
    # Imports MLflow, which must not be needed to predict with a folder.
    from conveyor.registry.model_version import find_served

    name = args.name or load(NamedConfig, paths.config).name
    return find_served(name, paths, alias=args.alias, version=args.version).fetch(paths)


def main(args: Namespace) -> None:
    model = LoadedModel.load(model_folder(args, Paths()))
    counts = predict_file(
        model, args.source, args.target, column=args.column, skip_bad=args.skip_bad
    )
    bad = f", {counts.bad} of them without an answer" if args.skip_bad else ""
    print(f"{counts.rows} rows answered in {args.target}{bad}")


if __name__ == "__main__":
    run_script(main, options())
