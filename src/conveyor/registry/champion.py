"""Whether the champion can serve, and the last one that can if it cannot."""

import logging

from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.registry.history import RESTORED
from conveyor.registry.model_version import ModelVersion, VersionError
from conveyor.registry.registry import VERDICT_APPLIED, Registry
from conveyor.serving import LoadedModel
from conveyor.stored import FormatError

log = logging.getLogger(__name__)


def load_champion(champion: ModelVersion, paths: Paths) -> LoadedModel:
    """Load the champion from the registry.

    Raises:
        InputError: its files are missing or damaged, or another version of the program wrote them.
    """
    folder = champion.fetch(paths)
    try:
        return LoadedModel.load(folder)
    except FormatError as error:
        raise InputError(
            f"version {champion.version}, the champion: {error.problem}. Restore its files, "
            "or make another version champion: python -m pipeline.promote VERSION"
        ) from None


def find_fault(champion: ModelVersion | None, name: str, paths: Paths) -> str | None:
    """Why a version cannot serve, in one line; None if it can.

    Args:
        champion: the version, or None where the model `name` has no champion.
    """
    if champion is None:
        return f"{name} had no champion"
    try:
        load_champion(champion, paths)
    except VersionError as error:
        return error.problem
    except InputError as error:
        return str(error)
    return None


def restore_champion(registry: Registry) -> ModelVersion | None:
    """The champion; where it cannot serve, the last one that can is made champion again.

    A version that a rollback has left behind stays so. Call it with the registry's lock.

    Returns:
        None where no version can serve: before the first champion, or if all files are lost.
    """
    champion = registry.champion()
    fault = find_fault(champion, registry.name, registry.paths)
    if fault is None:
        return champion
    for version in _former_champions(registry):
        if find_fault(version, registry.name, registry.paths) is None:
            log.warning("version %s is champion again: %s", version.version, fault)
            registry.set_champion(version.version, RESTORED, fault)
            return version
    return None


def _former_champions(registry: Registry) -> list[ModelVersion]:
    """What may be champion again, the last one first."""
    history = registry.history
    if history.changes():
        return [registry.version(version) for version in reversed(history.rollback_targets())]
    # The aliases were moved outside this project.
    applied = [v for v in registry.versions() if v.passed and VERDICT_APPLIED in v.tags]
    return applied[::-1]
