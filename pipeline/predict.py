"""Predict every row of a file, in any format that `prepare` reads: CSV, JSON Lines or Parquet out.

The predictions have the order of the rows and begin with the row's number. Nothing is written
unless every row can be read; with --skip-bad, rows that cannot be read get nulls and are counted.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from conveyor.batch.predict import predict_file
from conveyor.config import NamedConfig, load
from conveyor.paths import Paths
from conveyor.serving import LoadedModel
from pipeline import output_file, refuse_options, run_script, typed_path


def add_options(parser: ArgumentParser) -> None:
    add, folder = parser.add_argument, Paths().model
    add("source", type=typed_path, metavar="IN", help="the file of raw rows")
    add("target", type=output_file, metavar="OUT",
        help="the file of predictions, which is replaced")  # fmt: skip
    either = parser.add_mutually_exclusive_group().add_argument
    model = f"the folder of the model (default: {folder})"
    either("--model", type=typed_path, default=folder, metavar="FOLDER", help=model)
    either("--version", help="use this version of the registered model")
    either("--alias", help="use the version that has this alias, such as champion")
    name = "name of the registered model, for --version and --alias (default: the project's)"
    add("--name", help=name)
    add("--column", help="the column of raw rows (default: those of the data set)")
    add("--skip-bad", action="store_true", help="write nulls for rows that cannot be read")


def model_folder(args: Namespace, paths: Paths) -> Path:
    if args.version is None and args.alias is None:
        refuse_options(["--name"], "--version or --alias with it")
        return args.model
    # Imports MLflow, which must not be needed to predict with a folder.
    from conveyor.registry.model_version import find_version

    name = args.name or load(NamedConfig).name
    return find_version(name, paths, alias=args.alias, version=args.version).fetch(paths)


def main(args: Namespace) -> None:
    model = LoadedModel.load(model_folder(args, Paths()))
    counts = predict_file(
        model, args.source, args.target, column=args.column, skip_bad=args.skip_bad
    )
    bad = f"; {counts.bad} rows could not be read, and have nulls" if args.skip_bad else ""
    for note in counts.notes:
        print(f"{args.source}: {note}")
    print(f"{args.target}: {counts.rows} rows written{bad}")


if __name__ == "__main__":
    run_script(main, __doc__, add_options)
