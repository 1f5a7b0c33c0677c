"""conf/ and params.yaml become one checked configuration."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conveyor.compose import compose
from conveyor.config import ConfigError, FitConfig, TrainConfig, load, narrow, overlay
from conveyor.paths import Paths

ROOT = Path(__file__).parents[2]
NOT_FOR_PEOPLE = ("# @package", "# yaml-language-server:")


FILES = sorted(ROOT.glob("conf/*/*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}={file.stem}")
def test_every_file_of_conf_opens_with_a_command_that_uses_it(file: Path) -> None:
    lines = file.read_text().splitlines()
    command = next(line for line in lines if not line.startswith(NOT_FOR_PEOPLE))
    words = shlex.split(command.removeprefix("# "), comments=True)
    assert words[0] in ("dvc", "python")
    overrides = [word for word in words if "=" in word]
    assert overrides
    assert compose(Paths(ROOT), overrides).choose[file.parent.name] == file.stem


def test_a_folder_without_conf_or_params_is_one_clear_error(project: Paths) -> None:
    project.params.unlink()
    with pytest.raises(ConfigError, match=r"params\.yaml: expected a file that holds at least"):
        compose(project)
    shutil.rmtree(project.conf)
    with pytest.raises(ConfigError, match=r"conf: expected a folder; got none\. Run the command"):
        compose(project)


def test_params_win_over_conf_and_arguments_over_params(project: Paths) -> None:
    project.params.write_text("choose: {model: lstm}\ntrain: {epochs: 7, batch_size: 5}")
    config = compose(project, ["model=gru", "train.epochs=3"])
    assert (config.model.cell, config.train.epochs, config.train.batch_size) == ("gru", 3, 5)


def test_a_single_choice_wins_over_the_experiment(project: Paths) -> None:
    project.params.write_text("choose: {experiment: japanese_vowels, dataset: vader_tweets}")
    config = compose(project)
    assert (config.dataset.name, config.name) == ("vader_tweets", "vader_tweets")


def test_all_bad_fields_are_told_at_once_with_value_rule_and_place(project: Paths) -> None:
    project.params.write_text("choose: {}\nmodel: {cell: lstn}\ntrain: {epohs: 3, epochs: -1}")
    with pytest.raises(ConfigError) as told:
        compose(project, ["seed=soon"])
    message = str(told.value)
    for part in (
        "model.cell: expected 'lstm', 'gru' or 'simple'; got 'lstn'. Change it in params.yaml",
        "train.epochs: expected a number greater than 0; got -1. Change it in params.yaml",
        "train.epohs: there is no such setting; did you mean 'epochs'? Change it in params.yaml",
        "seed: expected an integer; got 'soon'. Change it in the command's arguments",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("params", "part"),
    [
        ("choose: {modl: gru}", "choose.modl: there is no such group; did you mean 'model'?"),
        ("choose: {model: gruu}", "did you mean 'gru'?"),
        ("- a list", "expected a mapping"),
        ("choose: false", "choose: expected a mapping of groups to files"),
        ("train: {epochs: 3}\ntrain: {patience: 3}", "duplicate key train"),
        ("model: gru", "set choose.model"),
        ("train.epochs: 3", "there is no such setting"),
        ("choose: [model]", "choose: expected a mapping of groups to files"),
        ("train: {epochs: ${nowhere}}", "nowhere"),
        ("{", "not valid YAML"),
    ],
)
def test_unusable_params_are_one_clear_error(project: Paths, params: str, part: str) -> None:
    project.params.write_text(params)
    with pytest.raises(ConfigError, match=r".") as told:
        compose(project)
    assert part in str(told.value)


@pytest.mark.parametrize("dataset_change", [
    "dataset.source.format=hub", "dataset.target.thresholds=[1.0]", "dataset.columns.long.id=a",
])  # fmt: skip
def test_settings_that_contradict_each_other_are_refused(dataset_change: str) -> None:
    with pytest.raises(ConfigError, match="dataset"):
        compose(Paths(ROOT), [dataset_change])


def test_the_kernel_of_float32_is_refused_for_another_precision() -> None:
    overrides = ["model.kernel=fused", "train.precision=mixed_float16"]
    with pytest.raises(ConfigError, match=r"train\.precision: expected float32 with model\.kernel"):
        compose(Paths(ROOT), overrides)


@pytest.mark.parametrize(
    ("params", "cell"),
    [("choose: {serving: int8, model: gru}", "model.cell=gru"),
     ('choose: {serving: int8}\nsweep: {space: {model.cell: "choice(lstm, gru)"}}',
      "a search of model.cell"),
     ("choose: {serving: int8, model: lstm}", None),
     ("choose: {model: gru}", None)],
)  # fmt: skip
def test_int8_is_refused_for_cells_that_cannot_run_so(
    project: Paths, params: str, cell: str | None
) -> None:
    project.params.write_text(params)
    if cell is None:
        compose(project)
        return
    with pytest.raises(ConfigError, match=f"int8 serves LSTM layers only; got {cell}"):
        compose(project)


def test_a_null_takes_a_key_out_of_the_search(project: Paths) -> None:
    project.params.write_text("choose: {}\nsweep: {space: {model.units: null}}")
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
    project.params.write_text(f"choose: {{}}\n{params}")
    assert ("train.learning_rate" in compose(project).sweep.space) is searched


def test_an_argument_is_not_searched_and_a_search_of_nothing_is_skipped(project: Paths) -> None:
    project.params.write_text("choose: {}\nmodel: {units: [8], dropout: 0.1}")
    config = compose(project, ["train.learning_rate=0.002"])
    assert config.train.learning_rate == 0.002
    assert config.sweep.space == {}
    assert not config.sweep.enabled


def test_a_stage_gets_only_the_keys_it_names(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    values = compose(Paths(ROOT)).model_dump(mode="json")
    path.write_text(yaml.safe_dump({**values, "gates": "of no concern to a fit"}))
    config = load(FitConfig, path)
    assert config.seed == 17
    assert set(config.model_dump()) == {"name", "seed", "model", "head", "train"}
    with pytest.raises(ConfigError, match="dvc repro"):
        load(FitConfig, tmp_path / "missing.yaml")
    path.write_text("- a list")
    with pytest.raises(ConfigError, match="expected a mapping"):
        load(FitConfig, path)


def test_an_overlay_is_checked_like_any_value() -> None:
    config = compose(Paths(ROOT))
    assert overlay(config, {"train.learning_rate": 0.5}).train.learning_rate == 0.5
    with pytest.raises(ConfigError, match=r"train\.learning_rate"):
        overlay(config, {"train.learning_rate": -0.5})
    with pytest.raises(ConfigError, match=r"there is no 'train\.rate'"):
        overlay(config, {"train.rate": 1})


def test_an_overlay_keeps_the_class_of_what_it_is_laid_over() -> None:
    config = narrow(compose(Paths(ROOT)), TrainConfig)
    changed = overlay(config, {"serving.quantisation": "none", "seed": 3})
    assert (type(changed), changed.seed) == (TrainConfig, 3)
    assert type(narrow(changed, FitConfig)) is FitConfig
    with pytest.raises(ConfigError, match=r"there is no 'sweep\.trials'"):
        overlay(config, {"sweep.trials": 3})


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
    project.params.write_text("choose: {}\ntrain: {epochs: none}")
    failed = compose_command(project.root)
    assert failed.returncode == 2
    assert "Traceback" not in failed.stderr
    assert project.config.read_bytes() == first
