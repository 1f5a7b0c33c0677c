"""Print the files with which a scheduler runs the retraining, or write them into a folder.

The schedule is conf/schedule/; the command also takes a choice or a value:

  python -m pipeline.schedule cron                     # for crontab -e
  python -m pipeline.schedule systemd --into ~/.config/systemd/user
  python -m pipeline.schedule kubernetes schedule=weekly | kubectl apply -f -
  python -m pipeline.schedule github schedule.time_zone=Europe/Berlin

Retrain's exit codes 10 (nothing to do) and 11 (not promoted) count as a success in each of them.
"""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from conveyor import files
from conveyor.compose import compose
from conveyor.paths import Paths
from conveyor.retraining.schedules.render import SCHEDULERS, Installation, render_files
from pipeline import run_script, typed_path


def add_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("scheduler", choices=SCHEDULERS, help="the scheduler whose files are written")
    add("override", nargs="*", help="GROUP=FILE or KEY=VALUE, which wins over params.yaml")
    add("--into", type=typed_path, metavar="FOLDER",
        help="write the files into this folder (default: print them)")  # fmt: skip


def main(args: Namespace) -> None:
    config = compose(Paths(), args.override)
    # Not resolved: the link in the environment finds its packages, its target does not.
    installation = Installation(config.name, Path.cwd(), Path(sys.executable))
    texts = render_files(args.scheduler, config.schedule, installation)
    for name, text in texts.items():
        if args.into is not None:
            files.write_text(args.into / name, text)
            print(args.into / name)
        else:
            print(f"# --- {name} ---\n{text}" if len(texts) > 1 else text, end="")


if __name__ == "__main__":
    run_script(main, __doc__, add_options)
