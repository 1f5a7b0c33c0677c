"""Prepares a data set: reads, checks, splits, encodes and writes it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from conveyor import files
from conveyor.config.dataset import SeriesDataset, TextDataset
from conveyor.config.windows import cuts_windows
from conveyor.data import rules
from conveyor.data.arrow import split_steps, use_small_pool
from conveyor.data.cells import read_numbers
from conveyor.data.copy import SplitRows
from conveyor.data.database import by_row, open_database, small_integer
from conveyor.data.encode import describe_static, write_rows
from conveyor.data.long_format import nest
from conveyor.data.part import Part
from conveyor.data.report import describe_files, describe_rows
from conveyor.data.rows import RowReader, read_rows, require_equal_channels
from conveyor.data.sources import open_source
from conveyor.data.split import assign
from conveyor.data.split_columns import MISSING_TIME, require_equal_times
from conveyor.data.static import NOT_A_NUMBER
from conveyor.data.steps import STEP_COUNTS, say_steps
from conveyor.data.store import META, META_FORMAT, SPLITS, Meta
from conveyor.data.windows.prepare import prepare_windows
from conveyor.encoding import Encoder, SeriesEncoder, StaticEncoder, TextEncoder, TokenEncoder
from conveyor.errors import DataError, quote_names
from conveyor.metrics import Targets
from conveyor.progress import show_clock
from conveyor.tasks.facets import Target
from conveyor.tasks.options import TargetSpec, describe_target
from conveyor.tasks.task import load_target

Dataset = TextDataset | SeriesDataset


def prepare(config: Dataset, root: Path, folder: Path, cache: Path) -> dict[str, Any]:
    """Write the prepared store into `folder`, whole or not at all.

    Args:
        root: the project folder, from which source paths start.
        cache: scratch, for a copy of the rows while this runs, and for data of the hub.

    Returns:
        The data report: every row read is in it, kept or not, with the reason.

    Raises:
        DataError: the source cannot be read, or its data cannot train a model.
    """
    if isinstance(config, SeriesDataset) and cuts_windows(config.target):
        return prepare_windows(config, root, folder, cache)
    checked = check_rows(config, root, cache)
    with files.replacing_folder(folder) as temporary:
        with show_clock("fitting the encoder"):
            encoder = _fit_encoder(config, checked.rows)
        encoder.save(temporary / "encoder.json")
        tallies = write_rows(checked.rows, checked.targets, encoder, temporary)
        target = describe_target(checked.spec)
        digest = files.digest_value([files.digest_tree(temporary), target])
        size: dict[str, Any] = {"features": None, "vocabulary": None} | encoder.size
        counts = {name: checked.report["rows"][name] for name in SPLITS}
        meta = Meta(
            format=META_FORMAT, kind=config.kind, name=config.name, target=checked.spec,
            counts=counts, digest=digest, columns=config.columns, dialect=config.source.dialect,
            target_options=config.target,
            static_width=None if encoder.static is None else encoder.static.width, **size,
        )  # fmt: skip
        files.write_json(temporary / META, meta.model_dump())
    return (
        checked.report
        | {
            "warnings": [*encoder.notes, *checked.report["warnings"]],
            "truncated": {name: tally.truncated for name, tally in tallies.items()},
            "lengths": {name: tally.lengths() for name, tally in tallies.items()},
            "missing_values": None
            if config.kind == "text"
            else {name: tally.missing for name, tally in tallies.items()},
            "unknown_token_share": None
            if encoder.unknown_token is None
            else {name: tally.unknown_share for name, tally in tallies.items()},
        }
        | describe_static(tallies)
    )


@dataclass(frozen=True)
class CheckedRows:
    """Rows that are checked and split, and not yet encoded.

    Attributes:
        targets: the encoded target of each key, first axis (keys,).
        report: what the data report says of them.
    """

    rows: SplitRows
    spec: TargetSpec
    targets: Targets
    report: dict[str, Any]


def check_rows(config: Dataset, root: Path, cache: Path) -> CheckedRows:
    """Read all rows, and check and split them; arguments and errors as those of `prepare`."""
    use_small_pool()
    readers, long_counts = open_readers(config, root, cache)
    target = readers[0].target
    with open_database(config.engine, cache) as database, ExitStack() as stack:
        copy = read_rows(database, readers, cache)
        stack.enter_context(show_clock("checking and splitting"))
        require_equal_channels(readers)
        require_equal_times([reader.split for reader in readers])
        keys, rows = rules.read_keys(database, target.key_type)
        strata = target.stratify(keys, rows)
        min_rows = config.checks.min_rows
        assign(config.split, database, copy, strata, min_rows)
        training = rules.count_keys(database, len(keys))["train"]
        spec = target.learn(keys.filter(pa.array(training > 0)), training[training > 0])
        rules.remove_targets(database, target.accepts(keys, spec), "unknown_target")
        rules.remove_leaks(database)
        counts = rules.count_keys(database, len(keys))
        frequent = target.without_rare(keys, counts["train"], spec, min_rows)
        if frequent != spec:
            spec = frequent
            rules.remove_targets(database, target.accepts(keys, spec), "rare_target")
            counts = rules.count_keys(database, len(keys))
        report: dict[str, Any] = {
            "files": describe_files([reader.part for reader in readers], root)
        }
        problems = [*rules.PROBLEMS]
        problems += [NOT_A_NUMBER] if config.columns.static.numbers else []
        problems += [MISSING_TIME] if any(reader.split.times for reader in readers) else []
        report |= describe_rows(database, copy, problems) | {"steps": long_counts}
        rules.require_usable(config.checks, report)
        report |= _check_targets(target, report, keys, counts, spec, min_rows)
        notes = dict.fromkeys(note for reader in readers for note in reader.target.notes)
        report["warnings"] = [*say_steps(long_counts or {}), *notes, *report["warnings"]]
        splits = by_row(database, "enum_code(split)", "remaining", len(copy), np.int8)
        codes = by_row(database, "code", "remaining", len(copy), small_integer(len(keys)))
    return CheckedRows(SplitRows(copy, splits, codes), spec, target.encode(keys, spec), report)


def _check_targets(target: Target, report: dict[str, Any], *args: Any) -> dict[str, Any]:
    """Return what the target's check says; its error names the rows that were removed as equal to
    rows of a later split, which no one would look for."""
    try:
        return target.check(*args)
    except DataError as error:
        pairs = report["removed_between_splits"].values()
        removed = sum(pair["removed"] for pair in pairs)
        if not removed:
            raise
        raise DataError(
            f"{error} {removed} rows were removed because a later split has the same input."
        ) from None


def open_readers(
    config: Dataset, root: Path, cache: Path
) -> tuple[list[RowReader], dict[str, int] | None]:
    """Return a reader for each part, and what `nest` counts in all parts if they are long.

    Raises:
        DataError: the source cannot be opened, or lacks a column.
    """
    readers, counts = [], Counter[str]()
    parts = open_source(config.source, root, cache)
    _require_targets(parts, load_target(config.target, {}, config.kind).columns)
    for part in parts:
        long = None if isinstance(config, TextDataset) else config.columns.long
        reader = RowReader(config, part)
        reader.require_static_apart()
        numbers = [*reader.target.number_columns, *(long.channels if long else [])]
        numbers += config.columns.static.numbers
        if reader.wide is not None:
            numbers += reader.inputs.columns
        times = [long.order] if long else []
        times += [column.name for column in reader.split.times.values()]
        part = read_numbers(part, numbers, times, config.source.decimal)
        if long is not None:
            constant = reader.other_columns
            part.require([long.id, long.order, *long.channels, *constant])
            by_step = reader.target.columns if reader.target.per_step else ()
            part, part_counts = nest(part, long, constant, by_step)
            counts.update(part_counts)
        reader = RowReader(config, part)
        reader.require_columns()
        readers.append(reader)
    is_long = isinstance(config, SeriesDataset) and config.columns.long is not None
    return readers, {name: counts[name] for name in STEP_COUNTS} if is_long else None


def _require_targets(parts: Sequence[Part], columns: Sequence[str]) -> None:
    """Raise a DataError if the test or validation part lacks a target that another part has."""
    having = [part.name for part in parts if set(columns) <= set(part.columns)]
    for part in parts:
        is_taken = part.name in ("test", "validation")
        if is_taken and having and not set(columns) & set(part.columns):
            raise DataError(
                f"{part.origin}: expected the target, {', '.join(map(repr, columns))}, as in part "
                f"{having[0]!r}; got columns {quote_names(part.columns)}. No model can "
                f"be tested on rows without a target: remove {part.name!r} from "
                f"dataset.source.files, and set dataset.split.{part.name} to "
                "{by: share, share: 0.2}, which takes rows of the other files."
            )


def _fit_encoder(config: Dataset, rows: SplitRows) -> Encoder:
    """Fit the encoder on the training rows."""
    batches = _read_training(rows, "raw")
    if isinstance(config, TextDataset):
        texts = chain.from_iterable(batch.to_pylist() for batch in batches)
        by_tokens = config.encoding.tokenizer == "whitespace"
        encoder: Encoder = (TokenEncoder if by_tokens else TextEncoder).fit(texts, config.encoding)
    else:
        series = chain.from_iterable(map(split_steps, batches))
        encoder = SeriesEncoder.fit(series, config.encoding)
    static = config.columns.static
    if static.names:
        encoder.static = StaticEncoder.fit(_read_training(rows, "static"), static)
    return encoder


def _read_training(rows: SplitRows, column: str) -> Iterator[Any]:
    return (batch.column(column) for split, batch, _ in rows.batches() if split == "train")
