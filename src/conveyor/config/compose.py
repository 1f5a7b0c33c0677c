"""conf/ and params.yaml become one resolved configuration. The only module that composes Hydra.

`dvc repro` never composes Hydra itself (treeverse/dvc#10750), so the stage `compose` does, and
nothing else reads conf/ or params.yaml.
"""

import difflib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from conveyor.config.load import Config, ConfigError, validate
from conveyor.paths import Paths

log = logging.getLogger(__name__)

EXPERIMENT = "experiment"  # the group whose files name choices of the other groups


def compose(paths: Paths, overrides: Sequence[str] = ()) -> Config:
    """Resolve the configuration of this project folder.

    Args:
        overrides: Hydra overrides that win over params.yaml, such as "model=gru" (a file of a
            group) or "train.epochs=3" (a value).

    Raises:
        ConfigError: an unknown group, file or setting, or values that cannot run; all at once
            where they can be told together, each with the place to change it.
    """
    params = _read_params(paths.params)
    choose = dict(params.pop("choose", None) or {})
    values: list[Override] = []
    for override in _parse(overrides):
        if (paths.conf / override.key_or_group).is_dir():
            choose[override.key_or_group] = override.value()
        else:
            values.append(override)
    _check_choices(paths.conf, choose)
    try:
        config = _compose_groups(paths.conf, choose)
        OmegaConf.set_struct(config, False)
        config = OmegaConf.merge(config, params)
        for override in values:
            _apply(config, override)
        resolved: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(f"cannot compose conf/ with params.yaml: {error}") from None
    _drop_nulls(resolved, "sweep", "space")
    given = {override.key_or_group for override in values}
    _fix_named(resolved, params, given)
    _warm(resolved)
    return validate(resolved, origin=lambda dotted: _where(dotted, given, params, resolved))


def _read_params(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ConfigError(f"{path} is missing; it must at least hold `choose: {{}}`")
    try:
        params = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(params, dict):
        raise ConfigError(f"{path} must be a mapping such as `choose: {{}}`, not {params!r}")
    if not isinstance(params.get("choose") or {}, dict):
        raise ConfigError(f"{path}: `choose` must map groups to files, not {params['choose']!r}")
    return params


def _parse(overrides: Sequence[str]) -> list[Override]:
    try:
        return OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        raise ConfigError(f"cannot read the overrides {list(overrides)}: {error}") from None


def _check_choices(conf: Path, choose: dict[str, Any]) -> None:
    groups = sorted(folder.name for folder in conf.iterdir() if folder.is_dir())
    problems = []
    for group, choice in choose.items():
        if group not in groups:
            problems.append(f"choose.{group}: no such group{_hint(group, groups)}")
            continue
        files = sorted(file.stem for file in (conf / group).glob("*.yaml"))
        if choice is not None and choice not in files:
            problems.append(
                f"choose.{group}: {choice!r} came, conf/{group}/ has no such file"
                f"{_hint(str(choice), files)} (change it in params.yaml)"
            )
    if problems:
        raise ConfigError("\n  ".join(["the configuration is not valid:", *problems]))


def _hint(came: str, known: list[str]) -> str:
    near = difflib.get_close_matches(came, known, n=1)
    guess = f"; did you mean {near[0]!r}?" if near else ""
    return f"{guess} (there are {', '.join(known)})"


def _compose_groups(conf: Path, choose: dict[str, Any]) -> DictConfig:
    chosen = {group: choice for group, choice in choose.items() if choice is not None}
    experiment = chosen.pop(EXPERIMENT, None)
    overrides = [f"+{EXPERIMENT}={experiment}"] if experiment else []
    overrides += [f"{group}={choice}" for group, choice in chosen.items()]
    with initialize_config_dir(str(conf.absolute()), version_base=None):
        config = hydra_compose("config", overrides, return_hydra_config=True)
    taken: Any = OmegaConf.to_container(config.hydra.runtime.choices)
    OmegaConf.set_struct(config, False)
    del config["hydra"]
    config["choose"] = {k: v for k, v in sorted(taken.items()) if not k.startswith("hydra/")}
    return config


def _apply(config: Any, override: Override) -> None:
    key = override.key_or_group
    if override.is_delete():
        parent, _, last = key.rpartition(".")
        del (OmegaConf.select(config, parent) if parent else config)[last]
        return
    if override.is_sweep_override():
        raise ConfigError(
            f"{override.input_line}: a search belongs into sweep.space (conf/sweep/), where the "
            "same words work"
        )
    OmegaConf.update(config, key, override.value(), merge=True, force_add=True)


def _drop_nulls(resolved: dict[str, Any], *path: str) -> None:
    """A key set to null is taken out of the search; a smaller space needs no whole new file."""
    node: Any = resolved
    for part in path:
        node = node.get(part) if isinstance(node, dict) else None
    for key in [key for key, value in (node or {}).items() if value is None]:
        del node[key]


def _fix_named(resolved: dict[str, Any], params: dict[str, Any], given: set[str]) -> None:
    """A value that this experiment names is not searched; else naming it would change nothing.

    Unless the experiment gives the key a range of its own too.
    """
    sweep = resolved.get("sweep")
    if not isinstance(sweep, dict) or not isinstance(sweep.get("space"), dict):
        return  # `validate` says what is wrong with it
    space = sweep["space"]
    for key in list(space):
        fixed = key in given or _named(params, key.split("."))
        if fixed and not _named(params, ["sweep", "space", key]):
            del space[key]
            log.info("%s is given, so the sweep does not search it", key)
            if not space:
                sweep["enabled"] = False
                log.info("nothing is left to search; the sweep is skipped")


def _warm(resolved: dict[str, Any]) -> None:
    """`retrain.sweep: warm` is a warm start of the sweep, so that DVC and people see it as one."""
    retrain, sweep = resolved.get("retrain"), resolved.get("sweep")
    if not isinstance(retrain, dict) or retrain.get("sweep") != "warm":
        return
    if isinstance(sweep, dict) and isinstance(sweep.get("warm_start"), dict):
        sweep["warm_start"]["champion"] = True


def _named(params: Any, path: list[str]) -> bool:
    """Whether the mapping holds this path, or a whole value on the way to it."""
    for part in path:
        if not isinstance(params, dict):
            break
        if part not in params:
            return False
        params = params[part]
    return params is not None


def _where(dotted: str, given: set[str], params: dict[str, Any], resolved: dict[str, Any]) -> str:
    if any(dotted == key or dotted.startswith(f"{key}.") for key in given):
        return "the command's arguments"
    if _named(params, dotted.split(".")):
        return "params.yaml"
    group = dotted.partition(".")[0]
    choice = resolved.get("choose", {}).get(group)
    return f"conf/{group}/{choice}.yaml or params.yaml" if choice else "conf/config.yaml"
