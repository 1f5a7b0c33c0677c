"""Resolves conf/ and params.yaml into one configuration. No other module composes Hydra.

`dvc repro` does not compose Hydra (treeverse/dvc#10750), so the stage `compose` does; nothing else
reads conf/ or params.yaml.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from conveyor.config.interpolation import require_pure
from conveyor.config.load import ConfigError, find_parent, overlay, validate
from conveyor.config.messages import suggest
from conveyor.config.overrides import Overrides, overlap, parse_overrides
from conveyor.config.space import CHOOSE, flatten_space, has_value, remove_fixed
from conveyor.config.stages import Config, may_divide
from conveyor.config.yaml_text import read_yaml_text
from conveyor.paths import Paths
from conveyor.tasks.task import TASKS

KINDS = ("series", "text")  # of sequences: dataset.kind
EXPERIMENT = "experiment"  # the group whose files name choices of the other groups
COMMAND = "the command's arguments"


def resolve(paths: Paths, overrides: Sequence[str] = ()) -> Config:
    """Resolve the configuration of a project folder, and check it against types and limits.

    Use `conveyor.compose.compose`, which also checks settings that depend on each other.

    Args:
        overrides: Hydra overrides that win over params.yaml; see `parse_overrides`.

    Raises:
        ConfigError: conf/ or params.yaml is missing, a group, file or setting does not exist, or a
            value is not allowed. The message lists all bad fields, with the place of each.
    """
    groups = _read_groups(paths.conf)
    for path in sorted(paths.conf.rglob("*.yaml")):
        _check_conf_file(path)
    arguments = parse_overrides(overrides, groups)
    require_pure(arguments.values, COMMAND)
    params = _read_params(paths.params, groups)
    require_pure(params, paths.params)
    merged = OmegaConf.merge(params, arguments.values)
    experiment: Any = OmegaConf.to_container(merged)
    flatten_space(experiment)
    choose = experiment.pop(CHOOSE, None) or {}
    _check_choices(paths.conf, groups, choose, arguments)
    values = _merge(paths.conf, choose, experiment)
    for path in arguments.deleted:
        parent = find_parent(values, path)
        if parent is None:
            raise ConfigError(f"~{'.'.join(path)}: there is no such setting to delete")
        del parent[path[-1]]
    remove_fixed(values, experiment)
    config = validate(
        Config, values, origin=lambda key: _find_origin(key, arguments, experiment, values)
    )
    if config.train.folds == "auto" and not may_divide(config.dataset.split):
        config = overlay(config, {"train.folds": None})
    # DVC sees a change in the settings that sweep and train read, since they read no `retrain`.
    if config.retrain.sweep == "warm":
        config = overlay(config, {"sweep.warm_start.champion": True})
    if config.retrain.init == "champion":
        config = overlay(config, {"train.init": "champion"})
    return config


def _read_groups(conf: Path) -> list[str]:
    if not conf.is_dir():
        raise ConfigError(
            f"{conf}: expected a folder; got none. Run the command in the folder of a project"
        )
    return sorted(folder.name for folder in conf.iterdir() if folder.is_dir())


def _check_conf_file(path: Path) -> None:
    """Refuse aliases that would fill the memory, and interpolations of what is no setting."""
    content = path.read_bytes()
    if b"&" in content or b"${" in content:
        require_pure(yaml.load(read_yaml_text(path), yaml.CSafeLoader), path)


def _read_params(path: Path, groups: Collection[str]) -> dict[str, Any]:
    if not path.is_file():
        raise ConfigError(f"{path}: expected a file that holds at least `choose: {{}}`; got none")
    text = read_yaml_text(path)
    try:
        params: Any = OmegaConf.to_container(OmegaConf.create(text))
    except (yaml.YAMLError, OmegaConfBaseException, ValueError) as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(params, dict):
        raise ConfigError(f"{path}: expected a mapping such as `choose: {{}}`; got {params!r}")
    choose = params.get(CHOOSE)
    if choose is not None and not isinstance(choose, dict):
        raise ConfigError(f"{path}: choose: expected a mapping of groups to files; got {choose!r}")
    for group in groups:
        if isinstance(params.get(group), str):
            raise ConfigError(
                f"{path}: {group}: expected a mapping of settings; got {params[group]!r}. To take "
                f"a file of conf/{group}/, set choose.{group}"
            )
    return params


def _check_choices(
    conf: Path, groups: Sequence[str], choose: Mapping[str, Any], arguments: Overrides
) -> None:
    problems = []
    for group, choice in choose.items():
        if group not in groups:
            problems.append(f"  choose.{group}: there is no such group{_hint(group, groups)}")
            continue
        files = sorted(file.stem for file in (conf / group).glob("*.yaml"))
        if choice is not None and choice not in files:
            place = COMMAND if f"{CHOOSE}.{group}" in arguments.keys else "params.yaml"
            problem = (
                f"expected a file of conf/{group}/; got {choice!r}"
                f"{_hint(str(choice), files)}. Change it in {place}"
            )
            file = f"conf/{group}/{choice}.yaml"
            if _is_left_behind(conf / group / f"{choice}.yaml"):
                problem = (
                    f"{file} is not in git yet, and a queued or temporary experiment runs in a "
                    f"copy of what git knows. Run `git add {file}`, and queue it again"
                )
            problems.append(f"  choose.{group}: {problem}")
    if problems:
        raise ConfigError("\n".join(["the configuration is not valid:", *problems]))


def _is_left_behind(path: Path) -> bool:
    """Return whether this is the copy of a project that DVC made for an experiment, and the file is
    in the project only."""
    project, separator, rest = path.absolute().as_posix().partition("/.dvc/tmp/exps/")
    below = rest.split("/")
    names = [Path(project, *below[start:]) for start in range(1, len(below))]
    return bool(separator) and any(name.is_file() for name in names)


def _hint(name: str, names: Sequence[str]) -> str:
    return f"{suggest(name, names)} (there are {', '.join(names)})"


def _merge(conf: Path, choose: Mapping[str, Any], experiment: dict[str, Any]) -> dict[str, Any]:
    """Merge the chosen files of conf/ and the values of the experiment, which win."""
    try:
        composed = _compose_groups(conf, choose, experiment)
        _require_mappings(OmegaConf.to_container(composed), experiment, "")
        merged = OmegaConf.merge(composed, experiment)
        values: Any = OmegaConf.to_container(merged, resolve=True, throw_on_missing=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(f"cannot compose conf/ with params.yaml: {error}") from None
    return values


def _require_mappings(composed: Any, experiment: Any, key: str) -> None:
    """Raise a ConfigError where the experiment has a list in place of a mapping of conf/, or the
    other way round, of which OmegaConf does not say the key."""
    if isinstance(composed, dict) and isinstance(experiment, dict):
        for name, value in experiment.items():
            _require_mappings(composed.get(name), value, f"{key}.{name}" if key else str(name))
    elif isinstance(composed, dict) and isinstance(experiment, list):
        raise ConfigError(f"{key}: expected a mapping; got a list. Change it in params.yaml")
    elif isinstance(composed, list) and isinstance(experiment, dict):
        raise ConfigError(f"{key}: expected a list; got a mapping. Change it in params.yaml")


def _compose_groups(
    conf: Path, choose: Mapping[str, Any], experiment: Mapping[str, Any]
) -> DictConfig:
    """Compose the chosen files of conf/.

    A choice of conf/config.yaml that is named after a task or a kind of sequence is replaced with
    the file of the data set's own task, or else of its own kind.

    Args:
        choose: file by group, as params.yaml and the command name them.
        experiment: values that params.yaml and the command set.
    """
    named = {group: choice for group, choice in choose.items() if choice is not None}
    with initialize_config_dir(str(conf.absolute()), version_base=None):
        config = _compose(named)
        own_values, followed = OmegaConf.create(dict(experiment)), {}
        own_names = [
            str(OmegaConf.select(own_values, key) or OmegaConf.select(config, key))
            for key in ("dataset.target.task", "dataset.kind")
        ]
        for group, choice in config.hydra.runtime.choices.items():
            own = [name for name in own_names if (conf / group / f"{name}.yaml").is_file()]
            is_named = choice in (*TASKS, *KINDS) and group not in named
            if is_named and own and choice != own[0]:
                followed[group] = own[0]
        if followed:
            config = _compose(named | followed)
    choices: Any = OmegaConf.to_container(config.hydra.runtime.choices)
    OmegaConf.set_struct(config, False)
    del config["hydra"]
    config[CHOOSE] = {k: v for k, v in sorted(choices.items()) if not k.startswith("hydra/")}
    return config


def _compose(choices: Mapping[str, str]) -> DictConfig:
    overrides = [
        f"{'+' if group == EXPERIMENT else ''}{group}={choice}"  # conf/config.yaml chooses none
        for group, choice in choices.items()
    ]
    return hydra_compose("config", overrides, return_hydra_config=True)


def _find_origin(
    key: str, arguments: Overrides, experiment: Mapping[str, Any], values: Mapping[str, Any]
) -> str:
    """Name the place in which a key is set, for a message."""
    if any(overlap(key, changed) for changed in arguments.keys):
        return COMMAND
    if has_value(experiment, key.split(".")):
        return "params.yaml"
    group = key.partition(".")[0]
    choice = values.get(CHOOSE, {}).get(group)
    return f"conf/{group}/{choice}.yaml or params.yaml" if choice else "conf/config.yaml"
