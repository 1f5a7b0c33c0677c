"""Stage `compose`: conf/ and params.yaml become artifacts/config.yaml, complete and checked.

Print without writing:    python -m pipeline.compose --print model=gru train.epochs=3
To change an experiment:  edit params.yaml or conf/, then `dvc repro`;
                          or `dvc exp run -S choose.model=gru -S +train.epochs=3`
"""

import logging
from argparse import ArgumentParser, Namespace

import yaml

from conveyor import files
from conveyor.compose import compose
from conveyor.config.uncommitted import uncommitted_settings
from conveyor.errors import InputError
from conveyor.paths import Paths
from pipeline import run_script

log = logging.getLogger(__name__)


def add_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--print", action="store_true", help="print the configuration, and write no file")
    add("override", nargs="*", help="GROUP=FILE or KEY=VALUE, which wins over params.yaml; only "
        "together with --print")  # fmt: skip


def main(args: Namespace) -> None:
    if args.override and not args.print:
        raise InputError(
            f"override: expected --print with it; got {' '.join(args.override)} alone. "
            "To run other values, edit params.yaml"
        )
    config = compose(Paths(), args.override)
    text = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=True)
    if args.print:
        print(text, end="")
        return
    files.write_text(Paths().config, text)
    changes = uncommitted_settings(Paths().params)
    if changes:
        log.info("params.yaml is not as committed: %s", ", ".join(changes))


if __name__ == "__main__":
    run_script(main, __doc__, add_options)
