"""Suggests a data set and an experiment for files that nobody has described."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from conveyor import files
from conveyor.compose import compose
from conveyor.config.windows import cuts_windows
from conveyor.data.prepare import check_rows, prepare
from conveyor.errors import DataError, InputError
from conveyor.paths import Paths
from conveyor.suggest.dataset import DatasetSettings, describe_dataset
from conveyor.suggest.files import sort_files
from conveyor.suggest.forecast import describe_forecast
from conveyor.suggest.read import Sample, is_generated, name_columns, read_sample
from conveyor.suggest.roles import assign_roles
from conveyor.suggest.tagging import describe_tagging
from conveyor.suggest.task import choose_task
from conveyor.suggest.write import flow, render

EXPERIMENT = """\
# @package _global_
# yaml-language-server: $schema=../../schema/experiment.json
# dvc exp run -S choose.experiment={name}
# Trains once, without a search. To search for better settings first, delete the second override.
defaults:
  - override /dataset: {name}
  - override /sweep: none
"""


@dataclass(frozen=True)
class Suggestion:
    """What is to be written.

    Attributes:
        texts: of the data set and of the experiment, by path.
        copies: files outside data/raw, and where they belong.
        notes: what a person should look at.
    """

    name: str
    texts: dict[Path, str]
    copies: dict[Path, Path]
    notes: list[str]

    def write(self, *, force: bool) -> None:
        """Copy the files into data/raw, and write the texts.

        Raises:
            InputError: one of the files exists and `force` is false; then nothing is written.
        """
        existing = [path for path in [*self.texts, *self.copies.values()] if path.exists()]
        if existing and not force:
            raise InputError(
                f"{existing[0]}: expected no such file; got one. Choose another --name, or replace "
                "it with --force"
            )
        for file, place in self.copies.items():
            _copy(file, place)
        for path, text in self.texts.items():
            files.write_text(path, text)


def suggest(
    paths: Paths, names: Sequence[Path], *, name: str | None = None, target: str | None = None,
    wanted_input: str | None = None, sheet: str | None = None,
) -> Suggestion:  # fmt: skip
    """Read files, and describe them as a data set that `prepare` accepts.

    Args:
        names: the files, or folders of files.
        name: of the data set; None takes it from the files.
        target: the column to predict; None chooses one.
        wanted_input: a column of the input; None chooses it.
        sheet: of Excel files; None takes the only one with cells.

    Raises:
        InputError: the files cannot be read, or do not look like a data set; the message says what
            to change.
    """
    sources = sort_files(names, paths, name)
    bases = {kind: _read_base(paths, kind) for kind in ("text", "series")}
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        settings = {"format": sources.format, "files": sources.patterns()}
        settings |= {} if sheet is None else {"sheet": sheet}
        sample = read_sample(bases["text"]["source"], settings, paths.root, cache)
        kind, settings = _describe(sources.name, sample, bases, target, wanted_input)
        counts = _check(paths, kind, settings, cache)
    settings.values["source"]["files"] = sources.patterns(paths)
    conf = paths.conf
    experiment = EXPERIMENT.format(name=sources.name)
    texts = {
        conf / "dataset" / f"{sources.name}.yaml": _render(kind, settings, counts),
        conf / "experiment" / f"{sources.name}.yaml": experiment,
    }
    return Suggestion(sources.name, texts, sources.copies, settings.notes)


def _describe(
    name: str, sample: Sample, bases: Mapping[str, Any], target: str | None,
    wanted_input: str | None,
) -> tuple[str, DatasetSettings]:  # fmt: skip
    """Return the file of conf/dataset/base, and the settings: rows with tags or with a target or,
    where there are none, series that are forecast.

    Raises:
        DataError: the rows are neither.
    """
    tagging = describe_tagging(name, sample, bases, target, wanted_input)
    if tagging is not None:
        return tagging
    try:
        roles = assign_roles(sample.columns, target, wanted_input)
    except DataError as error:
        if wanted_input is not None:
            raise
        try:
            return "forecast", describe_forecast(name, sample, target)
        except DataError as reason:
            raise DataError(f"{error}. Nor can numbers be forecast: {reason}") from None
    if "header" in sample.source:
        new = {old: role for old, role in roles.names().items() if is_generated(old)}
        sample = name_columns(sample, new)
        target = new.get(roles.target.name, roles.target.name)
        wanted_input = new.get(wanted_input or "", wanted_input)
        roles = assign_roles(sample.columns, target, wanted_input)
    settings = describe_dataset(name, sample, roles, choose_task(roles.target), bases[roles.kind])
    if "long" in roles.columns:
        channel = roles.inputs[2]
        settings.notes.append(
            f"each series has a target. If its numbers are to be forecast, such as {channel!r}, "
            f"run the command again with  --target {flow(channel)} --force"
        )
    return roles.kind, settings


def _read_base(paths: Paths, kind: str) -> dict[str, Any]:
    file = paths.conf / "dataset" / "base" / f"{kind}.yaml"
    if not file.is_file():
        raise InputError(f"{file}: expected a file; got none. Run the command in a project folder")
    return yaml.safe_load(file.read_text("utf-8"))


def _check(paths: Paths, kind: str, settings: DatasetSettings, cache: Path) -> str:
    """Check and split the rows as `prepare` does, and return how many there are in each part.

    Where a value of the target has too few rows, the limit is lowered.
    """
    try:
        rows = _count_rows(paths, kind, settings, cache)
    except DataError as error:
        if "dataset.checks.min_rows: " not in str(error):
            settings.notes.append(f"the stage prepare refuses these settings: {error}")
            return "The rows are not checked."
        reason = str(error).partition("; got ")[2].partition(". ")[0]
        settings.values.setdefault("checks", {})["min_rows"] = 1
        settings.reasons["checks.min_rows"] = f"prepare refuses the default: {reason}"
        settings.notes.append(f"there are few rows, so the limit of checks is lowered: {reason}")
        try:
            rows = _count_rows(paths, kind, settings, cache)
        except DataError as other:
            settings.notes.append(f"the stage prepare refuses these settings: {other}")
            return "The rows are not checked."
    return (
        f"{rows['read']} rows are read: {rows['train']} for training, {rows['validation']} for "
        f"validation, {rows['test']} for the test."
    )


def _count_rows(paths: Paths, kind: str, settings: DatasetSettings, cache: Path) -> dict[str, int]:
    """Compose the data set in a copy of conf/, so that nothing is written before it is valid."""
    project = Paths(cache / "project")
    shutil.copytree(paths.conf, project.conf, dirs_exist_ok=True)
    name = settings.values["name"]
    text = _render(kind, settings, "")
    (project.conf / "dataset" / f"{name}.yaml").write_text(text, "utf-8")
    experiment = EXPERIMENT.format(name=name)
    (project.conf / "experiment" / f"{name}.yaml").write_text(experiment, "utf-8")
    project.params.write_text(f"choose: {{experiment: {name}}}\n", "utf-8")
    dataset = compose(project).dataset
    if cuts_windows(dataset.target):
        return prepare(dataset, paths.root, cache / "prepared", cache)["rows"]
    return check_rows(dataset, paths.root, cache).report["rows"]


def _render(kind: str, settings: DatasetSettings, counts: str) -> str:
    name = settings.values["name"]
    return (
        "# yaml-language-server: $schema=../../schema/dataset.json\n"
        f"# dvc exp run -S choose.experiment={name}\n"
        f"# Suggested by `python -m pipeline.describe --suggest`; look at each line.\n# {counts}\n"
        f"defaults: [base/{kind}@_here_, _self_]\n\n{render(settings.values, settings.reasons)}"
    )


def _copy(file: Path, place: Path) -> None:
    if file.is_dir():
        with files.replacing_folder(place) as folder:
            shutil.copytree(file, folder, dirs_exist_ok=True)
    else:
        with files.replacing_file(place) as temporary:
            shutil.copyfile(file, temporary)
