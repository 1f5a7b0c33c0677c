"""The configurations that are tried before the sampler proposes any."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import optuna
import yaml

from conveyor.config import SweepConfig
from conveyor.sweep.attributes import PARAMS
from conveyor.sweep.ranking import rank_trials
from conveyor.sweep.storage import SweepError, find_latest_study, make_store
from conveyor.sweep.study import SweepStudy

log = logging.getLogger(__name__)

Settings = Mapping[str, Any]  # dotted key -> value
FILE_CONTENT = "a list of mappings such as  - {train.learning_rate: 1.0e-3, model.units: [64, 64]}"


def collect_configurations(
    study: SweepStudy, scratch: Path, champion: Settings | None
) -> list[dict[str, Any]]:
    """Return Optuna's parameters of each configuration that `sweep.warm_start` names, each once.

    Values that the space cannot draw are left to the sampler, and logged.

    Args:
        champion: settings of the registered champion; None if there is none.

    Raises:
        SweepError: a file or a study does not exist, or is not readable.
    """
    sources = list(_read_sources(study.config, scratch, champion))
    configurations: list[dict[str, Any]] = []
    for origin, values in sources:
        params, reasons = study.space.params(values)
        if reasons:
            log.warning("warm start from %s: left to the sampler: %s", origin, "; ".join(reasons))
        if params and params not in configurations:
            configurations.append(params)
    if sources:
        log.info("warm start: %d of %d configurations are tried first",
                 len(configurations), len(sources))  # fmt: skip
    return configurations


def _read_sources(
    config: SweepConfig, scratch: Path, champion: Settings | None
) -> Iterator[tuple[str, Settings]]:
    """Yield the settings that `sweep.warm_start` names, each with its origin for the log."""
    warm_start = config.sweep.warm_start
    if warm_start.champion and champion is None:
        log.info("warm start: there is no champion")
    elif warm_start.champion and champion is not None:
        yield "the champion", champion
    if warm_start.file is not None:
        for number, entry in enumerate(_read_file(warm_start.file), 1):
            yield f"{warm_start.file}, entry {number}", entry
    if warm_start.study is not None:
        for values in _read_best_of_study(config, scratch, warm_start.study):
            yield f"study {warm_start.study}", values


def _read_file(name: str) -> list[Settings]:
    path = Path(name)
    if not path.is_file():
        raise SweepError(
            f"sweep.warm_start.file: expected a file that holds {FILE_CONTENT}; got {name}, which "
            "does not exist. Write it, or set the field to null."
        )
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise SweepError(f"sweep.warm_start.file: {name} is not valid YAML: {error}") from None
    if isinstance(content, dict) and isinstance(content.get("params"), dict):
        content = [content["params"]]  # a best.yaml
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        raise SweepError(
            f"sweep.warm_start.file: {name}: expected {FILE_CONTENT}; got {type(content).__name__}"
        )
    return content


def _read_best_of_study(config: SweepConfig, scratch: Path, key: str) -> list[Settings]:
    """Return the settings of the best trials of an earlier study, condition names included."""
    for folder in (key, f"{key}.previous"):
        store = make_store(scratch, folder, config.sweep.storage)
        _, name = find_latest_study(store.open(), key) if store.exists() else (0, "")
        if name:
            study = optuna.Study(name, store.open())
            best = rank_trials(study)[: config.sweep.warm_start.best]
            return [{**trial.params, **trial.user_attrs.get(PARAMS, {})} for trial in best]
    raise SweepError(
        f"sweep.warm_start.study: there is no study {key!r} in sweep.storage "
        f"{config.sweep.storage}. The log of a sweep and its run in MLflow name its key."
    )
