"""Print the schedule of the retraining, ready for a scheduler.

The schedule is conf/schedule/; a choice or a value can be given here too:

  python -m pipeline.schedule cron                     # for crontab -e
  python -m pipeline.schedule systemd --into ~/.config/systemd/user
  python -m pipeline.schedule kubernetes schedule=weekly | kubectl apply -f -
  python -m pipeline.schedule github schedule.time_zone=Europe/Berlin

Retrain's exit codes 10 (nothing to do) and 11 (not promoted) are no failures to any of them.
"""

import argparse
import sys
from pathlib import Path

from conveyor import files
from conveyor.config.compose import compose
from conveyor.paths import Paths
from conveyor.retraining.schedules import SCHEDULERS, Installation
from pipeline import stage

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        "python -m pipeline.schedule", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("scheduler", choices=SCHEDULERS)
    parser.add_argument("override", nargs="*", help="GROUP=FILE or KEY=VALUE")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="write files, print none")
    given = parser.parse_args()
    with stage("schedule"):
        config = compose(Paths(), given.override)
        # Not resolved: the environment's python is a link, and it is the link that knows it.
        place = Installation(config.name, Path.cwd(), Path(sys.executable))
        texts = SCHEDULERS[given.scheduler](config.schedule, place)
        for name, text in texts.items():
            if given.into is not None:
                files.write_text(given.into / name, text)
                print(given.into / name)
            else:
                print(f"# --- {name} ---\n{text}" if len(texts) > 1 else text, end="")
