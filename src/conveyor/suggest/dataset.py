"""The settings of a data set, from the roles of its columns."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from conveyor.config.dataset import RESERVED
from conveyor.encoding.static import MAX_CATEGORIES
from conveyor.suggest.columns import Column
from conveyor.suggest.gaps import count_unusable, count_with_gaps
from conveyor.suggest.read import Sample
from conveyor.suggest.roles import Roles
from conveyor.suggest.split import choose_split
from conveyor.suggest.task import TaskChoice
from conveyor.suggest.write import flow

TOKEN = re.compile(r"\w+|[^\w\s]")
WHOLE_TEXTS = 0.99  # the share of texts that are not cut
LONGEST = 512  # tokens; a longer text is cut in any case
DIALECT = ("delimiter", "encoding", "compression", "sheet")  # options of `source`
PLAIN = (None, "utf-8", "none")  # values of them that go without saying
ROUND = 16  # to which a length is rounded up
MOST_RARE = 0.5  # of the rows that may be dropped, those of rare classes


@dataclass
class DatasetSettings:
    """The settings of a data set.

    Attributes:
        values: in the order in which they are written.
        reasons: by dotted setting.
        notes: what a person should look at.
    """

    values: dict[str, Any]
    reasons: dict[str, str]
    notes: list[str] = field(default_factory=list)


def describe_dataset(
    name: str, sample: Sample, roles: Roles, task: TaskChoice, base: Mapping[str, Any]
) -> DatasetSettings:
    """Describe a data set; `base` holds the defaults of its kind."""
    source = dict(sample.source)
    values = {"name": name, "source": source, "columns": roles.columns, "target": task.target}
    settings = DatasetSettings(values, dict(roles.reasons), list(roles.notes))
    used = [c for c in sample.columns if c.name in (*roles.inputs, roles.target.name)]
    describe_dialect(settings, sample, used)
    _describe_target(settings, roles, task)
    counts = _leave_out_rare_classes(settings, task, base)
    _mention_static(settings, roles)
    min_rows = base["checks"]["min_rows"]
    values["split"], reasons = choose_split(
        source["files"].keys(), counts, task.rows, roles.group, roles.time, min_rows
    )
    settings.reasons |= reasons
    columns = {column.name: column for column in sample.columns}
    _describe_gaps(settings, columns, roles, base)
    if roles.kind == "text":
        _describe_length(settings, columns[roles.inputs[0]], base)
    return settings


def describe_dialect(settings: DatasetSettings, sample: Sample, used: Sequence[Column]) -> None:
    """Say how the files are read; `used` are the columns whose cells matter."""
    source, reasons = settings.values["source"], settings.reasons
    dialect = {k: v for k, v in sample.dialect.items() if k in DIALECT and v not in PLAIN}
    taken = ", ".join(f"{option} {value!r}" for option, value in dialect.items())
    reasons["source.format"] = f"by the name of the file{taken and '; auto finds '}{taken}"
    if "header" in source:
        reasons["source.header"] = "the first line is a row, so these are the names"
    if "quote" in source:
        reasons["source.quote"] = "quotation marks are text here: with them, rows do not fit"
    if "escape" in source:
        reasons["source.escape"] = "a backslash stands before quotation marks that are text"
    if "delimiter" in source:
        reasons["source.delimiter"] = "auto cannot decide; rows fit best with this one"
    with_comma = [c.name for c in sample.columns if c.kind == "number" and c.decimal == ","]
    if with_comma:
        source["decimal"] = ","
        reasons["source.decimal"] = f"numbers of {with_comma[0]!r} have a decimal comma"
    settings.notes += [c.problem for c in sample.columns if c.problem is not None]
    none_cells = {cell: c.name for c in used for cell in c.none_cells}
    if none_cells:
        source["missing"] = list(none_cells)
        holders = ", ".join(map(repr, dict.fromkeys(none_cells.values())))
        reasons["source.missing"] = f"cells of {holders} that seem to mean none"


def _describe_target(settings: DatasetSettings, roles: Roles, task: TaskChoice) -> None:
    reason = task.reason
    if task.other is not None:
        reason += f"; or {flow({'target': task.other}).strip('{}')}}}"
        settings.notes.append(
            f"{roles.target.name!r} has {task.reason}, so the task is {task.target['task']}. If it "
            f"is {task.other['task']}, write  target: {flow(task.other)}"
        )
    if roles.others:
        rival = roles.others[0].name
        reason += f"; another candidate is {rival!r}: --target {rival}"
        settings.notes.append(
            f"{roles.target.name!r} seems to be the target. If it is {rival!r}, run the command "
            f"again with  --target {flow(rival)} --force"
        )
    settings.reasons["target"] = reason
    long = roles.columns.get("long")
    if isinstance(long, dict) and "time_format" in long:
        settings.reasons["columns.long.time_format"] = "the notation of the times"


def _leave_out_rare_classes(
    settings: DatasetSettings, task: TaskChoice, base: Mapping[str, Any]
) -> Counter[str]:
    """Leave rare classes out where few rows have them, and return the rows of the others.

    A class is rare if it has fewer rows than training needs.
    """
    needed = base["checks"]["min_rows"]
    rare = {name: count for name, count in task.counts.items() if count < needed}
    rows, most = sum(rare.values()), MOST_RARE * base["checks"]["max_dropped_share"] * task.rows
    is_classification = task.target["task"] == "classification"
    if not (is_classification and rare and rows <= most and len(rare) <= len(task.counts) - 2):
        return task.counts
    settings.values["target"] = {**task.target, "rare": "drop"}
    reason = f"classes of fewer than {needed} rows are left out: {rows} rows of {len(rare)} classes"
    settings.reasons["target"] += f"; {reason}"
    settings.notes.append(
        f"{reason}. To keep them, add rows or join classes, and remove rare: drop"
    )
    return Counter({name: count for name, count in task.counts.items() if name not in rare})


def _mention_static(settings: DatasetSettings, roles: Roles) -> None:
    """Name the columns that could stand beside the sequence. Which of them are known before the
    target, only a person can say."""
    taken = {*RESERVED, *roles.names(), *roles.inputs}
    taken |= {column.name for column in (roles.group, roles.time) if column is not None}
    free = [column for column in roles.others if column.name not in taken]
    numbers = [c.name for c in free if c.kind == "number"]
    categories = [c.name for c in free if c.kind == "text" and c.distinct <= MAX_CATEGORIES]
    if numbers or categories:
        static = flow({"numbers": numbers, "categories": categories})
        settings.reasons["columns"] = (
            f"may also be read, if known before the target: static: {static}"
        )


def _describe_gaps(
    settings: DatasetSettings, columns: Mapping[str, Column], roles: Roles, base: Mapping[str, Any]
) -> None:
    """Raise the limit of unusable rows where more rows are, and fill the values of series."""
    rows = len(roles.target.cells)
    unusable = count_unusable(columns, roles)
    if unusable > base["checks"]["max_dropped_share"] * rows:
        settings.values["checks"] = {"max_dropped_share": ceil(100 * unusable / rows) / 100}
        reason = f"{unusable} of {rows} rows lack the input or the target"
        settings.reasons["checks.max_dropped_share"] = f"{reason}, and are left out"
        settings.notes.append(reason)
    with_gaps = count_with_gaps(columns, roles) if roles.kind == "series" else 0
    if with_gaps:
        settings.values["encoding"] = {"missing": "mask"}
        settings.reasons["encoding.missing"] = (
            f"{with_gaps} rows lack values: the network learns where; or forward, or refuse"
        )


def _describe_length(settings: DatasetSettings, column: Column, base: Mapping[str, Any]) -> None:
    """Raise the length of texts where more than a few would be cut."""
    lengths = sorted(len(TOKEN.findall(str(value))) for value in column.values)
    needed = lengths[min(int(WHOLE_TEXTS * len(lengths)), len(lengths) - 1)]
    if needed > base["encoding"]["max_length"]:
        limit = min(ROUND * ceil(needed / ROUND), LONGEST)
        settings.values["encoding"] = {"max_length": limit}
        settings.reasons["encoding.max_length"] = f"1 % of the texts have more than {needed} tokens"
