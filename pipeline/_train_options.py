"""The options of `train`."""

from argparse import ArgumentParser


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--find-learning-rate",
        action="store_true",
        help="train for some hundred updates at a growing learning rate, draw the loss, and "
        "suggest a rate; nothing of the belt is written or changed",
    )
