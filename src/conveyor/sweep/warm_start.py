"""What is tried before anything is proposed: the best of a study, a file, the champion."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
import yaml
from optuna.trial import TrialState

from conveyor.config import SweepConfig
from conveyor.sweep.attributes import PARAMS
from conveyor.sweep.space import Space
from conveyor.sweep.storage import SweepError, latest, store

log = logging.getLogger(__name__)

Settings = Mapping[str, Any]  # dotted key -> value


def configurations(
    config: SweepConfig, space: Space, scratch: Path, champion: Settings | None
) -> list[dict[str, Any]]:
    """Optuna's parameters of each configuration that `sweep.warm_start` names, each once.

    Keys that the space does not draw are left to it, and told.

    Args:
        champion: settings of the registered champion; None where there is none.

    Raises:
        SweepError: a file or a study that is not there, or not readable.
    """
    asked = config.sweep.warm_start
    given: list[tuple[str, Settings]] = []
    if asked.champion:
        if champion is None:
            log.info("warm start: there is no champion yet")
        else:
            given.append(("the champion", champion))
    if asked.file is not None:
        given += [(f"{asked.file}, entry {i + 1}", s) for i, s in enumerate(_file(asked.file))]
    if asked.study is not None:
        given += [(f"study {asked.study}", s) for s in _best_of(config, scratch, asked.study)]
    found: list[dict[str, Any]] = []
    for origin, values in given:
        params, left = space.params(values)
        if left:
            log.warning("warm start from %s: left to the sampler: %s", origin, "; ".join(left))
        if params and params not in found:
            found.append(params)
    if given:
        log.info("warm start: %d of %d configurations are tried first", len(found), len(given))
    return found


def _file(name: str) -> list[Settings]:
    path = Path(name)
    needed = "a list of mappings such as  - {train.learning_rate: 1.0e-3, model.units: [64, 64]}"
    if not path.is_file():
        raise SweepError(f"sweep.warm_start.file: {name} does not exist; it must hold {needed}")
    try:
        read = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise SweepError(f"sweep.warm_start.file: {name} is not valid YAML: {error}") from None
    if isinstance(read, dict) and isinstance(read.get("params"), dict):
        read = [read["params"]]  # a best.yaml
    if not isinstance(read, list) or not all(isinstance(entry, dict) for entry in read):
        raise SweepError(f"sweep.warm_start.file: {name} must hold {needed}")
    return read


def _best_of(config: SweepConfig, scratch: Path, key: str) -> list[Settings]:
    """Settings of the best of an earlier study; steering names, which are no settings, too."""
    where = config.sweep.storage
    for folder in (key, f"{key}.previous"):
        kept = store(scratch, folder, where)
        name = latest(kept.open(), key) if kept.exists() else None
        if name is not None:
            study = optuna.Study(name, kept.open())
            break
    else:
        raise SweepError(
            f"sweep.warm_start.study: there is no study {key!r} in sweep.storage {where}; the "
            "sweep's log and its run in MLflow name the key of each study"
        )
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    sign = 1 if study.directions[0] == optuna.study.StudyDirection.MINIMIZE else -1
    trials.sort(key=lambda t: sign * t.values[0])
    best = trials[: config.sweep.warm_start.best]
    return [{**t.params, **t.user_attrs.get(PARAMS, {})} for t in best]
