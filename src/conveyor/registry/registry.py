"""The model registry: one version an artefact, aliases moved by verdicts, reasons kept."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any
from unittest.mock import patch

import mlflow
import numpy as np
import pandas as pd
from filelock import FileLock
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types.schema import Array, ColSpec, DataType, Map, Schema
from mlflow.utils import environment

from conveyor.escape import mlflow_name
from conveyor.gates import Verdict
from conveyor.paths import Paths
from conveyor.registry import history
from conveyor.registry.champion import CHAMPION, Champion, aliases, find_champion
from conveyor.registry.history import Change
from conveyor.registry.lineage import keep_patch, lineage
from conveyor.tracking.location import home
from conveyor.tracking.runs import MODEL_DIGEST, artifact_folder, find_training_run, set_tags
from conveyor.tracking.store import Tracking, connect

log = logging.getLogger(__name__)

CHALLENGER, PREVIOUS = "challenger", "previous"
VERDICT, PROMOTED, SETTLED = "verdict", "promoted", "settled"
LONGEST = 4000  # characters of a tag; MLflow takes 5000
PACKAGE = Path(__file__).parents[1]
# What the served model imports; pinned to what is installed, never inferred, which takes MLflow
# half a minute and finds TensorFlow.
SERVED = (
    "mlflow",
    "numpy",
    "onnxruntime",
    "pandas",
    "psutil",
    "pydantic",
    "pyyaml",
    "tokenizers",
    "tqdm",
)
ROWS: dict[str, Any] = {
    "text": ColSpec(DataType.string, "text"),
    "series": ColSpec(Array(Array(DataType.double)), "series"),
}
ANSWERS = Schema(
    [
        ColSpec(DataType.string, "label"),
        ColSpec(DataType.double, "probability"),
        ColSpec(Map(DataType.double), "probabilities"),
    ]
)


class Registry:
    """The registered model `name`."""

    def __init__(self, name: str, paths: Paths) -> None:
        self.name, self.paths = name, paths
        self.tracking: Tracking = connect(name, paths)
        self.client = self.tracking.client
        # Registering is several calls; two at once could both believe to be the first.
        locks = home(paths) / ".conveyor"
        self.lock = FileLock(locks / f"registry-{name}.lock")
        self.telling = FileLock(locks / f"hooks-{name}.lock")  # see `promotions.announce`

    def champion(self) -> Champion | None:
        """The version behind the alias, its files fetched; None where there is none."""
        return find_champion(self.tracking, self.name, self.paths)

    def aliases(self) -> dict[str, str]:
        """Version behind each alias; empty before the first registration."""
        return aliases(self.tracking, self.name)

    def find(self, digest: str) -> ModelVersion | None:
        """The version made of this artefact, if there is one."""
        same = self.client.search_model_versions(
            f"name = '{self.name}' and tags.{MODEL_DIGEST} = '{digest}'"
        )
        return min(same, key=lambda one: int(one.version), default=None)

    def history(self) -> list[Change]:
        """Every change of champion, oldest first; empty before the first registration."""
        try:
            return history.changes(self.client, self.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return []

    def register(self, kind: str, example: Any, verdict: Verdict) -> ModelVersion:
        """Make a version of the model folder, with the verdict on it; `settle` is still to come.

        Where another process registered the same artefact meanwhile, which a lock on this machine
        cannot keep one elsewhere from, its version is returned, and ours is taken back.
        """
        run = find_training_run(self.name, self.paths)
        logged = self._log(run.id, kind, example)
        try:
            self.client.create_registered_model(self.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        tags = {
            **lineage(self.paths, run.id),
            **keep_patch(self.tracking, run.id, self.paths.root),
            **verdict_tags(verdict),
        }
        made = self.client.create_model_version(
            self.name, logged.model_uri, run_id=run.id, tags=tags,
            description=verdict.as_markdown()[:LONGEST], model_id=logged.model_id,
        )  # fmt: skip
        first = self.find(tags[MODEL_DIGEST])
        if first is not None and int(first.version) < int(made.version):
            self.client.delete_model_version(self.name, made.version)
            log.info("another process registered it as version %s first", first.version)
            return first
        set_tags(self.tracking, run.id, {"version": made.version, VERDICT: tags[VERDICT]})
        return made

    def keep_verdict(self, made: ModelVersion) -> None:
        """Put the verdict's files onto the train run, too."""
        artifact_folder(self.tracking, made.tags["train_run"], self.paths.promotion, "promotion")

    def settle(self, made: ModelVersion) -> None:
        """Move the aliases as the verdict says, once.

        A process that died before this leaves an unsettled version, which the next one settles; a
        settled version is left alone, so that a rollback is not undone by running again.
        """
        if SETTLED in made.tags:
            return
        self._point(CHALLENGER, made.version)
        if made.tags[VERDICT] == PROMOTED:
            self.serve(str(made.version), history.PROMOTED, "it passed every gate")
        self.tag(made.version, {SETTLED: "true"})

    def serve(self, version: str, action: str, reason: str) -> Change | None:
        """Make a version champion, and write down that it is; None if it is already."""
        before = self.aliases().get(CHAMPION)
        if before == version:
            return None
        change = history.begin(self.client, self.name, action, before, version, reason)
        stack = history.standing(self.history())
        if len(stack) > 1:
            self._point(PREVIOUS, stack[-2])
        elif PREVIOUS in self.aliases():
            self.client.delete_registered_model_alias(self.name, PREVIOUS)
        self._point(CHAMPION, version)
        return change

    def tag(self, version: str | int, tags: Mapping[str, str]) -> None:
        for key, value in tags.items():
            self.client.set_model_version_tag(self.name, str(version), key, value)

    def _point(self, alias: str, version: str) -> None:
        try:
            self.client.set_registered_model_alias(self.name, alias, version)
        except MlflowException:
            # MLflow's store looks for the alias and then inserts it, so a process on another
            # machine can come between; the second look finds what that one inserted.
            self.client.set_registered_model_alias(self.name, alias, version)

    def _log(self, run_id: str, kind: str, example: Any) -> Any:
        row = example if isinstance(example, str) else np.asarray(example).tolist()
        with mlflow.start_run(run_id=run_id), _requirements_unchecked():
            return mlflow.pyfunc.log_model(
                name=self.name,
                python_model=str(PACKAGE / "serving" / "mlflow_model.py"),
                artifacts={"model": str(self.paths.model)},
                code_paths=[str(PACKAGE)],
                signature=ModelSignature(Schema([ROWS[kind]]), ANSWERS),
                input_example=pd.DataFrame({ROWS[kind].name: [row]}),
                pip_requirements=[f"{name}=={installed(name)}" for name in SERVED],
            )


@contextmanager
def _requirements_unchecked() -> Iterator[None]:
    """MLflow looks through the files of every installed package, for seconds, to warn of pins that
    are not what is installed; SERVED are pinned to that."""
    with patch.object(environment, "warn_dependency_requirement_mismatches"):
        yield


def verdict_tags(verdict: Verdict) -> dict[str, str]:
    """The outcome, why not, and each gate's answer with its numbers."""
    tags = {
        VERDICT: PROMOTED if verdict.promote else "refused",
        "reasons": "; ".join(verdict.reasons)[:LONGEST],
    }
    for result in verdict.results:
        key = mlflow_name(f"gate.{result.gate}", tags)
        told = {"passed": result.passed, "reason": result.reason, "numbers": result.numbers}
        text = json.dumps(told, ensure_ascii=False)
        if len(text) > LONGEST:
            elsewhere = {**told, "reason": told["reason"][:500], "numbers": "in verdict.json"}
            text = json.dumps(elsewhere, ensure_ascii=False)
        tags[key] = text
    return tags
