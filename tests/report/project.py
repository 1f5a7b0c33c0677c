"""A project after its belt whose every text is a nasty label, and its MLflow store."""

import shutil
from pathlib import Path

import yaml
from labels import NASTY_LABELS
from mlflow import MlflowClient
from test_escape import SCORING, evaluated, verdict

from conveyor import files
from conveyor.config import Config
from conveyor.evaluation import report
from conveyor.paths import Paths
from conveyor.plots import data as data_plots
from conveyor.registry.history import Change, History
from conveyor.registry.model_version import RegisteredModel
from conveyor.registry.verdict_files import verdict_tags
from conveyor.tracking.runs import MODEL_DIGEST

SPLITS = ("train", "validation", "test")
NASTY = " ".join(NASTY_LABELS) + "</script><script>window.hacked = true</script><img src=x>"


def write_project(root: Path, model: Path, store: Path, config: Config) -> None:
    """Write what the stages leave, with the labels in each place that holds a text of the data.

    Args:
        model: a model folder, to copy.
        store: an empty MLflow store, to copy.
    """
    paths = Paths(root)
    values = config.model_dump(mode="json")
    values["dataset"]["source"]["hub"] = NASTY
    files.write_text(paths.config, yaml.safe_dump(values))
    files.write_text(paths.params, yaml.safe_dump({"choose": {"experiment": "smoke"}, "x": NASTY}))
    _write_data(paths)
    _write_sweep(paths, config)
    shutil.copytree(model, paths.model)
    evaluation, data = evaluated()
    report.write(paths.evaluation, evaluation, data, SCORING)
    shutil.copy(store, root / "mlflow.db")
    _register(paths, config.name)


def _write_data(paths: Paths) -> None:
    lengths = {"min": 3.0, "median": 6.0, "p95": 9.0, "max": 9.0}
    counts = {split: dict.fromkeys(NASTY_LABELS, 3) for split in SPLITS}
    entry = {"part": "all", "first": NASTY, "files": 1, "short_rows": 0, "encoding": "utf-8"}
    content = {
        "rows": {"read": 90, **dict.fromkeys(SPLITS, 30)},
        "lengths": dict.fromkeys(SPLITS, lengths),
        "truncated": dict.fromkeys(SPLITS, 0),
        "dropped": {"missing_target": {"rows": 2, "ids": [NASTY]}},
        "removed_between_splits": {},
        "duplicates_within": {},
        "conflicting_targets": {"rows": 0, "ids": []},
        "files": [entry],
        "missing_values": None,
        "steps": None,
        "warnings": [NASTY],
        "classes": counts,
    }
    files.write_json(paths.data_report, content)
    data_plots.plot_counts(counts, paths.data_plots / "classes.png", "Classes")


def _write_sweep(paths: Paths, config: Config) -> None:
    keys = [key for key, values in config.sweep.space.items() if values is not None]
    columns = ["trial", "state", "feasible", "objective", *keys, "reason"]
    settings = [NASTY for _ in keys]
    rows = [
        [0, "complete", "true", 0.5, *settings, ""],
        [1, "pruned", "true", 0.9, *settings, ""],
        [2, "complete", "true", 0.4, *settings, ""],
        [3, "failed", "true", "", *settings, NASTY],
    ]
    files.write_csv(paths.sweep / "trials.csv", columns, rows)
    shares = [[key, 1 / len(keys)] for key in keys]
    files.write_csv(paths.sweep / "importance.csv", ["parameter", "share"], shares)
    best = {"trial": 2, "params": dict.fromkeys(keys, NASTY), "objectives": {"val_loss": 0.4}}
    files.write_text(paths.sweep / "best.yaml", yaml.safe_dump(best))


def _register(paths: Paths, name: str) -> None:
    """Register the model folder as version 1, refused by a gate on each label, and promote it."""
    url = files.sqlite_url(paths.root / "mlflow.db")
    client = MlflowClient(url, url)
    run = client.create_run(client.create_experiment(name))
    client.create_registered_model(name)
    tags = {**verdict_tags(verdict()), MODEL_DIGEST: files.digest_tree(paths.model)}
    source = str(paths.model)
    client.create_model_version(name, source, run_id=run.info.run_id, tags=tags)
    client.set_registered_model_alias(name, "champion", "1")
    change = Change(1, "2026-01-02T03:04:05+00:00", "me", "forced", None, "1", NASTY)
    History(RegisteredModel(client, name)).record(change)
