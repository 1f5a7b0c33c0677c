"""The registry by hand: promote a version, roll back, look into the past, prove an origin.

  promote VERSION                  make it champion; it must have passed the gates
  promote VERSION --force --reason TEXT
                                   make it champion although a gate refused it; the reason is kept
  promote rollback [--to VERSION] [--reason TEXT]
                                   back to the champion before, or to an earlier one
  promote history                  every change of champion: when, who, why
  promote why VERSION              where it comes from, and how to make it again
  promote rebuild VERSION          make it again from git and DVC, and compare every byte

exit codes: 0 done, or so already; 1 the rebuilt model differs; 2 it cannot be done as asked
"""

import argparse
import sys

from conveyor.config import PromoteConfig, load
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.registry.promotions import notify_hooks, promote, rollback
from conveyor.registry.rebuild import rebuild
from conveyor.registry.registry import Registry
from conveyor.registry.why import why
from pipeline import option_parser, stage


def run(asked: argparse.Namespace, config: PromoteConfig, paths: Paths) -> int:
    registry, what, version = Registry(config.name, paths), asked.what, asked.version
    if what in ("why", "rebuild") and version is None:
        raise InputError(f"{what} needs a version: python -m pipeline.promote {what} VERSION")
    if what == "history":
        print("\n".join(map(str, registry.history())) or "the champion never changed")
    elif what == "why":
        print(why(registry, version))
    elif what == "rebuild":
        return rebuild(registry, version)
    else:
        with registry.lock:
            if what == "rollback":
                change = rollback(registry, asked.to, reason=asked.reason)
            else:
                change = promote(registry, what, force=asked.force, reason=asked.reason)
        announced = {c.number: c for c in notify_hooks(registry, config.hooks)}
        print(announced.get(change.number, change) if change else "it is the champion already")
    return 0


if __name__ == "__main__":
    parser = option_parser("promote", __doc__)
    parser.add_argument("what", help="a version, rollback, history, why or rebuild")
    parser.add_argument("version", nargs="?", help="for why and rebuild")
    parser.add_argument("--to", metavar="VERSION")
    parser.add_argument("--force", action="store_true")
    parser.add_argument("--reason", metavar="TEXT")
    with stage("promote"):
        sys.exit(run(parser.parse_args(), load(PromoteConfig), Paths()))
