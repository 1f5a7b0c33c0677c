"""What the configured model is and costs: layers, cuDNN, parameters, FLOPs, memory.

With --suggest it reads files instead, and writes a first conf/dataset/NAME.yaml and
conf/experiment/NAME.yaml for them, each line with its reason. Files outside data/raw are copied
into data/raw/NAME/.
"""

from argparse import ArgumentParser, Namespace

from conveyor.config import FitConfig, load
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.progress import show_clock
from conveyor.suggest.suggest import suggest
from conveyor.sweep.best import apply_best
from pipeline import refuse_options, run_script, typed_path

OPTIONS = ["--name", "--target", "--input", "--sheet", "--force"]
NEXT = """Look at both files. Then choose the experiment in params.yaml, with the line
  experiment: {name}
and train, evaluate and register a model, and serve it:
  dvc repro
  python -m pipeline.serve"""


def describe_model(config: FitConfig, paths: Paths, *, swept: bool) -> None:
    with show_clock("loading TensorFlow"):  # which a suggestion does not need
        from conveyor.training.describe import describe_network

    if swept:
        config = apply_best(config, paths.sweep)
    for line in describe_network(config, Prepared(paths.prepared)):
        print(line)


def write_suggestion(args: Namespace, paths: Paths) -> None:
    suggestion = suggest(
        paths, args.suggest, name=args.name, target=args.target, wanted_input=args.input,
        sheet=args.sheet,
    )  # fmt: skip
    suggestion.write(force=args.force)
    for path in [*suggestion.copies.values(), *suggestion.texts]:
        print(path)
    for note in suggestion.notes:
        print(f"- {note}")
    print(NEXT.format(name=suggestion.name))


def add_options(parser: ArgumentParser) -> None:
    either = parser.add_mutually_exclusive_group().add_argument
    swept = "describe the model with the best parameters of the sweep (default: as configured)"
    either("--swept", action="store_true", help=swept)
    files = "read these files, or folders of a file a row, and suggest a data set for them"
    either("--suggest", type=typed_path, nargs="+", metavar="FILE", help=files)
    add = parser.add_argument
    add("--name", help="name of the data set (default: from the files)")
    add("--target", metavar="COLUMN", help="the column to predict (default: chosen)")
    add("--input", metavar="COLUMN", help="the column to read, or one of them (default: chosen)")
    add("--sheet", help="of an Excel file (default: the only one with cells)")
    add("--force", action="store_true", help="replace files of the same name")


def main(args: Namespace) -> None:
    if args.suggest is None:
        refuse_options(OPTIONS, "--suggest with it")
        describe_model(load(FitConfig), Paths(), swept=args.swept)
    else:
        write_suggestion(args, Paths())


if __name__ == "__main__":
    run_script(main, __doc__, add_options)
