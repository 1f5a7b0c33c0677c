"""The model that serves requests, and the slot in which a newer one replaces it."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from starlette.exceptions import HTTPException

from conveyor import files
from conveyor.errors import InputError
from conveyor.serving import LoadedModel

log = logging.getLogger(__name__)
VERSION_HEADER = "x-model-version"  # of a response
DIGITS = 12  # of a folder's digest, which is the version of a model that is in no registry


@dataclass(frozen=True)
class LiveModel:
    """A version that serves. A request reads it once, so its response and version agree."""

    name: str
    version: str
    model: LoadedModel
    digest: str = ""  # SHA-256 of its folder, in hex
    folder: Path | None = None  # from which it was loaded


@dataclass
class ModelSlot:
    """Holds the model that serves now.

    Attributes:
        current: None until the first model is loaded.
        verb: of the model in the log.
        failures: how often the alias could not be read, or a version not be loaded.
    """

    name: str
    current: LiveModel | None = None
    failures: int = 0
    verb: str = "serves"

    def require(self) -> LiveModel:
        """Return the model.

        Raises:
            HTTPException: 503: it is still being loaded.
        """
        if self.current is None:
            raise HTTPException(503, "the model is still being loaded; retry in a few seconds")
        return self.current

    def replace(self, new: LiveModel) -> None:
        """Let another model serve all requests that begin from now on."""
        old, self.current = self.current, new
        replaced = f" in place of version {old.version}" if old else ""
        log.info("version %s of %s %s%s", new.version, new.name, self.verb, replaced)


def load_version(name: str, version: str, folder: Path) -> LiveModel:
    """Load an exported folder and predict once, since a graph may load and still fail to run.

    Raises:
        InputError: the folder cannot be loaded.
    """
    try:
        model = LoadedModel.load(folder)
        model.predict([model.example])
    except Exception as error:
        raise InputError(f"version {version} of {name} cannot be loaded: {error}") from error
    return LiveModel(name, version, model, files.digest_tree(folder), folder)


def load_folder(folder: Path, name: str | None) -> LiveModel:
    """Load an exported folder that is in no registry; its version is a part of its digest.

    Args:
        name: of the model; None for the one in card.json.

    Raises:
        InputError: the folder cannot be loaded.
    """
    live = load_version(name or folder.name, files.digest_tree(folder)[:DIGITS], folder)
    return replace(live, name=name or live.model.card.name or folder.name)
