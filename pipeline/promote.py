"""Change the champion by hand, list its changes, and explain or rebuild a version.

  promote VERSION                  make it champion; it must have passed the gates
  promote VERSION --force --reason TEXT
                                   make it champion although a gate refused it; record the reason
  promote rollback [--to VERSION] [--reason TEXT]
                                   return to the previous champion, or to an earlier one
  promote history                  list the changes of champion: when, who, why
  promote why VERSION              show the origin of a version, and how to rebuild it
  promote rebuild VERSION          rebuild it from git and DVC, and compare the bytes

exit codes: 0 done, or nothing to do; 1 the rebuilt model differs; 2 refused
"""

from argparse import ArgumentParser, Namespace

from conveyor.config import PromoteConfig, load
from conveyor.errors import ExitCode, InputError
from conveyor.paths import Paths
from conveyor.registry.promotions import notify_hooks, promote, rollback
from conveyor.registry.rebuild import rebuild
from conveyor.registry.registry import Registry
from conveyor.registry.why import why
from pipeline import run_script

NO_CHANGE = "nothing changed: this version is the champion already"
# The arguments of each action; any other action is the version to promote.
ARGUMENTS = {
    "history": [],
    "why": ["VERSION"],
    "rebuild": ["VERSION"],
    "rollback": ["--to", "--reason"],
}


def add_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("action", help="a version to promote, or one of rollback, history, why and rebuild")
    add("version", nargs="?", metavar="VERSION", help="the version that why and rebuild are about")
    add("--to", metavar="VERSION", help="roll back to this version (default: the previous one)")
    add("--force", action="store_true", help="promote a version that a gate refused")
    add("--reason", metavar="TEXT", help="the reason that the history records; --force needs one")


def check_arguments(args: Namespace) -> None:
    """Refuse arguments that the action does not take, and a missing version."""
    expected = ARGUMENTS.get(args.action, ["--force", "--reason"])
    names = ("VERSION", "--to", "--force", "--reason")
    got = [name for name in names if getattr(args, name.strip("-").lower())]
    if not set(got) <= set(expected) or (expected == ["VERSION"] and not got):
        raise InputError(
            f"{args.action}: expected {' or '.join(expected) or 'no argument'}; got "
            f"{', '.join(got) or 'none'}. See python -m pipeline.promote --help"
        )


def run_action(args: Namespace, config: PromoteConfig, paths: Paths) -> ExitCode | None:
    check_arguments(args)
    registry, action = Registry(config.name, paths), args.action
    if action == "rebuild":
        return None if rebuild(registry, args.version) else ExitCode.FAILED
    if action == "history":
        print("\n".join(map(str, registry.history.changes())) or "the champion never changed")
    elif action == "why":
        print(why(registry, args.version))
    else:
        with registry.lock:
            if action == "rollback":
                change = rollback(registry, args.to, reason=args.reason)
            else:
                change = promote(registry, action, force=args.force, reason=args.reason)
        announced = {c.number: c for c in notify_hooks(registry, config.hooks)}
        print(announced.get(change.number, change) if change else NO_CHANGE)
    return None


if __name__ == "__main__":
    run_script(lambda args: run_action(args, load(PromoteConfig), Paths()), __doc__, add_options)
