"""Registered versions: what the registry says of one, and its files on this machine."""

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from os.path import getmtime
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities import model_registry
from mlflow.exceptions import MlflowException

from conveyor import files
from conveyor.config.messages import MOVED
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.registry.version_tags import unpack_tags
from conveyor.secrets import without_secret
from conveyor.serving.digests import find_damage
from conveyor.tracking.addresses import find_folder, is_local
from conveyor.tracking.location import home, uri
from conveyor.tracking.records import NOT_FOUND
from conveyor.tracking.runs import DATA_DIGEST, MODEL_DIGEST
from conveyor.tracking.store import connect, open_existing

CHAMPION = "champion"
PASSED = "promoted"  # the verdict of a version that no gate refused
WAIVED = "waived"  # a tag: the gates that did not pass and yet refuse nothing, and why
CACHED_VERSIONS = 5  # versions of a remote store that stay on this machine
SECONDS_A_DAY = 86400
PACKAGED = Path("artifacts") / Paths().model.name  # the model folder in MLflow's package of it


class VersionError(InputError):
    """The files of a version are missing or damaged.

    Attributes:
        problem: the message without the sentence that says what to do.
    """

    def __init__(self, version: "ModelVersion", fault: str, place: object) -> None:
        self.problem = f"version {version.version} of {version.name}: {fault} at {place}"
        super().__init__(
            f"{self.problem}. Restore them, or name another version. If it is the champion, "
            "`python -m pipeline.retrain` brings the last whole one back, or registers the "
            "project's model again"
        )


@dataclass(frozen=True)
class ModelVersion:
    """One version of a registered model, as the registry describes it.

    Attributes:
        version: its number, as text.
        run_id: the MLflow run that trained it.
        created: time of the registration, seconds since 1970.
        tags: digests, verdict and lineage, each on its own; see `registry.lineage`.
        description: Markdown, which begins with the sentence of `registry.summary`.
    """

    name: str
    version: str
    run_id: str
    created: float
    tags: Mapping[str, str]
    description: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the model folder; empty for a version that was registered elsewhere."""
        return self.tags.get(MODEL_DIGEST, "")

    @property
    def data_digest(self) -> str:
        """Digest of the prepared data; empty for a version that was registered elsewhere."""
        return self.tags.get(DATA_DIGEST, "")

    @property
    def verdict(self) -> str | None:
        """`promoted` or `refused`; None where no gate was asked."""
        return self.tags.get("verdict")

    @property
    def passed(self) -> bool:
        """Whether no gate refused it."""
        return self.verdict == PASSED

    @property
    def reasons(self) -> str:
        """Why gates refused it; empty for a version that passed."""
        return self.tags.get("reasons", "")

    @property
    def gates_passed(self) -> str:
        """What to say of the gates of a version that none refused."""
        waived = self.tags.get(WAIVED)
        return "it passed every gate" if waived is None else f"no gate refused it; waived: {waived}"

    def gate_value(self, gate: str) -> float | None:
        """The value that a gate compared with its limit when the version was registered; None where
        the gate was off, or the verdict does not say it."""
        content = json.loads(self.tags.get(f"gate.{gate}", "{}"))
        numbers = content.get("numbers")
        value = numbers.get("value") if isinstance(numbers, dict) else None
        return None if value is None else float(value)

    @property
    def age_days(self) -> float:
        return (time.time() - self.created) / SECONDS_A_DAY

    def fetch(self, paths: Paths) -> Path:
        """The exported model folder of this version, on this machine, with the registered bytes.

        A remote store's files are downloaded once, into `.conveyor/versions`, where the last
        `CACHED_VERSIONS` versions stay. The store is the one that this process has opened.

        Raises:
            VersionError: the files are missing or damaged.
        """
        source = MlflowClient().get_model_version_download_uri(self.name, self.version)
        if is_local(source):
            folder = find_folder(source, home(paths))
        else:
            folder = self._download(source, paths)
        model = folder / PACKAGED
        fault = self._find_fault(model)
        if fault is not None:
            raise VersionError(self, fault, model if is_local(source) else without_secret(source))
        return model

    def _find_fault(self, model: Path) -> str | None:
        """What is wrong with the files of this version, without their place; None if nothing is."""
        if not model.is_dir():
            return "its files are missing"
        if self.digest in ("", files.digest_tree(model)):
            return None
        names = ", ".join(find_damage(model)) or "not those that were registered"
        return f"its files are damaged ({names})"

    def _download(self, source: str, paths: Paths) -> Path:
        cache = home(paths) / ".conveyor" / "versions"
        folder = cache / files.digest_value([uri(paths), source])[:16]
        if folder.is_dir() and self._find_fault(folder / PACKAGED) is None:
            return folder
        with files.replacing_folder(folder) as temporary:
            download_artifacts(f"models:/{self.name}/{self.version}", dst_path=str(temporary))
        for old in sorted(cache.iterdir(), key=getmtime)[:-CACHED_VERSIONS]:
            shutil.rmtree(old, ignore_errors=True)
        return folder


class RegisteredModel:
    """The versions and aliases of one registered model, to read."""

    def __init__(self, client: MlflowClient, name: str) -> None:
        self.client, self.name = client, name

    def aliases(self) -> dict[str, str]:
        """Version behind each alias; empty before the first registration."""
        return {alias: str(version) for alias, version in self._entity().aliases.items()}

    def tags(self) -> dict[str, str]:
        """Tags of the registered model itself; empty before the first registration."""
        return self._entity().tags

    def versions(self, query: str = "") -> list[ModelVersion]:
        """Its versions, oldest first; `query` restricts them by a tag."""
        condition = f"name = '{self.name}'{query and f' and {query}'}"
        entities = self.client.search_model_versions(condition)
        return sorted(map(from_mlflow, entities), key=lambda version: int(version.version))

    def version(self, version: str) -> ModelVersion:
        """Raises: InputError: there is no such version; the message lists those that exist."""
        try:
            return from_mlflow(self.client.get_model_version(self.name, version))
        except MlflowException as error:
            if error.error_code not in (NOT_FOUND, "INVALID_PARAMETER_VALUE"):
                raise
        existing = ", ".join(v.version for v in self.versions()) or "none"
        raise InputError(
            f"{self.name} has no version {version!r}; there are: {existing}. "
            "`python -m pipeline.register` registers the project's model"
        )

    def champion(self) -> ModelVersion | None:
        """The version behind the alias `champion`; None where there is none."""
        version = self.aliases().get(CHAMPION)
        return None if version is None else self.version(version)

    def _entity(self) -> model_registry.RegisteredModel:
        """MLflow's description of the model; an empty one before the first registration."""
        try:
            return self.client.get_registered_model(self.name)
        except MlflowException as error:
            if error.error_code != NOT_FOUND:
                raise  # a store that cannot answer is not a registry without a champion
            return model_registry.RegisteredModel(self.name)


def find_version(
    name: str, paths: Paths, *, alias: str | None = None, version: str | None = None
) -> ModelVersion:
    """The version with a number, or else the one behind an alias, for a process that only reads.

    Raises:
        InputError: there is no store, or no such version or alias; the message lists what exists.
    """
    registered = RegisteredModel(open_existing(paths), name)
    if version is not None:
        return registered.version(version)
    aliases = registered.aliases()
    if alias not in aliases:
        existing = ", ".join(sorted(aliases)) or "none"
        raise InputError(
            f"the registry has no alias {alias!r} of a model {name!r} (aliases: {existing}); "
            "`python -m pipeline.retrain` brings a lost champion back, or trains and registers the "
            "first one; or name another model or alias"
        )
    return registered.version(aliases[alias])


def champion_settings(name: str, paths: Paths) -> dict[str, Any] | None:
    """What the champion was trained with, by dotted key; None where there is no champion."""
    champion = RegisteredModel(connect(name, paths).client, name).champion()
    if champion is None:
        return None
    config = files.read_yaml(champion.fetch(paths) / "config.yaml")
    sections = {part: config.get(part, {}) for part in ("model", "head", "train")}
    settings = {f"{part}.{k}": v for part, section in sections.items() for k, v in section.items()}
    return {MOVED.get(key, key): value for key, value in settings.items()}


def from_mlflow(entity: model_registry.ModelVersion) -> ModelVersion:
    return ModelVersion(
        entity.name,
        str(entity.version),
        str(entity.run_id),
        entity.creation_timestamp / 1000,
        unpack_tags(entity.tags),
        entity.description or "",
    )
