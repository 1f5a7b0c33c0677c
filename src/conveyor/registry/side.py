"""One side of a comparison: a run or a registered version, with what its evaluation recorded."""

import csv
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from conveyor import files
from conveyor.errors import InputError
from conveyor.registry.model_version import RegisteredModel
from conveyor.serving.card import CARD, read_card
from conveyor.tasks.options import TargetSpec

PARTS = {"report": "evaluation/report.json", "predictions": "evaluation/predictions.csv",
         "card": f"model/{CARD}"}  # fmt: skip
EXPECTED = "a version, an alias such as champion, or the id of a run in MLflow"


@dataclass(frozen=True)
class Side:
    """A trained model and its evaluation.

    Attributes:
        title: what it is, for people.
        run_id: of the run that trained it.
        params: of the run, by name.
        scores: every metric of its test rows.
        target: what it predicts.
        predictions: the rows of predictions.csv, by column; the column `id` names the row.
    """

    title: str
    run_id: str
    params: Mapping[str, str]
    scores: Mapping[str, float]
    target: TargetSpec
    predictions: list[dict[str, str]]


def read_side(text: str, registered: RegisteredModel) -> Side:
    """Read what the store has of a run, or of the run that trained a version.

    Args:
        text: EXPECTED.

    Raises:
        InputError: there is no such run or version, or its model was not evaluated.
    """
    aliases = registered.aliases()
    if text.isdigit() or text in aliases:
        version = registered.version(aliases.get(text, text))
        alias = f", the {text}" if text in aliases else ""
        return _read_run(registered.client, version.run_id, f"version {version.version}{alias}")
    try:
        run = registered.client.get_run(text)
    except MlflowException:
        existing = (
            ", ".join([*sorted(aliases), *(v.version for v in registered.versions())]) or "none"
        )
        raise InputError(
            f"{text}: expected {EXPECTED}; got neither. {registered.name} has these aliases and "
            f"versions: {existing}"
        ) from None
    return _read_run(registered.client, text, str(run.info.run_name))


def _read_run(client: MlflowClient, run_id: str, title: str) -> Side:
    with tempfile.TemporaryDirectory() as folder:
        try:
            run = client.get_run(run_id)
            paths = {
                name: Path(client.download_artifacts(run_id, part, folder))
                for name, part in PARTS.items()
            }
        except (MlflowException, OSError):
            raise InputError(
                f"{title}: expected a run with a model and its evaluation; got none at run "
                f"{run_id}. Name a run of the stages train and evaluate, or run `dvc repro`"
            ) from None
        report: dict[str, Any] = files.read_json(paths["report"])
        with paths["predictions"].open(encoding="utf-8", newline="") as file:
            predictions = list(csv.DictReader(file))
        target = read_card(paths["card"].parent).target
    return Side(title, run_id, run.data.params, report["scores"], target, predictions)
