"""Overrides of a command: applied wherever they are accepted, else refused."""

import re
from pathlib import Path
from typing import Any

import pytest

from conveyor.compose import compose
from conveyor.config import ConfigError
from conveyor.paths import Paths

ROOT = Path(__file__).parents[2]


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Leaves by dotted key."""
    leaves: dict[str, Any] = {}
    for key, value in values.items():
        nested = isinstance(value, dict) and value
        leaves |= flat(value, f"{prefix}{key}.") if nested else {f"{prefix}{key}": value}
    return leaves


def changes(project: Paths, *overrides: str) -> dict[str, Any]:
    """Leaves that differ from the configuration without these overrides; None where removed."""
    before = flat(compose(project).model_dump(mode="json"))
    after = flat(compose(project, overrides).model_dump(mode="json"))
    return {k: after.get(k) for k in before.keys() | after.keys() if before.get(k) != after.get(k)}


GRU = {"choose.model": "gru", "model.cell": "gru", "model.units": [64, 64], "model.front": "none",
       "model.pooling": "last", "model.head_dropout": 0.0}  # fmt: skip


APPLIED: list[tuple[list[str], dict[str, Any]]] = [
    (["model=gru"], GRU),
    (["+model=gru"], GRU),
    (["choose.model=gru"], GRU),
    (["+choose.model=gru"], GRU),
    (["choose={model: gru}"], GRU),
    (["experiment=null"], {"choose.experiment": None}),
    (["choose.experiment=null"], {"choose.experiment": None}),
    (["train.epochs=3"], {"train.epochs": 3}),
    (["+train.epochs=3"], {"train.epochs": 3}),
    (["++train.epochs=3"], {"train.epochs": 3}),
    (["train={epochs: 3}"], {"train.epochs": 3}),
    (["train.clip_norm=null"], {"train.clip_norm": None}),
    (["train.learning_rate=0.003"],
     {"train.learning_rate": 0.003, "sweep.space.train.learning_rate": None}),
    (["model={units: [8]}"], {"model.units": [8], "sweep.space.model.units": None}),
    (["sweep.space.model.units=null"], {"sweep.space.model.units": None}),
    (["~sweep.space.model.units"], {"sweep.space.model.units": None}),
    (["sweep.space.train.patience=choice(3, 4)"], {"sweep.space.train.patience": "choice(3, 4)"}),
    (["sweep.space={train.patience: 'choice(3, 4)'}"],
     {"sweep.space.train.patience": "choice(3, 4)"}),
]  # fmt: skip


REFUSED: list[tuple[list[str], str]] = [
    (["modl=gru"], "did you mean 'model'"),
    (["model=gruu"], "choose.model: expected a file of conf/model/; got 'gruu'"),
    (["choose.modl=gru"], "choose.modl: there is no such group"),
    (["choose.model.cell=gru"], "choose.model.cell: there is no such group"),
    (["choose=null"], "expected a mapping of groups to files"),
    (["choose=gru"], "expected a mapping of groups to files"),
    (["model=gru,lstm"], "got several"),
    (["model=[gru]"], "expected a file of conf/model/"),
    (["model@x=gru"], "package"),
    (["dataset/base=text"], "choose.dataset/base: there is no such group"),
    (["hydra/launcher=basic"], "choose.hydra/launcher: there is no such group"),
    (["hydra.run.dir=x"], "hydra: there is no such setting. Change it in the command's"),
    (["~model"], "a choice cannot be deleted"),
    (["~choose.model"], "a choice cannot be deleted"),
    (["~choose"], "a choice cannot be deleted"),
    (["~train.epochs"], "train.epochs: expected a value; got none"),
    (["~train.nothing"], "no such setting to delete"),
    (["~nowhere.x"], "no such setting to delete"),
    (
        ["train.folds=1"],
        "train.folds: expected 'auto' or a number greater than or equal to 2; got 1",
    ),
    (["train.epochs="], "train.epochs: expected an integer; got ''"),
    (["train.epohs=3"], "did you mean 'epochs'"),
    (["train.epochs=choice(3, 4)"], "sweep.space.train.epochs"),
    (["train=3"], "choose.train: expected a file of conf/train/; got 3"),
    (["model=gru", "model=lstm"], "overridden twice"),
    (["model=gru", "choose.model=lstm"], "overridden twice"),
    (["train={epochs: 3}", "train.epochs=4"], "overridden twice"),
    (["train.epochs"], "cannot read the overrides"),
    (
        ["dataset.split.test={by: column, column: a, value: 3}"],
        "dataset.split.test.value: expected a string; got 3",
    ),
    (
        ["dataset.split.test={by: share, share: 2}"],
        "dataset.split.test.share: expected a number less than 1; got 2",
    ),
    (["dataset.source.files={all: [1]}"], "dataset.source.files.all.0: expected a string; got 1"),
    (["model.units=[]"], "model.units: expected at least 1 item; got []"),
    (["schedule.cron=daily"], "schedule.cron: expected 5 fields"),
    (
        ["dataset.target.thresholds=[1.0]"],
        "classes: expected one name more than thresholds [1.0]; got None",
    ),
    (
        ["dataset.source.format=hub", "dataset.source.hub=a/b"],
        "revision: expected a commit, tag or branch of the hub data set; got null",
    ),
    (
        ["dataset.split.test={by: share, shar: 0.2}"],
        "dataset.split.test.shar: there is no such setting; did you mean 'share'?",
    ),
]


@pytest.mark.parametrize(("overrides", "expected"), APPLIED)
def test_an_override_is_applied_wherever_it_is_accepted(
    project: Paths, overrides: list[str], expected: dict[str, Any]
) -> None:
    assert changes(project, *overrides) == expected


@pytest.mark.parametrize(("overrides", "reason"), REFUSED)
def test_an_override_that_is_not_applied_is_refused(
    project: Paths, overrides: list[str], reason: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(reason)):
        compose(project, overrides)


@pytest.mark.parametrize(
    ("choose", "override"), [("layers", "model.units=[8]"), ("layers", "model={units: [8, 8]}")]
)
def test_a_list_that_is_set_is_not_searched_place_by_place(
    project: Paths, choose: str, override: str
) -> None:
    space = compose(project, [f"sweep={choose}", override]).sweep.space
    assert sorted(space) == ["model.dropout", "train.learning_rate"]


def test_levels_that_dvc_writes_into_the_search_space_are_its_keys(project: Paths) -> None:
    """`dvc exp run -S +sweep.space.model.units=null` writes one level a dot."""
    project.params.write_text(
        "sweep: {space: {model: {units: null}, train: {patience: 'range(3, 5)'}}}"
    )
    space = compose(project).sweep.space
    assert "model.units" not in space
    assert space["train.patience"] == "range(3, 5)"
