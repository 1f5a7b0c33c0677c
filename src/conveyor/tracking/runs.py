"""Runs in the tracking store, and the train run, which is found by the digest of its model."""

import csv
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import DatasetInput, Metric, Param, Run, RunTag
from mlflow.tracking.context import registry as run_context

from conveyor import files
from conveyor.config import FitConfig, narrow
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.tracking.provenance import dvc_tags, git_tags, is_dead, process_tags
from conveyor.tracking.store import Tracking, connect, without_secret

MODEL_DIGEST, DATA_DIGEST, SWEEP_DIGEST = "model_digest", "data_digest", "sweep_digest"
STAGE, NOTE, CLOSED = "stage", "mlflow.note.content", "closed"
DIED = "its process died without a word"  # a value of CLOSED


class TrainingRun:
    """One train run. A live run and a restored one get their content from the same calls."""

    def __init__(self, tracking: Tracking, run_id: str) -> None:
        self.tracking, self.id = tracking, run_id

    def log_layers(self, layers: Sequence[str]) -> None:
        """For each recurrent layer, whether cuDNN can serve it."""
        set_tags(self.tracking, self.id, {"cudnn": "; ".join(layers)})

    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Metrics of one epoch, from 1, which is their step."""
        log_metrics(self.tracking, self.id, metrics, step=epoch)

    def log_model(self, paths: Paths, digest: str) -> None:
        """Log the model folder: digests, best-epoch metrics, files.

        Args:
            digest: SHA-256 of the folder's files.
        """
        card = files.read_json(paths.model / "card.json")
        metrics = {f"best_{name}": value for name, value in card["validation"].items()}
        metrics |= {name: float(card[name]) for name in ("best_epoch", "parameters", "flops")}
        log_metrics(self.tracking, self.id, metrics)
        tags = {
            MODEL_DIGEST: digest,
            DATA_DIGEST: card["data_digest"],
            NOTE: _note(card),
            "mlflow.runName": f"train-{digest[:8]}",
        }
        set_tags(self.tracking, self.id, tags)
        log_folder(self.tracking, self.id, paths.model, "model")

    def log_evaluation(
        self, folder: Path, scores: Mapping[str, float], *, beats_baselines: bool | None
    ) -> None:
        """Log the test metrics and the folder of the evaluation, once."""
        digest = files.digest_tree(folder)
        logged = self.tracking.client.get_run(self.id).data.tags
        if logged.get("evaluation_digest") == digest:
            return
        metrics = {f"test_{key}": value for key, value in scores.items()}
        log_metrics(self.tracking, self.id, metrics)
        log_folder(self.tracking, self.id, folder, "evaluation")
        beats = "not compared" if beats_baselines is None else str(beats_baselines).lower()
        tags = {"evaluation_digest": digest, "beats_baselines": beats}
        set_tags(self.tracking, self.id, tags)


@contextmanager
def training_run(config: FitConfig, paths: Paths, *, data_digest: str) -> Iterator[TrainingRun]:
    """Open a train run, which the block logs into; see `ending_run` for its end."""
    tracking = connect(config.name, paths)
    close_dead_runs(tracking)
    settings = narrow(config, FitConfig).model_dump(mode="json")
    run = _begin(tracking, settings, _origin(tracking, paths, data_digest))
    with ending_run(tracking, run.id):
        yield run


def find_training_run(name: str, paths: Paths, digest: str) -> TrainingRun:
    """Find the run that trained the model folder, by the digest of its files.

    A model from DVC's cache, or from a colleague, has no run in this store. Its run is then
    written from its own files, and tagged as restored.

    Raises:
        InputError: there is no model folder.
    """
    if not paths.model.is_dir():
        raise InputError(f"there is no {paths.model}; run `dvc repro train` first")
    tracking = connect(name, paths)
    existing = search(tracking, f"tags.{MODEL_DIGEST} = '{digest}' and tags.{STAGE} = 'train'")
    if existing:
        return TrainingRun(tracking, existing[0].info.run_id)
    settings = files.read_yaml(paths.model / "config.yaml")
    data_digest = files.read_json(paths.model / "card.json")["data_digest"]
    origin = _origin(tracking, paths, data_digest)
    run = _begin(tracking, settings, {"restored": "true", **origin})
    with ending_run(tracking, run.id):
        with (paths.model / "history.csv").open() as rows:
            for row in csv.DictReader(rows):
                epoch = int(row.pop("epoch"))
                run.log_epoch(epoch, {name: float(value) for name, value in row.items()})
        run.log_model(paths, digest)
    return run


@contextmanager
def ending_run(tracking: Tracking, run_id: str) -> Iterator[None]:
    """End the run as the block ended: FINISHED, FAILED with the traceback, or KILLED if stopped."""
    try:
        yield
    except Exception:
        text = without_secret(traceback.format_exc())
        tracking.client.log_text(run_id, text, "traceback.txt")
        set_tags(tracking, run_id, {"error": text.strip().splitlines()[-1][:500]})
        tracking.client.set_terminated(run_id, "FAILED")
        raise
    except BaseException:  # Ctrl-C, or a signal that the stage turned into an exit
        tracking.client.set_terminated(run_id, "KILLED")
        raise
    tracking.client.set_terminated(run_id, "FINISHED")


def close_dead_runs(tracking: Tracking) -> None:
    """End as FAILED the runs that a killed process of this machine has left RUNNING."""
    for run in search(tracking, "attributes.status = 'RUNNING'"):
        if is_dead(run.data.tags):
            set_tags(tracking, run.info.run_id, {CLOSED: DIED})
            tracking.client.set_terminated(run.info.run_id, "FAILED")


def begin(tracking: Tracking, name: str, tags: Mapping[str, str], params: Mapping[str, Any]) -> str:
    """Open a run of this process. Returns its id."""
    # The usual user and source tags, but not MLFLOW_RUN_ID or a parent from the environment.
    usual = run_context.resolve_tags({"mlflow.source.name": sys.argv[0]})
    tags = {**usual, **process_tags(), **tags}
    run = tracking.client.create_run(tracking.experiment_id, run_name=name, tags=tags)
    entities = [Param(key, str(value)) for key, value in params.items()]
    tracking.client.log_batch(run.info.run_id, params=entities)
    return run.info.run_id


def log_metrics(
    tracking: Tracking, run_id: str, metrics: Mapping[str, float], step: int = 0
) -> None:
    now = int(time.time() * 1000)
    batch = [Metric(name, float(value), now, step) for name, value in metrics.items()]
    tracking.client.log_batch(run_id, metrics=batch)


def set_tags(tracking: Tracking, run_id: str, tags: Mapping[str, str]) -> None:
    tracking.client.log_batch(run_id, tags=[RunTag(k, str(v)) for k, v in tags.items()])


def search(tracking: Tracking, query: str) -> list[Run]:
    """Runs of the experiment, newest first."""
    return list(
        tracking.client.search_runs(
            [tracking.experiment_id], query, order_by=["attributes.start_time DESC"]
        )
    )


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested values under dotted names, as they are written in overrides."""
    flattened: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        flattened |= flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return flattened


def _begin(tracking: Tracking, settings: Mapping[str, Any], tags: Mapping[str, str]) -> TrainingRun:
    name = "train-restored" if "restored" in tags else "train"
    run_id = begin(tracking, name, {STAGE: "train", **tags}, flat(settings))
    source: Any = CodeDatasetSource({"stage": "prepare"})
    dataset = MetaDataset(source, name=settings["name"], digest=tags[DATA_DIGEST][:16])
    entity = DatasetInput(dataset._to_mlflow_entity(), [])
    tracking.client.log_inputs(run_id, datasets=[entity])
    return TrainingRun(tracking, run_id)


def _origin(tracking: Tracking, paths: Paths, data_digest: str) -> dict[str, str]:
    tags = {DATA_DIGEST: data_digest, **git_tags(paths.root), **dvc_tags(paths.root)}
    if paths.sweep.is_dir():
        digest = files.digest_tree(paths.sweep)
        sweeps = search(tracking, f"tags.{STAGE} = 'sweep' and tags.{SWEEP_DIGEST} = '{digest}'")
        if sweeps:
            tags["sweep_run"] = sweeps[0].info.run_id
    if paths.config.is_file():
        tags["config_digest"] = files.digest_file(paths.config)
    return tags


def _note(card: Mapping[str, Any]) -> str:
    best = ", ".join(f"{key} {value:.4g}" for key, value in card["validation"].items())
    return (
        f"{card['parameters']:,} parameters, {card['flops']:,} FLOPs a sequence of "
        f"{card['flops_at_length']} steps. Best epoch {card['best_epoch']}: {best}."
    )


def log_folder(tracking: Tracking, run_id: str, folder: Path, name: str) -> None:
    """Log the files of a folder, if it exists, under the artifact folder `name`."""
    if folder.is_dir():
        tracking.client.log_artifacts(run_id, str(folder), name)
