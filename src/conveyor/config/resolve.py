"""conf/ and params.yaml become one resolved configuration. The only module that composes Hydra.

`dvc repro` never composes Hydra itself (treeverse/dvc#10750), so the stage `compose` does, and
nothing else reads conf/ or params.yaml.
"""

import difflib
import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from conveyor.config.load import ConfigError, validate
from conveyor.config.overrides import CHOOSE, Overrides, flat_space, parse_overrides
from conveyor.config.stages import Config
from conveyor.paths import Paths

log = logging.getLogger(__name__)

EXPERIMENT = "experiment"  # the group whose files name choices of the other groups
COMMAND = "the command's arguments"


def resolve(paths: Paths, overrides: Sequence[str] = ()) -> Config:
    """Resolve the configuration of a project folder, and check it against types and limits.

    Use `conveyor.compose.compose`, which also checks what several sections decide together.

    Args:
        overrides: Hydra overrides that win over params.yaml; see `parse_overrides`.

    Raises:
        ConfigError: an unknown group, file or setting, or values that cannot run; all at once
            where they are independent, each with the place to change it.
    """
    groups = sorted(folder.name for folder in paths.conf.iterdir() if folder.is_dir())
    arguments = parse_overrides(overrides, groups)
    params = _read_params(paths.params, groups)
    choose = {**(params.pop(CHOOSE, None) or {}), **arguments.choose}
    _check_choices(paths.conf, groups, choose, arguments)
    try:
        config = _compose_groups(paths.conf, choose)
        named = OmegaConf.merge(params, arguments.values)
        merged = OmegaConf.merge(config, named)
        values: Any = OmegaConf.to_container(merged, resolve=True, throw_on_missing=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(f"cannot compose conf/ with params.yaml: {error}") from None
    experiment: Any = OmegaConf.to_container(named)
    for path in arguments.deleted:
        _delete(values, path)
    _drop_nulls(values)
    _fix_named(values, experiment)
    _warm_start(values)

    def origin(dotted: str) -> str:
        return _origin(dotted, arguments, experiment, values)

    return validate(Config, values, origin=origin)


def _read_params(path: Path, groups: Collection[str]) -> dict[str, Any]:
    if not path.is_file():
        raise ConfigError(f"{path}: expected a file that holds at least `choose: {{}}`; got none")
    try:
        params: Any = OmegaConf.to_container(OmegaConf.create(path.read_text()))
    except (yaml.YAMLError, OmegaConfBaseException) as error:
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
    return flat_space(params)


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
            place = COMMAND if group in arguments.choose else "params.yaml"
            problems.append(
                f"  choose.{group}: expected a file of conf/{group}/; got {choice!r}"
                f"{_hint(str(choice), files)}. Change it in {place}"
            )
    if problems:
        raise ConfigError("\n".join(["the configuration is not valid:", *problems]))


def _hint(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    guess = f"; did you mean {near[0]!r}?" if near else ""
    return f"{guess} (there are {', '.join(names)})"


def _compose_groups(conf: Path, choose: Mapping[str, Any]) -> DictConfig:
    chosen = {group: choice for group, choice in choose.items() if choice is not None}
    experiment = chosen.pop(EXPERIMENT, None)
    overrides = [f"+{EXPERIMENT}={experiment}"] if experiment else []
    overrides += [f"{group}={choice}" for group, choice in chosen.items()]
    with initialize_config_dir(str(conf.absolute()), version_base=None):
        config = hydra_compose("config", overrides, return_hydra_config=True)
    choices: Any = OmegaConf.to_container(config.hydra.runtime.choices)
    OmegaConf.set_struct(config, False)
    del config["hydra"]
    config[CHOOSE] = {k: v for k, v in sorted(choices.items()) if not k.startswith("hydra/")}
    return config


def _delete(values: dict[str, Any], path: Sequence[str]) -> None:
    *parents, last = path
    node: Any = values
    for part in parents:
        node = node.get(part) if isinstance(node, dict) else None
    if not isinstance(node, dict) or last not in node:
        raise ConfigError(f"~{'.'.join(path)}: there is no such setting to delete")
    del node[last]


def _space(values: Mapping[str, Any]) -> dict[str, Any]:
    """The search space; empty where it is none, which `validate` refuses."""
    sweep = values.get("sweep")
    space = sweep.get("space") if isinstance(sweep, dict) else None
    return space if isinstance(space, dict) else {}


def _drop_nulls(values: Mapping[str, Any]) -> None:
    """Take keys that are null out of the search."""
    space = _space(values)
    for key in [key for key, line in space.items() if line is None]:
        del space[key]


def _fix_named(values: dict[str, Any], experiment: Mapping[str, Any]) -> None:
    """Take keys that the experiment names out of the search; else naming them changes nothing.

    A key stays in the search where the experiment gives it a range of its own too.
    """
    space = _space(values)
    for key in list(space):
        if _names(experiment, key.split(".")) and not _names(experiment, ["sweep", "space", key]):
            del space[key]
            log.info("%s is set, so the sweep does not search it", key)
            _drop_unused_steering(space)
            if not space:
                values["sweep"]["enabled"] = False
                log.info("nothing is left to search; the sweep is skipped")


def _drop_unused_steering(space: dict[str, Any]) -> None:
    """Drop names without a dot that no condition (`when`) asks for any more."""
    lines = [line for value in space.values()
             for line in (value if isinstance(value, list) else [value])]  # fmt: skip
    steering = {key for line in lines if isinstance(line, dict) for key in line.get("when", {})}
    for key in [key for key in space if "." not in key and key not in steering]:
        del space[key]


def _warm_start(values: Mapping[str, Any]) -> None:
    """`retrain.sweep: warm` is a warm start of the sweep, so that DVC and people see it as one."""
    retrain, sweep = values.get("retrain"), values.get("sweep")
    if not isinstance(retrain, dict) or retrain.get("sweep") != "warm":
        return
    if isinstance(sweep, dict) and isinstance(sweep.get("warm_start"), dict):
        sweep["warm_start"]["champion"] = True


def _names(values: Any, path: Sequence[str]) -> bool:
    """Whether the mapping holds a value under this path, or a whole value on the way to it."""
    for part in path:
        if not isinstance(values, dict):
            break
        if part not in values:
            return False
        values = values[part]
    return values is not None


def _origin(
    dotted: str, arguments: Overrides, experiment: Mapping[str, Any], values: Mapping[str, Any]
) -> str:
    """The place in which a key is set, for a message."""
    if any(f"{dotted}.".startswith(f"{key}.") or key.startswith(f"{dotted}.")
           for key in arguments.keys):  # fmt: skip
        return COMMAND
    if _names(experiment, dotted.split(".")):
        return "params.yaml"
    group = dotted.partition(".")[0]
    choice = values.get(CHOOSE, {}).get(group)
    return f"conf/{group}/{choice}.yaml or params.yaml" if choice else "conf/config.yaml"
