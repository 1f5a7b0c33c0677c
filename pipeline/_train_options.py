"""The command line of `train`, apart from the script, which loads TensorFlow."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from conveyor.config import TrainConfig
from conveyor.environment import check_environment
from conveyor.paths import Paths
from pipeline import run_script


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--find-learning-rate",
        action="store_true",
        help="train for some hundred updates at a growing learning rate, draw the loss, and "
        "suggest a rate; nothing of the belt is written or changed",
    )


def run_train(
    read_config: Callable[[], TrainConfig],
    train: Callable[[TrainConfig, Paths], None],
    find_learning_rate: Callable[[TrainConfig, Paths], str],
    doc: str | None,
) -> None:
    """Run the stage, or print what the other function suggests, with the configuration."""

    def main(args: Namespace) -> None:
        check_environment()
        config, paths = read_config(), Paths()
        if args.find_learning_rate:
            print(find_learning_rate(config, paths))
        else:
            train(config, paths)

    run_script(main, doc, add_options)
