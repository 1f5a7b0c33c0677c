"""Packages a trained model folder as an MLflow model that answers raw rows."""

from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types.schema import Array, ColSpec, DataType, Map, Schema

from conveyor import files
from conveyor.data.store import Prepared
from conveyor.paths import Paths

SOURCES = Path(__file__).parents[1]
# What the served model imports. MLflow could infer this list, but it takes half a minute and finds
# TensorFlow.
REQUIREMENTS = (
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
INPUTS: dict[str, Any] = {
    "text": ColSpec(DataType.string, "text"),
    "series": ColSpec(Array(Array(DataType.double)), "series"),
}
OUTPUTS = Schema(
    [
        ColSpec(DataType.string, "label"),
        ColSpec(DataType.double, "probability"),
        ColSpec(Map(DataType.double), "probabilities"),
    ]
)


@dataclass(frozen=True)
class Challenger:
    """A trained model folder that the gates judge before it is registered.

    Attributes:
        folder: the exported model.
        digest: SHA-256 of the folder's files.
        kind: of its rows, `text` or `series`.
        example: one raw row: a string, or numbers of shape (steps, channels).
        data_digest: of the prepared data.
    """

    folder: Path
    digest: str
    kind: str
    example: Any
    data_digest: str

    @classmethod
    def read(cls, paths: Paths) -> "Challenger":
        """The project's model folder, with the first prepared test row as its example."""
        prepared = Prepared(paths.prepared)
        meta, example = prepared.meta, prepared.split("test").rows[0]
        return cls(paths.model, files.digest_tree(paths.model), meta.kind, example, meta.digest)


def log_model(name: str, run_id: str, challenger: Challenger) -> Any:
    """Log the folder as a model from code, with signature and example, under its training run.

    Returns:
        MLflow's `ModelInfo`.
    """
    column, row = INPUTS[challenger.kind], challenger.example
    value = row if isinstance(row, str) else np.asarray(row).tolist()
    with mlflow.start_run(run_id=run_id):
        return mlflow.pyfunc.log_model(
            name=name,
            python_model=str(SOURCES / "serving" / "mlflow_model.py"),
            artifacts={"model": challenger.folder.absolute().as_uri()},  # a path would be decoded
            code_paths=[str(SOURCES)],
            signature=ModelSignature(Schema([column]), OUTPUTS),
            input_example=pd.DataFrame({column.name: [value]}),
            pip_requirements=[
                f"{package}=={installed_version(package)}" for package in REQUIREMENTS
            ],
        )
