"""Runs in the tracking store, and the training run, which the digest of its model identifies."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlflow.entities import Run

from conveyor import files
from conveyor.config import FitConfig, narrow
from conveyor.config.load import flatten
from conveyor.paths import Paths
from conveyor.tracking import records
from conveyor.tracking.leftovers import settle
from conveyor.tracking.metric_names import TEST, name_best, name_costs, name_curves
from conveyor.tracking.open_run import OpenRun
from conveyor.tracking.provenance import dvc_tags, git_tags, is_dead
from conveyor.tracking.records import CLOSED, DIED, NAME, NOTE
from conveyor.tracking.store import Tracking, connect

log = logging.getLogger(__name__)

MODEL_DIGEST, DATA_DIGEST, SWEEP_DIGEST = "model_digest", "data_digest", "sweep_digest"
STAGE = "stage"
TESTED, REGISTERED = "Test:", "version"  # beginnings of paragraphs of a run's description


class TrainingRun(OpenRun):
    """A training run. A live run and a restored one get their content from the same calls."""

    def log_layers(self, layers: Sequence[str]) -> None:
        """For each recurrent layer, whether cuDNN can serve it."""
        self.set_tags({"cudnn": "; ".join(layers)})

    def log_validation(self, number: int, metrics: Mapping[str, float]) -> None:
        """Metrics of one validation; their step is `update`, of which they say the number."""
        measured = {name: value for name, value in metrics.items() if name != "update"}
        self.log_metrics(name_curves(measured), step=int(metrics["update"]))

    def log_model(self, folder: Path, digest: str) -> None:
        """Log a model folder: digests, metrics of the best validation, files.

        Args:
            digest: SHA-256 of the folder's files.
        """
        card = files.read_json(folder / "card.json")
        self.log_metrics(name_best(card["validation"]))
        self.write(records.values(params=name_costs(card)))
        self.set_tags({MODEL_DIGEST: digest, DATA_DIGEST: card["data_digest"],
                       NOTE: _describe_training(card)})  # fmt: skip
        self.log_folder(folder, "model")

    def log_evaluation(
        self, folder: Path, scores: Mapping[str, float], *, sentence: str, baseline: str | None
    ) -> None:
        """Log test metrics and the folder of the evaluation, once.

        Args:
            scores: by which runs are compared; the folder holds all of them.
            sentence: what the evaluation says, for the run's description.
            baseline: what the model does beside the best baseline, such as "beats NAME"; None where
                they were not compared.
        """
        digest = files.digest_tree(folder)
        logged = self.tracking.client.get_run(self.id).data.tags
        if logged.get("evaluation_digest") == digest:
            return
        metrics = {f"{TEST}{key}": value for key, value in scores.items()}
        self.log_metrics(metrics)
        self.log_folder(folder, "evaluation")
        note = _with_paragraph(logged.get(NOTE, ""), TESTED, sentence)
        self.set_tags({"evaluation_digest": digest, "baseline": baseline or "not compared",
                       NOTE: note})  # fmt: skip

    def log_verdict(self, version: str, verdict: str, sentence: str) -> None:
        """Log that the model was registered, in the run's name and description too."""
        run = self.tracking.client.get_run(self.id)
        name = str(run.info.run_name).partition(f", {REGISTERED}")[0]
        note = _with_paragraph(run.data.tags.get(NOTE, ""), REGISTERED, f"{version}. {sentence}")
        self.set_tags({"version": version, "verdict": verdict, NOTE: note,
                       NAME: f"{name}, {REGISTERED} {version} {verdict}"})  # fmt: skip


def training_run(
    config: FitConfig, paths: Paths, *, dataset: str, data_digest: str
) -> AbstractContextManager[TrainingRun]:
    """Open a training run, which the block logs into and which ends as the block ends.

    Args:
        dataset: name of the data set.
        data_digest: of the prepared data.
    """
    tracking = connect(config.name, paths)
    settle_dead_runs(tracking)
    settings = narrow(config, FitConfig).model_dump(mode="json")
    tags = origin_tags(paths, data_digest)
    return begin_training_run(tracking, settings, dataset, tags).ending()


def settle_dead_runs(tracking: Tracking) -> None:
    """Settle the runs that killed processes of this project have left, told by their journals."""
    for line in settle(tracking.client, tracking.sender.runs, tracking.store):
        log.warning("%s", line)


def close_dead_runs(tracking: Tracking) -> None:
    """Do the same, and end as FAILED those of other projects on this machine."""
    settle_dead_runs(tracking)
    for entity in search(tracking, "attributes.status = 'RUNNING'"):
        if is_dead(entity.data.tags):
            run = OpenRun(tracking, entity.info.run_id)
            run.set_tags({CLOSED: DIED})
            run.end("FAILED")


def search(tracking: Tracking, query: str) -> list[Run]:
    """Runs of the experiment, newest first."""
    return records.search(tracking.client, tracking.experiment_id, query)


def begin_training_run(
    tracking: Tracking, settings: Mapping[str, Any], dataset: str, tags: Mapping[str, str]
) -> TrainingRun:
    """Open a training run with its configuration and the data that it reads.

    Args:
        dataset: name of the data set.
        tags: with its digest, and more.
    """
    name = dated_name("train, restored" if "restored" in tags else "train")
    run = TrainingRun.begin(tracking, name, {STAGE: "train", **tags}, flatten(settings))
    run.log_dataset(dataset, tags[DATA_DIGEST])
    if SWEEP_DIGEST in tags:
        query = f"tags.{STAGE} = 'sweep' and tags.{SWEEP_DIGEST} = '{tags[SWEEP_DIGEST]}'"
        run.write(records.link("sweep_run", query))
    return run


def origin_tags(paths: Paths, data_digest: str) -> dict[str, str]:
    """Where the project's model comes from: data, code, sweep and configuration."""
    tags = {DATA_DIGEST: data_digest, **git_tags(paths.root), **dvc_tags(paths.root)}
    if paths.sweep.is_dir():
        tags[SWEEP_DIGEST] = files.digest_tree(paths.sweep)
    if paths.config.is_file():
        tags["config_digest"] = files.digest_file(paths.config)
    return tags


def dated_name(stage: str) -> str:
    """A name of a run that begins now, to the second in UTC, so that two runs differ."""
    return f"{stage} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"


def _with_paragraph(note: str, beginning: str, text: str) -> str:
    """Put a paragraph first in a description, in place of the one that begins like it."""
    others = [part for part in note.split("\n\n") if part and not part.startswith(beginning)]
    return "\n\n".join([f"{beginning} {text}", *others])


def _describe_training(card: Mapping[str, Any]) -> str:
    best = ", ".join(f"{key} {value:.4g}" for key, value in card["validation"].items())
    return (
        f"{card['parameters']:,} parameters, {card['flops']:,} FLOPs a sequence of "
        f"{card['flops_at_length']} steps. Best after {card['best_epoch']:.3g} epochs: {best}."
    )
