"""The model registry: one version an artefact, aliases moved by verdicts, reasons kept."""

from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from filelock import FileLock
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types.schema import Array, ColSpec, DataType, Map, Schema

from conveyor import files
from conveyor.gates import Verdict
from conveyor.paths import Paths
from conveyor.tracking.champion import CHAMPION, Champion, aliases, find_champion
from conveyor.tracking.provenance import dvc_tags, git_tags
from conveyor.tracking.runs import DATA_DIGEST, MODEL_DIGEST, find_training_run, set_tags
from conveyor.tracking.store import Tracking, connect, home

CHALLENGER, PREVIOUS = "challenger", "previous"
VERDICT, PROMOTED, SETTLED = "verdict", "promoted", "settled"
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
        self.lock = FileLock(home(paths) / ".conveyor" / f"registry-{name}.lock")

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
        return same[0] if same else None

    def register(self, kind: str, example: Any, verdict: Verdict) -> ModelVersion:
        """Make a version of the model folder, with the verdict on it; `settle` is still to come."""
        run = find_training_run(self.name, self.paths)
        logged = self._log(run.id, kind, example)
        try:
            self.client.create_registered_model(self.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        digest = files.digest_tree(self.paths.model)
        tags = {
            MODEL_DIGEST: digest,
            DATA_DIGEST: files.read_json(self.paths.model / "card.json")["data_digest"],
            "train_run": run.id,
            VERDICT: PROMOTED if verdict.promote else "refused",
            "reasons": "; ".join(verdict.reasons)[:4000],
            **git_tags(self.paths.root),
            **dvc_tags(self.paths.root),
        }
        made = self.client.create_model_version(
            self.name, logged.model_uri, run_id=run.id, tags=tags,
            description=verdict.as_markdown(), model_id=logged.model_id,
        )  # fmt: skip
        set_tags(self.tracking, run.id, {"version": made.version, VERDICT: tags[VERDICT]})
        return made

    def settle(self, made: ModelVersion) -> None:
        """Move the aliases as the verdict says, once.

        A process that died before this leaves an unsettled version, which the next one settles; a
        settled version is left alone, so that a rollback is not undone by running again.
        """
        if SETTLED in made.tags:
            return
        self._point(CHALLENGER, made.version)
        before = self.aliases().get(CHAMPION)
        if made.tags[VERDICT] == PROMOTED and before != str(made.version):
            if before is not None:
                self._point(PREVIOUS, before)
            self._point(CHAMPION, made.version)
        self.client.set_model_version_tag(self.name, made.version, SETTLED, "true")

    def _point(self, alias: str, version: str) -> None:
        self.client.set_registered_model_alias(self.name, alias, version)

    def _log(self, run_id: str, kind: str, example: Any) -> Any:
        row = example if isinstance(example, str) else np.asarray(example).tolist()
        with mlflow.start_run(run_id=run_id):
            return mlflow.pyfunc.log_model(
                name=self.name,
                python_model=str(PACKAGE / "serving" / "mlflow_model.py"),
                artifacts={"model": str(self.paths.model)},
                code_paths=[str(PACKAGE)],
                signature=ModelSignature(Schema([ROWS[kind]]), ANSWERS),
                input_example=pd.DataFrame({ROWS[kind].name: [row]}),
                pip_requirements=[f"{name}=={installed(name)}" for name in SERVED],
            )
