"""Finds a model by the name of a folder or of a registered model."""

import re
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from conveyor.cli.project import find_project
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.serving.card import CARD

if TYPE_CHECKING:  # loads MLflow, which a folder does not need
    from conveyor.registry.model_version import ModelVersion

EXPECTED = (
    "a model folder such as artifacts/model, or a registered model: NAME, NAME@ALIAS or "
    "NAME/VERSION, or MLflow's models:/NAME@ALIAS"
)
REGISTERED = re.compile(
    r"(?:models:/)?(?P<name>[^/@:\s]+)(?:@(?P<alias>[^/@\s]+)|/(?P<version>\d+))?"
)
DEFAULT_ALIAS = "champion"


@dataclass(frozen=True)
class ModelSource:
    """Where a model is.

    Attributes:
        folder: with the exported model.
        version: in the registry; None for a folder that was opened by its path.
        paths: of the project.
    """

    folder: Path
    version: "ModelVersion | None"
    paths: Paths


def find_model(source: str | PathLike[str], project: str | PathLike[str] | None) -> ModelSource:
    """Find a model; arguments and errors as those of `conveyor.open`."""
    if not isinstance(source, str | PathLike):
        raise InputError(f"source: expected {EXPECTED}; got {source!r}. Name one")
    root = Path.cwd() if project is None else Path(project)
    paths = Paths(find_project(root.absolute()) or root)
    for folder in (Path(source), paths.root / source):
        if folder.is_dir():
            return ModelSource(_check_folder(folder), None, paths)
    match = REGISTERED.fullmatch(str(source))
    if match is None:
        raise InputError(f"{source}: expected {EXPECTED}; got no such folder. Name another one")
    version = _find_version(match, paths)
    return ModelSource(version.fetch(paths), version, paths)


def _check_folder(folder: Path) -> Path:
    """Raises: InputError: the folder holds no model."""
    if not (folder / CARD).is_file():
        raise InputError(
            f"{folder}: expected a folder with {CARD}, the model's card; got none in it. Name "
            f"{EXPECTED}"
        )
    return folder


def _find_version(match: re.Match[str], paths: Paths) -> "ModelVersion":
    """Raises: InputError: there is no such version; of a bare name, it may have meant a folder."""
    from conveyor.registry.model_version import find_version

    name, version = match["name"], match["version"]
    try:
        return find_version(name, paths, alias=match["alias"] or DEFAULT_ALIAS, version=version)
    except InputError as error:
        if match["alias"] or version:
            raise
        raise InputError(f"{match[0]}: no such folder, and {error}") from None
