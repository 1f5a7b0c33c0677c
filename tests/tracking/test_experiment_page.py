"""What an experiment shows in MLflow's pages: its kind, its description, views of its runs."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from conveyor import files
from conveyor.config import Config
from conveyor.paths import Paths
from conveyor.tracking.experiment_page import NOTE, SAVED_VIEW
from conveyor.tracking.store import connect


def write_config(paths: Paths, values: dict[str, Any]) -> None:
    paths.config.parent.mkdir(exist_ok=True)
    paths.config.write_text(yaml.safe_dump(values))


@pytest.fixture
def project(tmp_path: Path, empty_store: Path, toy_config: Config) -> Paths:
    shutil.copy(empty_store, tmp_path)
    paths = Paths(tmp_path)
    values = toy_config.model_dump(mode="json")
    values["sweep"]["space"] = {"model.units.0": "choice(4, 8)", "layers": "range(1, 2)",
                                "model.units.1": "choice(4, 8)"}  # fmt: skip
    write_config(paths, values)
    return paths


def tags_of(paths: Paths) -> dict[str, str]:
    tracking = connect("toys", paths)
    return tracking.client.get_experiment(tracking.experiment_id).tags


def view(tags: dict[str, str], key: str) -> dict[str, Any]:
    return json.loads(json.loads(tags[f"{SAVED_VIEW}{key}"])["state"])


def test_an_experiment_opens_on_its_runs_and_says_what_they_are(project: Paths) -> None:
    tags = tags_of(project)
    assert tags["mlflow.experimentKind"] == "custom_model_development"
    first, *rest = tags[NOTE].splitlines()
    for key in re.findall(r"viewStateShareKey=(\w+)", first):
        assert f"{SAVED_VIEW}{key}" in tags
    assert "[Trials, best first](#/experiments/1/runs?" in first
    assert "(#/models/toys?" in first
    text = "\n".join(rest)
    assert "**toys**: classification of rows of series from the data set toys." in text
    assert "`objective` of a trial is `val_loss`, lower is better" in text
    assert "`test_accuracy` is the accuracy on the test rows, higher is better" in text


def test_the_views_show_the_objective_and_what_a_sweep_searches(project: Paths) -> None:
    trials = view(tags_of(project), "trials")
    assert trials["orderByKey"] == "metrics.`objective`"
    assert trials["orderByAsc"] is True
    assert trials["searchFilter"] == "tags.stage = 'trial' and attributes.status != 'FAILED'"
    expected = ["metrics.`objective`", "params.`model.units`", "tags.`state`"]
    assert trials["selectedColumns"] == expected
    runs = view(tags_of(project), "runs")
    assert {"metrics.`objective`", "metrics.`test_accuracy`"} < set(runs["selectedColumns"])


def test_a_description_that_a_person_wrote_stays(project: Paths) -> None:
    tracking = connect("toys", project)
    tracking.client.set_experiment_tag(tracking.experiment_id, NOTE, "ours")
    assert tags_of(project)[NOTE] == "ours"


def test_a_description_follows_the_configuration(project: Paths) -> None:
    tags_of(project)
    values = files.read_yaml(project.config)
    values["sweep"]["objectives"] = ["val_accuracy"]
    write_config(project, values)
    tags = tags_of(project)
    assert "`val_accuracy`, higher is better" in tags[NOTE]
    assert view(tags, "trials")["orderByAsc"] is False


def test_an_experiment_without_its_configuration_has_its_kind_alone(project: Paths) -> None:
    connect("others", project)
    project.config.write_text("name: others\n")
    tracking = connect("others", project)
    tags = tracking.client.get_experiment(tracking.experiment_id).tags
    assert tags == {"mlflow.experimentKind": "custom_model_development"}
