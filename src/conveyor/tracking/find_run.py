"""Finds the run that trained a model by the digest of its files, or writes it anew from them."""

import csv
from collections.abc import Mapping
from pathlib import Path

from mlflow.exceptions import MlflowException

from conveyor import files
from conveyor.config import ConfigError, PrepareConfig, load
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.tracking.records import NOT_FOUND
from conveyor.tracking.runs import (
    DATA_DIGEST,
    MODEL_DIGEST,
    STAGE,
    TrainingRun,
    begin_training_run,
    origin_tags,
    search,
)
from conveyor.tracking.store import Tracking, connect


def find_training_run(name: str, paths: Paths, digest: str) -> TrainingRun:
    """Find the run that trained the model folder, by the digest of its files.

    A model from DVC's cache, or from a colleague, has no run in this store. Its run is then
    written from its own files, and tagged as restored.

    Raises:
        InputError: there is no model folder.
    """
    if not paths.model.is_dir():
        raise InputError(
            f"{paths.model}: expected a model folder; got none. Run `dvc repro train` first."
        )
    tracking = connect(name, paths)
    run = _find_run(tracking, digest)
    if run is not None:
        return run
    card = files.read_json(paths.model / "card.json")
    origin = origin_tags(paths, card["data_digest"])
    return _write_run(tracking, paths.model, digest, _dataset_name(paths) or card["name"], origin)


def find_run_of_version(tracking: Tracking, run_id: str, folder: Path) -> TrainingRun:
    """Find the run of a registered version, whose own run a person may have deleted in MLflow.

    It is then found by the digest of the model, or written anew from the version's files.

    Args:
        run_id: of the version.
        folder: the version's model folder.
    """
    try:
        entity = tracking.client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != NOT_FOUND:
            raise
    else:
        if entity.info.lifecycle_stage == "active":
            return TrainingRun(tracking, run_id)
    digest = files.digest_tree(folder)
    card = files.read_json(folder / "card.json")
    run = _find_run(tracking, digest)
    return run or _write_run(
        tracking, folder, digest, card["name"], {DATA_DIGEST: card["data_digest"]}
    )


def _find_run(tracking: Tracking, digest: str) -> TrainingRun | None:
    existing = search(tracking, f"tags.{MODEL_DIGEST} = '{digest}' and tags.{STAGE} = 'train'")
    return TrainingRun(tracking, existing[0].info.run_id) if existing else None


def _dataset_name(paths: Paths) -> str | None:
    """The name of the project's data set, which a model folder does not hold."""
    try:
        return load(PrepareConfig, paths.config).dataset.name
    except ConfigError:
        return None


def _write_run(
    tracking: Tracking, folder: Path, digest: str, dataset: str, origin: Mapping[str, str]
) -> TrainingRun:
    settings = files.read_yaml(folder / "config.yaml")
    run = begin_training_run(tracking, settings, dataset, {"restored": "true", **origin})
    with run.ending(), (folder / "history.csv").open(encoding="utf-8") as rows:
        for number, row in enumerate(csv.DictReader(rows), start=1):
            metrics = {name: float(value) for name, value in row.items()}
            # A model of an earlier version was validated after each epoch.
            run.log_validation(number, {"update": metrics["epoch"], **metrics})
        run.log_model(folder, digest)
    return TrainingRun(tracking, run.id)  # what follows is written at once
