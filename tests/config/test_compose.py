"""conf/ and params.yaml become one checked configuration."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conveyor.config import ConfigError, check_serving, load, overlay
from conveyor.config.compose import compose
from conveyor.config.load import dump
from conveyor.paths import Paths

ROOT = Path(__file__).parents[2]
FILES = [f"{path.parent.name}={path.stem}" for path in sorted(ROOT.glob("conf/*/*.yaml"))]


@pytest.fixture
def project(tmp_path: Path) -> Paths:
    """A project folder of its own: the real conf/ and params.yaml, free to be spoiled."""
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    return Paths(tmp_path)


def write_params(project: Paths, text: str) -> None:
    project.params.write_text(text)


@pytest.mark.parametrize("choice", FILES)
def test_every_file_of_conf_composes_and_is_valid(choice: str) -> None:
    from pipeline.compose import checked

    group, _, name = choice.partition("=")
    assert checked(Paths(ROOT), [choice]).choose[group] == name


def test_params_win_over_conf_and_arguments_over_params(project: Paths) -> None:
    write_params(project, "choose: {model: lstm}\ntrain: {epochs: 7, batch_size: 5}")
    config = compose(project, ["model=gru", "train.epochs=3"])
    assert (config.model.cell, config.train.epochs, config.train.batch_size) == ("gru", 3, 5)


def test_a_single_choice_wins_over_the_experiment(project: Paths) -> None:
    write_params(project, "choose: {experiment: japanese_vowels, dataset: vader_tweets}")
    config = compose(project)
    assert (config.dataset.name, config.name) == ("vader_tweets", "vader_tweets")


def test_all_bad_fields_are_told_at_once_with_value_rule_and_place(project: Paths) -> None:
    write_params(project, "choose: {}\nmodel: {cell: lstn}\ntrain: {epohs: 3, epochs: -1}")
    with pytest.raises(ConfigError) as told:
        compose(project, ["seed=soon"])
    message = str(told.value)
    for part in (
        "model.cell: 'lstn' came; input should be 'lstm', 'gru' or 'simple' (change it in params",
        "train.epochs: -1 came; input should be greater than 0 (change it in params.yaml)",
        "train.epohs: there is no such setting; did you mean 'epochs'?",
        "seed: 'soon' came",
        "(change it in the command's arguments)",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("params", "part"),
    [
        ("choose: {modl: gru}", "choose.modl: no such group; did you mean 'model'?"),
        ("choose: {model: gruu}", "did you mean 'gru'?"),
        ("- a list", "must be a mapping"),
        ("choose: [model]", "`choose` must map groups to files"),
        ("train: {epochs: ${nowhere}}", "nowhere"),
        ("{", "not valid YAML"),
    ],
)
def test_unusable_params_are_one_clear_error(project: Paths, params: str, part: str) -> None:
    write_params(project, params)
    with pytest.raises(ConfigError, match=r".") as told:
        compose(project)
    assert part in str(told.value)


@pytest.mark.parametrize("dataset_change", [
    "dataset.source.format=hub", "dataset.labels.thresholds=[1.0]", "dataset.columns.long.id=a",
])  # fmt: skip
def test_settings_that_contradict_each_other_are_refused(dataset_change: str) -> None:
    with pytest.raises(ConfigError, match="dataset"):
        compose(Paths(ROOT), [dataset_change])


@pytest.mark.parametrize(
    ("params", "came"),
    [("choose: {serving: int8, model: gru}", "model.cell=gru"),
     ('choose: {serving: int8}\nsweep: {space: {model.cell: "choice(lstm, gru)"}}',
      "sweep.space.model.cell"),
     ("choose: {serving: int8, model: lstm}", None),
     ("choose: {model: gru}", None)],
)  # fmt: skip
def test_int8_is_refused_for_cells_that_cannot_run_so(
    project: Paths, params: str, came: str | None
) -> None:
    write_params(project, params)
    config = compose(project)
    if came is None:
        check_serving(config)
        return
    with pytest.raises(ConfigError, match=rf"and {came} is asked for; take cell=lstm"):
        check_serving(config)


def test_a_null_takes_a_key_out_of_the_search(project: Paths) -> None:
    write_params(project, "choose: {}\nsweep: {space: {model.units: null}}")
    space = compose(project).sweep.space
    assert "model.units" not in space
    assert "train.learning_rate" in space


@pytest.mark.parametrize(
    ("params", "searched"),
    [
        ("train: {}", True),
        ("train: {learning_rate: 0.002}", False),
        ("train: {epochs: 3}", True),
        (
            "train: {learning_rate: 0.002}\n"
            'sweep: {space: {train.learning_rate: "interval(0.001, 0.1)"}}',
            True,
        ),
    ],
)
def test_a_value_that_the_experiment_names_is_not_searched(
    project: Paths, params: str, searched: bool
) -> None:
    write_params(project, f"choose: {{}}\n{params}")
    assert ("train.learning_rate" in compose(project).sweep.space) is searched


def test_an_argument_is_not_searched_and_a_search_of_nothing_is_skipped(project: Paths) -> None:
    write_params(project, "choose: {}\nmodel: {units: [8], dropout: 0.1}")
    config = compose(project, ["train.learning_rate=0.002"])
    assert config.train.learning_rate == 0.002
    assert config.sweep.space == {}
    assert not config.sweep.enabled


def test_a_stage_gets_only_the_keys_it_names(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(dump(compose(Paths(ROOT)))))
    part = load("seed", "model", path=path)
    assert part.seed == 17
    with pytest.raises(AttributeError):
        _ = part.train
    with pytest.raises(ConfigError, match="dvc repro"):
        load("seed", path=tmp_path / "missing.yaml")


def test_an_overlay_is_checked_like_any_value() -> None:
    config = compose(Paths(ROOT))
    assert overlay(config, {"train.learning_rate": 0.5}).train.learning_rate == 0.5
    with pytest.raises(ConfigError, match=r"train\.learning_rate"):
        overlay(config, {"train.learning_rate": -0.5})
    with pytest.raises(ConfigError, match=r"there is no 'train\.rate'"):
        overlay(config, {"train.rate": 1})


def compose_command(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline.compose", *arguments]
    return subprocess.run(
        command,
        cwd=cwd,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
        capture_output=True,
        text=True,
    )


def test_the_command_shows_without_writing_and_explains_itself(project: Paths) -> None:
    shown = compose_command(project.root, "--print", "model=gru", "train.epochs=3")
    assert yaml.safe_load(shown.stdout)["model"]["cell"] == "gru"
    assert not project.config.exists()
    assert "train.epochs=3" in compose_command(project.root, "--help").stdout


def test_the_command_writes_the_same_bytes_each_time_or_nothing(project: Paths) -> None:
    assert compose_command(project.root).returncode == 0
    first = project.config.read_bytes()
    assert compose_command(project.root).returncode == 0
    assert project.config.read_bytes() == first
    write_params(project, "choose: {}\ntrain: {epochs: none}")
    failed = compose_command(project.root)
    assert failed.returncode == 2
    assert "Traceback" not in failed.stderr
    assert project.config.read_bytes() == first
