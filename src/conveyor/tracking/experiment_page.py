"""What the page of an experiment shows in MLflow: a description, and saved views of its runs.

MLflow's table of runs shows no metric until somebody chooses columns, and opens on traces of
language models until somebody chooses otherwise. A saved view, which a link opens, has chosen both.
"""

import json
from dataclasses import dataclass
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Experiment

from conveyor.config import ConfigError, ExperimentConfig, load
from conveyor.paths import Paths
from conveyor.tasks.objectives import objectives
from conveyor.tasks.task import load_headline, load_metrics
from conveyor.tracking.metric_names import OBJECTIVE, TEST
from conveyor.tracking.page_address import ALL_RUNS, runs_address, versions_address
from conveyor.tracking.records import NOTE

KIND = "mlflow.experimentKind", "custom_model_development"  # a tag: the page opens on runs
WRITTEN = "description.written"  # a tag: the description that stands unless a person changes it
SAVED_VIEW = "mlflow.sharedViewState."  # prefix of the tags in which MLflow's page saves views
SAVED_AT = 1  # of the views, so that the same configuration gives the same tags
# In Markdown; a page that is folded shows the first line.
DESCRIPTION = """\
{links}

**{name}**: {task} of rows of {kind} from the data set {dataset}.

- A sweep is one run, with a run below it for each trial. The metric `objective` of a trial is \
`{objective}`, {objective_better} is better; a pruned trial has that of its last validation. The \
tag `state` says how a trial ended; those that failed are among all runs alone.
- A run named `train` made a model. Its `{headline}` is the {title} on the test rows, \
{headline_better} is better; no choice was made by these rows. The curves are `train_…` and \
`val_…`, and `within/…` is what happened inside the layers; `val_…_best` belongs to the model that \
was kept. All other metrics, with intervals and \
baselines, are in its artifact `evaluation`.
- A run named `retrain` is one retraining, and its description says what happened.
- The model that serves is the registered version with the alias `champion`.
"""
TRIALS, MODELS, NIGHTS = "trials", "models", "nights"


@dataclass(frozen=True)
class View:
    """A saved view of the table of runs.

    Attributes:
        name: in the menu of MLflow's page.
        columns: metrics, parameters, tags and attributes, as MLflow names columns.
        condition: of the runs that it lists, as MLflow's search takes it.
        metric: by which it sorts; None: the newest run comes first.
    """

    name: str
    columns: tuple[str, ...]
    condition: str = ""
    metric: str | None = None
    ascending: bool = False

    def as_json(self) -> str:
        """The value of the tag in which MLflow's page would save the view."""
        state: dict[str, Any] = {"selectedColumns": self.columns, "startTime": "ALL"}
        state["searchFilter"] = self.condition
        if self.metric:
            order = {"orderByKey": _column("metrics", self.metric), "orderByAsc": self.ascending}
            state |= order
        content = {"name": self.name, "createdAt": SAVED_AT, "state": json.dumps(state)}
        return json.dumps(content)


def write_experiment_page(client: MlflowClient, experiment: Experiment, paths: Paths) -> None:
    """Write the kind, the description and the views of an experiment, where they have changed.

    A description that a person has changed stays. Without a resolved configuration that is the
    experiment's, only the kind is written.
    """
    tags = dict([KIND])
    config = _load(experiment.name, paths)
    if config is not None:
        views = {f"{SAVED_VIEW}{key}": view.as_json() for key, view in make_views(config).items()}
        note = describe(config, experiment.experiment_id)
        tags |= views
        if experiment.tags.get(NOTE, "") in ("", experiment.tags.get(WRITTEN)):
            tags |= {NOTE: note, WRITTEN: note}
    for key, value in tags.items():
        if experiment.tags.get(key) != value:
            client.set_experiment_tag(experiment.experiment_id, key, value)


def make_views(config: ExperimentConfig) -> dict[str, View]:
    """The views of an experiment by the key that their address has."""
    task, sweep = config.dataset.target.task, config.sweep
    objective = _column("metrics", OBJECTIVE)
    test = _column("metrics", f"{TEST}{load_headline(task)}")
    verdict, version = _column("tags", "verdict"), _column("tags", "version")
    description = _column("attributes", "Description")
    searched = dict.fromkeys(_parameter(key) for key in sweep.space if "." in key)
    params = [_column("params", key) for key in searched]
    return {
        ALL_RUNS: View("All runs", (objective, test, *params, verdict, _column("tags", "state"))),
        TRIALS: View(
            "Trials, best first", (objective, *params, _column("tags", "state")),
            f"{_of('trial')} and attributes.status != 'FAILED'",
            OBJECTIVE, objectives()[sweep.objectives[0]] == "lower",
        ),
        MODELS: View("Trained models", (description, test, verdict, version), _of("train")),
        NIGHTS: View("Retrainings", (description, _column("tags", "outcome")), _of("retrain")),
    }  # fmt: skip


def describe(config: ExperimentConfig, experiment_id: str) -> str:
    """The description of an experiment, whose first line links its views; Markdown."""
    task, sweep = config.dataset.target.task, config.sweep
    headline, objective = load_headline(task), sweep.objectives[0]
    links = {
        view.name: runs_address(experiment_id, key) for key, view in make_views(config).items()
    }
    links["Registered versions"] = versions_address(config.name)
    return DESCRIPTION.format(
        links=" · ".join(f"[{title}]({target})" for title, target in links.items()),
        name=config.name,
        task=task,
        kind=config.dataset.kind,
        dataset=config.dataset.name,
        objective=objective,
        objective_better=objectives()[objective],
        headline=f"{TEST}{headline}",
        title=load_metrics(task)[headline].title,
        headline_better=load_metrics(task)[headline].better,
    )


def _load(name: str, paths: Paths) -> ExperimentConfig | None:
    try:
        config = load(ExperimentConfig, paths.config)
    except ConfigError:  # of an earlier version; whoever needs it refuses it
        return None
    return config if config.name == name else None


def _parameter(key: str) -> str:
    """The parameter of a run that holds what a key of the search space draws: a list for the
    places of one."""
    base, _, place = key.rpartition(".")
    return base if place.isdigit() else key


def _column(group: str, name: str) -> str:
    return f"{group}.`{name}`"


def _of(stage: str) -> str:
    """The condition that a run is one of a stage."""
    return f"tags.stage = '{stage}'"
