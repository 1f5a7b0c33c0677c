"""The registered version that serves, and what it was trained with."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.exceptions import MlflowException

from conveyor import files
from conveyor.paths import Paths
from conveyor.tracking.location import home, uri
from conveyor.tracking.runs import MODEL_DIGEST
from conveyor.tracking.store import Tracking, connect

CHAMPION = "champion"
KEPT = 5  # versions of a store elsewhere, on this machine


@dataclass(frozen=True)
class Champion:
    """The version that serves; `model` is its exported folder on this machine."""

    version: str
    digest: str
    model: Path


def aliases(tracking: Tracking, name: str) -> dict[str, str]:
    """Version behind each alias of a registered model; empty before the first registration."""
    return versions(tracking.client, name)


def versions(client: MlflowClient, name: str) -> dict[str, str]:
    """As `aliases`, for whoever has no experiment."""
    try:
        found = client.get_registered_model(name).aliases
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise  # a store that cannot answer is not a registry without a champion
        return {}
    return {alias: str(version) for alias, version in found.items()}


def find_champion(tracking: Tracking, name: str, paths: Paths) -> Champion | None:
    """The version behind the alias, its files fetched; None where there is none."""
    version = aliases(tracking, name).get(CHAMPION)
    if version is None:
        return None
    tags = tracking.client.get_model_version(name, version).tags
    return Champion(version, tags.get(MODEL_DIGEST, ""), fetch(name, version, paths))


def fetch(name: str, version: str, paths: Paths) -> Path:
    """The model folder of a registered version, on this machine.

    Files that lie elsewhere are fetched once, into `.conveyor/versions`, where the last `KEPT`
    versions stay.
    """
    place = MlflowClient().get_model_version_download_uri(name, version)
    address = f"models:/{name}/{version}"
    if urlsplit(place).scheme in ("", "file"):
        return Path(download_artifacts(address)) / "artifacts" / paths.model.name
    kept = home(paths) / ".conveyor" / "versions" / files.digest_value([uri(paths), place])[:16]
    if not kept.is_dir():
        with files.replacing_folder(kept) as made:
            download_artifacts(address, dst_path=str(made))
        for old in sorted(kept.parent.iterdir(), key=lambda one: one.stat().st_mtime)[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)
    return kept / "artifacts" / paths.model.name


def champion_settings(name: str, paths: Paths) -> dict[str, Any] | None:
    """What the champion was trained with, by dotted key; None where there is no champion."""
    champion = find_champion(connect(name, paths), name, paths)
    if champion is None:
        return None
    ran = files.read_yaml(champion.model / "config.yaml")
    return {f"{part}.{k}": v for part in ("model", "train") for k, v in ran[part].items()}
