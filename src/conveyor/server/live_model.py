"""The model that serves requests, and the slot in which a newer one replaces it."""

import logging
from dataclasses import dataclass
from pathlib import Path

from conveyor import files
from conveyor.errors import InputError
from conveyor.serving import LoadedModel

log = logging.getLogger(__name__)
DIGITS = 12  # of a folder's digest, which is the version of a model that is in no registry


@dataclass(frozen=True)
class LiveModel:
    """A version that serves. A request reads it once, so its response and version agree."""

    name: str
    version: str
    model: LoadedModel


@dataclass
class ModelSlot:
    """Holds the model that serves now; `current` is None until the first one is loaded."""

    name: str
    current: LiveModel | None = None

    def replace(self, new: LiveModel) -> None:
        """Let another model serve all requests that begin from now on."""
        old, self.current = self.current, new
        replaced = f" in place of version {old.version}" if old else ""
        log.info("version %s of %s serves%s", new.version, new.name, replaced)


def load_version(name: str, version: str, folder: Path) -> LiveModel:
    """Load an exported folder and predict once, since a graph may load and still fail to run.

    Raises:
        InputError: the folder cannot be loaded.
    """
    try:
        model = LoadedModel.load(folder)
        model.predict([model.encoder.shortest_row])
    except Exception as error:
        raise InputError(f"version {version} of {name} cannot be loaded: {error}") from error
    return LiveModel(name, version, model)


def load_folder(folder: Path, name: str | None) -> LiveModel:
    """Load an exported folder that is in no registry; its version is a part of its digest.

    Args:
        name: of the model; None for the one in card.json.

    Raises:
        InputError: the folder cannot be loaded.
    """
    live = load_version(name or folder.name, files.digest_tree(folder)[:DIGITS], folder)
    return LiveModel(name or live.model.card.name or folder.name, live.version, live.model)
