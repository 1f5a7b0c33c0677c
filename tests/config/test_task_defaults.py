"""What the task of a data set decides in the configuration: defaults, and which metrics exist."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from conveyor.compose import compose
from conveyor.config import ConfigError
from conveyor.paths import Paths
from conveyor.tasks.task import TASKS, load_metrics

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Paths:
    """A project folder of its own, with the real conf/."""
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    return Paths(tmp_path)


def write_params(project: Paths, text: str) -> None:
    project.params.write_text(text)


NUMBERS = "choose: {dataset: vader_rating, experiment: null}\n"


@pytest.mark.parametrize(
    ("params", "part"),
    [
        ("sweep: {objectives: [val_rmse]}",
         "sweep.objectives: expected some of val_loss, val_accuracy, "),
        ("dataset: {target: {task: regresion}}",
         "dataset.target.task: expected 'classification', 'multilabel', 'regression', "
         "'tagging' or 'forecasting'; got 'regresion'. Change it in params.yaml"),
        ("dataset: {columns: {label: team}}",
         "it is now dataset.target, as in `target: {task: classification, column: NAME}`"),
        (NUMBERS + "sweep: {objectives: [val_accuracy]}",
         "for regression; got 'val_accuracy'"),
        (NUMBERS + "sweep: {constraints: [val_mcc >= 0.5]}",
         "sweep.constraints: expected some of val_loss, val_mae, "),
        (NUMBERS + "sweep: {space: {head.loss: 'choice(mse, huber)'}}",
         "losses of different head.loss do not compare; got val_loss. Set one of val_mae, "),
        ("gates: {bars: {rmse: {min: null, max: 1.0}}}",
         "gates.bars.rmse: expected one of accuracy, balanced_accuracy, "),
        (NUMBERS + "gates: {champion: {metric: accuracy}}",
         "gates.champion.metric: expected one of mae, rmse, "),
        (NUMBERS + "gates: {champion: {test: mcnemar}}",
         "gates.champion.test: expected one of bootstrap; got 'mcnemar'"),
        (NUMBERS + "gates: {slices: {bars: {'length *': {mcc: {min: 0.1, max: null}}}}}",
         "gates.slices.bars.length *.mcc: expected one of mae"),
        ("choose: {dataset: vader_rating, experiment: null, gates: classification}",
         "gates.bars.ece: expected one of mae"),
        ("choose: {dataset: vader_tweets}\nhead: {costs: {negativ: 5.0}}",
         "head.costs: expected names among the classes negative, positive; got 'negativ'. "
         "Change it in params.yaml or in conf/head."),
        ("choose: {dataset: vader_rating, experiment: null, head: classification}",
         "head.task: expected regression, as dataset.target.task; got classification. "
         "Set choose.head=regression"),
    ],
)  # fmt: skip
def test_what_another_task_has_is_refused_with_what_this_one_has(
    project: Paths, params: str, part: str
) -> None:
    write_params(project, params)
    with pytest.raises(ConfigError, match=r".") as told:
        compose(project)
    assert part in str(told.value)


def test_defaults_follow_the_task_of_the_data_set(project: Paths) -> None:
    for choice, task in (("japanese_vowels", "classification"), ("vader_rating", "regression")):
        write_params(project, f"choose: {{dataset: {choice}}}")
        config = compose(project)
        assert (config.head.task, config.evaluate.report.task) == (task, task)
        assert config.choose["gates"] == task
    write_params(project, "choose: {dataset: vader_rating, head: regression}")
    assert compose(project).choose["gates"] == "regression"
    write_params(
        project, "choose: {}\ndataset: {target: {task: multilabel, column: label, separator: ';'}}"
    )
    assert compose(project).head.task == "multilabel"


def test_a_loss_that_varies_needs_a_metric_as_objective(project: Paths) -> None:
    space = "space: {head.loss: 'choice(mse, huber)'}"
    write_params(project, f"{NUMBERS}sweep: {{objectives: [val_scaled_mae], {space}}}")
    assert compose(project).sweep.objectives == ("val_scaled_mae",)
    write_params(project, "choose: {}\nsweep: {space: {head.loss: 'choice(cross_entropy, focal)'}}")
    assert "head.loss" in compose(project).sweep.space


def test_a_metric_of_several_tasks_is_better_in_one_direction() -> None:
    directions: dict[str, set[str]] = {}
    for task in TASKS:
        for name, metric in load_metrics(task).items():
            directions.setdefault(name, set()).add(metric.better)
    assert all(len(better) == 1 for better in directions.values()), directions


def test_the_settings_of_the_page_for_rare_classes_are_accepted(project: Paths) -> None:
    page = (ROOT / "docs/extending.md").read_text()
    section = page.partition("## Rare classes and unequal errors\n")[2].partition("\n## ")[0]
    spans = re.findall(r"`(head: .*?)`", section)
    assert len(spans) == 5
    for span in spans:
        target = {"task": "multilabel" if "label_weights" in span else "classification"}
        target |= {"column": "label"}
        params = {"choose": {}, "dataset": {"target": target}, **yaml.safe_load(span)}
        write_params(project, yaml.safe_dump(params))
        head = compose(project).head.model_dump()
        assert params["head"].items() <= head.items()
