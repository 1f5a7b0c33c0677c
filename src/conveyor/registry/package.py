"""Packages a trained model folder as an MLflow model that answers raw rows."""

from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pyarrow as pa
from mlflow.models import ModelSignature
from mlflow.types.schema import AnyType, Array, ColSpec, DataType, Map, Object, Property, Schema

from conveyor import files
from conveyor.config.dataset import NO_STATIC
from conveyor.data.store import Prepared
from conveyor.encoding import SeriesEncoder, TextEncoder, TokenEncoder
from conveyor.paths import Paths
from conveyor.raw_row import sequence_of, sequence_to_plain, static_of, to_text
from conveyor.serving.card import Card, read_card
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


@dataclass(frozen=True)
class Challenger:
    """A trained model folder that the gates judge before it is registered.

    Attributes:
        folder: the exported model.
        digest: SHA-256 of the folder's files.
        kind: of its rows, `text` or `series`.
        example: one raw row: a string, or numbers of shape (steps, channels); or a `raw_row.Row`.
        data_digest: of the prepared data.
        model_card: a Markdown file about the model; None if there is none.
    """

    folder: Path
    digest: str
    kind: str
    example: Any
    data_digest: str
    model_card: Path | None = None

    @classmethod
    def read(cls, paths: Paths) -> "Challenger":
        """The project's model folder, with the first prepared test row as its example."""
        prepared = Prepared(paths.prepared)
        meta, example = prepared.meta, prepared.split("test").rows[0]
        card = paths.model_card if paths.model_card.is_file() else None
        digest = files.digest_tree(paths.model)
        return cls(paths.model, digest, meta.kind, example, meta.digest, card)

    def receipt(self, name: str) -> dict[str, str]:
        """What is written down once it is registered under a name: no version, and no day."""
        return {"name": name, "model_digest": self.digest, "data_digest": self.data_digest}


def log_model(name: str, run_id: str, challenger: Challenger) -> Any:
    """Log the folder as a model from code, with signature and example, under its training run.

    Returns:
        MLflow's `ModelInfo`.
    """
    card, row = read_card(challenger.folder), challenger.example
    sequence = sequence_of(row)
    example = {card.kind: to_text(sequence) or sequence_to_plain(sequence), **static_of(row)}
    with mlflow.start_run(run_id=run_id):
        model = mlflow.pyfunc.log_model(
            name=name,
            python_model=str(SOURCES / "serving" / "mlflow_model.py"),
            artifacts={"model": challenger.folder.absolute().as_uri()},  # a path would be decoded
            code_paths=[str(SOURCES)],
            signature=ModelSignature(
                Schema([*_sequence_inputs(card), *_static_inputs(card)]), _output_schema(card)
            ),
            input_example=pd.DataFrame([example]),
            pip_requirements=[
                f"{package}=={installed_version(package)}" for package in REQUIREMENTS
            ],
        )
        if challenger.model_card is not None and model.model_id is not None:
            mlflow.MlflowClient().log_model_artifact(model.model_id, str(challenger.model_card))
        return model


def _sequence_inputs(card: Card) -> list[ColSpec]:
    """Return the columns in which MLflow takes sequences; a tagger needs one of its two.

    MLflow would read `inputs` of an Array as one row, and refuse whole numbers and nulls; the model
    checks its rows itself.
    """
    if card.kind == "series":  # lists of steps, each a list of numbers
        return [ColSpec(AnyType(), SeriesEncoder.column)]
    is_tagger = card.target.per_step
    text = ColSpec(DataType.string, TextEncoder.column, required=not is_tagger)
    tokens = ColSpec(AnyType(), TokenEncoder.token_column, required=False)
    return [text, tokens] if is_tagger else [text]


def _static_inputs(card: Card) -> list[ColSpec]:
    """Return the static columns, whose cells may be empty, as MLflow's columns."""
    static = NO_STATIC if card.columns is None else card.columns.static
    numbers = [ColSpec(DataType.double, name) for name in static.numbers]
    return numbers + [ColSpec(DataType.string, name) for name in static.categories]


def _output_schema(card: Card) -> Schema:
    """Return the fields of the model's answers as MLflow's schema."""
    task = Task(card.target)
    return Schema([ColSpec(_mlflow_type(field.type), field.name) for field in task.answers.schema])


def _mlflow_type(kind: pa.DataType) -> Any:
    if pa.types.is_struct(kind) and all(pa.types.is_floating(field.type) for field in kind):
        return Map(DataType.double)
    if pa.types.is_struct(kind):
        return Object([Property(field.name, _mlflow_type(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return Array(_mlflow_type(kind.value_type))
    if pa.types.is_integer(kind):
        return DataType.long
    return DataType.string if pa.types.is_string(kind) else DataType.double
