"""Packages a trained model folder as an MLflow model that answers raw rows."""

from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
from mlflow.models import ModelSignature
from mlflow.types.schema import Array, ColSpec, DataType, Map, Schema

from conveyor import files
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.serving.card import read_card
from conveyor.tasks import Task

SOURCES = Path(__file__).parents[1]
# What the served model imports. MLflow could infer this list, but it takes half a minute and finds
# TensorFlow.
REQUIREMENTS = (
    "mlflow",
    "numpy",
    "onnxruntime",
    "pandas",
    "psutil",
    "pyarrow",
    "pydantic",
    "pyyaml",
    "tokenizers",
    "tqdm",
)
INPUTS: dict[str, Any] = {
    "text": ColSpec(DataType.string, "text"),
    "series": ColSpec(Array(Array(DataType.double)), "series"),
}


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
            signature=ModelSignature(Schema([column]), _output_schema(challenger.folder)),
            input_example=pd.DataFrame({column.name: [value]}),
            pip_requirements=[
                f"{package}=={installed_version(package)}" for package in REQUIREMENTS
            ],
        )


def _output_schema(folder: Path) -> Schema:
    """Return the fields of the model's answers as MLflow's schema."""
    task = Task(read_card(folder).target)
    return Schema([ColSpec(_mlflow_type(field.type), field.name) for field in task.answers.schema])


def _mlflow_type(kind: pa.DataType) -> Any:
    if pa.types.is_struct(kind):
        return Map(DataType.double)
    if pa.types.is_list(kind):
        return Array(_mlflow_type(kind.value_type))
    if pa.types.is_integer(kind):
        return DataType.long
    return DataType.string if pa.types.is_string(kind) else DataType.double
