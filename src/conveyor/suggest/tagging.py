"""Describes rows with a tag for each token, and series with a label that changes from step to step,
as a data set for tagging."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from conveyor.suggest.columns import Column
from conveyor.suggest.dataset import DatasetSettings, describe_dialect
from conveyor.suggest.inputs import constant_columns, find_long
from conveyor.suggest.names import TARGETS, is_named, means
from conveyor.suggest.read import Sample
from conveyor.suggest.split import choose_split
from conveyor.suggest.targets import has_few
from conveyor.tasks.tagging.spans import is_iob

OUTSIDE = "O"
STEPS_A_TAG = 5  # that have a tag, at the mean
ROWS = 1000  # of a sample that are compared


def describe_tagging(
    name: str, sample: Sample, bases: Mapping[str, Any], target: str | None,
    wanted_input: str | None,
) -> tuple[str, DatasetSettings] | None:  # fmt: skip
    """Return the file of conf/dataset/base, and the settings; None if no column has tags.

    Args:
        target: the column of tags; None chooses one.
        wanted_input: the column of tokens; likewise.
    """
    columns = [c for c in sample.columns if c.kind != "empty" and is_named(c.name)]
    settings = DatasetSettings({"name": name, "source": dict(sample.source)}, {})
    pair = _find_tokens(columns, target, wanted_input)
    if pair is not None:
        tokens, tags = pair
        kind, used = "tokens", [tokens, tags]
        settings.values["columns"] = {"text": tokens.name}
        settings.reasons["columns"] = f"as many tokens in each row as {tags.name!r} has tags"
        names = {name for cell in tags.values for name in _split(cell)}
        settings.reasons["target"] = f"{len(names)} different tags, one for each token"
        rows = len(tags.values)
    else:
        steps = None if wanted_input is not None else _find_changing(columns, target)
        if steps is None:
            return None
        kind, (layout, reasons, tags) = "series", steps
        used = [tags]
        settings.values["columns"] = {"long": layout}
        settings.reasons |= reasons
        settings.reasons["target"] = (
            f"{tags.distinct} different values, which change within a {layout['id']!r}"
        )
        owner = next(c for c in columns if c.name == layout["id"])
        rows = owner.distinct
    settings.values["target"] = {"task": "tagging", "column": tags.name}
    base = bases["series" if kind == "series" else "text"]
    settings.values["split"], reasons = choose_split(
        sample.source["files"].keys(), Counter(), rows, None, None, base["checks"]["min_rows"]
    )
    settings.reasons |= reasons
    describe_dialect(settings, sample, used)
    return kind, settings


def _find_tokens(
    columns: Sequence[Column], target: str | None, wanted_input: str | None
) -> tuple[Column, Column] | None:
    """Return a column of tokens and one of as many tags in each row: the most different tokens, and
    the last column of tags, as in files of CoNLL."""
    texts = [c for c in columns if c.kind in ("list", "text")]
    tags = [c for c in texts if _has_tags(c) and target in (None, c.name)]
    for column in reversed(tags):
        tokens = [
            c for c in texts if c is not column and c.kind == column.kind
            and wanted_input in (None, c.name) and _has_equal_lengths(c, column)
        ]  # fmt: skip
        if tokens:
            return max(tokens, key=lambda c: len(_count(c))), column
    return None


def _has_tags(column: Column) -> bool:
    """Whether the names in a column repeat, as tags do; in texts they have the form of IOB."""
    counts = _count(column)
    repeats = sum(counts.values()) >= STEPS_A_TAG * len(counts)
    all_iob = all(is_iob(name, OUTSIDE) for name in counts)
    return len(counts) > 1 and repeats and (all_iob or column.kind == "list")


def _has_equal_lengths(tokens: Column, tags: Column) -> bool:
    pairs = zip(tokens.cells[:ROWS], tags.cells[:ROWS], strict=True)
    lengths = [(len(_split(a)), len(_split(b))) for a, b in pairs if a and b]
    return bool(lengths) and all(a == b for a, b in lengths) and max(lengths) > (1, 1)


def _count(column: Column) -> Counter[str]:
    """Return how often each token or tag occurs."""
    return Counter(str(name) for cell in column.values[:ROWS] for name in _split(cell))


def _split(cell: Any) -> list[Any]:
    return cell if isinstance(cell, list) else str(cell).split()


def _find_changing(
    columns: Sequence[Column], target: str | None
) -> tuple[dict[str, Any], Mapping[str, str], Column] | None:
    """Return the long layout, its reasons, and a column of few texts that change within a series:
    the one that is wanted, or one whose name says that it is a target."""
    long = find_long(columns)
    layout: Any = None if long is None else long.columns["long"]
    if long is None or "duplicates" in layout:  # the steps of one time have no mean of their tags
        return None
    constant = {column.name for column in constant_columns(columns, layout["id"])}
    changing = [
        c for c in columns
        if c.kind == "text" and c.name not in constant and has_few(c) and c.distinct > 1
        and (c.name == target if target is not None else means(c.name, TARGETS))
    ]  # fmt: skip
    return (layout, long.reasons, changing[-1]) if changing else None
