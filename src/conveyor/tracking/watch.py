"""Which version of a registered model an alias points at, asked once or again and again.

    python -m conveyor.tracking.watch [--name NAME] --alias ALIAS [--every SECONDS]

One JSON line for each version found: `version` and `folder`, its exported model on this machine.
It is a process of its own because MLflow, where it has to be asked, takes seconds to import,
brings pandas, and would share the interpreter's lock with the answers that a server gives.
"""

import argparse
import json
import select
import sys
from dataclasses import asdict

from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.tracking import local
from conveyor.tracking.local import Deployed
from conveyor.tracking.location import model_name


def deployed(name: str, paths: Paths, *, alias: str, version: str | None = None) -> Deployed:
    """The version behind an alias, or the one that is named, its files fetched.

    Raises:
        InputError: the store has no such model, alias or version; the message says what it has.
    """
    found = local.find(name, paths, alias=alias, version=version)
    return found or by_mlflow(name, paths, alias=alias, version=version)


def by_mlflow(
    name: str,
    paths: Paths,
    *,
    alias: str,
    version: str | None = None,
    known: Deployed | None = None,
) -> Deployed:
    """As `deployed`, from any store; a version that is `known` is not fetched again."""
    from conveyor.registry.model_version import get_by_alias, get_version
    from conveyor.tracking.store import look

    client = look(paths)
    found = (
        get_by_alias(client, name, alias) if version is None else get_version(client, name, version)
    )
    if known is not None and known.version == found.version:
        return known
    return Deployed(found.version, found.fetch(paths))


def follow(name: str, paths: Paths, alias: str, every: float) -> None:
    """Print each version that the alias comes to point at, until standard input ends.

    A poll that fails is told as `error`, once, and tried again.
    """
    told: str | None = None
    known: Deployed | None = None
    while True:
        try:
            known = local.find(name, paths, alias=alias) or by_mlflow(
                name, paths, alias=alias, version=None, known=known
            )
            line = json.dumps(asdict(known), default=str)
        except Exception as error:  # whatever it is, the version that serves goes on serving
            known, line = None, json.dumps({"error": f"{error}"})
        if line != told:
            print(line, flush=True)
        told = line
        if select.select([sys.stdin], [], [], every)[0]:
            return  # whoever asked has gone


def main(given: argparse.Namespace) -> None:
    paths = Paths()
    try:
        name = given.name or model_name(paths)
        if given.every is not None:
            follow(name, paths, given.alias, given.every)
            return
        told = asdict(deployed(name, paths, alias=given.alias))
    except InputError as wrong:
        told = {"error": str(wrong)}
    print(json.dumps(told, default=str))


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m conveyor.tracking.watch", description=__doc__)
    parser.add_argument("--name", help="(default: `name` of artifacts/config.yaml)")
    parser.add_argument("--alias", required=True)
    parser.add_argument("--every", type=float, metavar="SECONDS")
    main(parser.parse_args())
