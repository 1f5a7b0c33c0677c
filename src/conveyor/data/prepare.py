"""Prepares a data set: reads, checks, splits, encodes and writes it."""

from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from conveyor import files
from conveyor.config.dataset import SeriesDataset, TextDataset
from conveyor.data import checks
from conveyor.data.arrow import split_steps, use_small_pool
from conveyor.data.duplicates import Duplicates, FirstRows, remove_leaks
from conveyor.data.encode import write_rows
from conveyor.data.long_format import nest
from conveyor.data.rows import RowReader
from conveyor.data.scan import Scan, scan_rows
from conveyor.data.sources import open_source
from conveyor.data.split import SPLITS, TRAIN, assign
from conveyor.data.store import META, META_FORMAT, Meta
from conveyor.encoding import Encoder, SeriesEncoder, TextEncoder

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
    use_small_pool()
    readers = _open_readers(config, root, cache)
    scan = scan_rows(readers, cache)
    checks.require_equal_channels({reader.part.name: reader.channels for reader in readers})
    target = readers[0].target
    keys = pa.array(scan.keys, target.key_type)
    assign(config.split, scan, target.stratify(keys, scan.count_keys()))
    training = scan.count_keys(TRAIN)
    spec = target.learn(keys.filter(training > 0), training[training > 0])
    checks.drop_unseen_targets(scan.index, target.accepts(keys, spec))
    duplicates = remove_leaks(scan.index)
    counts = checks.count_rows(scan)
    checks.require_usable(config.checks, counts, len(scan.index))
    by_split: dict[str, Any] = dict(zip(SPLITS, counts.targets, strict=True))
    target_report = target.check(keys, by_split, spec, config.checks.min_rows)
    with files.replacing_folder(folder) as temporary:
        encoder = _fit_encoder(config, scan)
        encoder.save(temporary / "encoder.json")
        tallies = write_rows(scan, target.encode(keys, spec), encoder, temporary)
        described = spec.model_dump(mode="json")
        digest = files.digest_value([files.digest_tree(temporary), described])
        size = {"features": None, "vocabulary": None} | encoder.size
        meta = Meta(
            format=META_FORMAT, kind=config.kind, name=config.name, target=spec,
            counts=counts.by_split(), digest=digest, **size,
        )  # fmt: skip
        files.write_json(temporary / META, meta.model_dump())
    return (
        _describe_rows(scan, counts, duplicates)
        | target_report
        | {
            "truncated": {name: tally.truncated for name, tally in tallies.items()},
            "lengths": {name: tally.lengths() for name, tally in tallies.items()},
            "unknown_token_share": None
            if encoder.unknown_token is None
            else {name: tally.unknown_share for name, tally in tallies.items()},
        }
    )


def _describe_rows(
    scan: Scan, counts: checks.RowCounts, duplicates: Duplicates
) -> dict[str, dict[str, Any] | int]:
    def list_ids(listed: FirstRows, count: str = "rows") -> dict[str, Any]:
        return {count: listed.count, "ids": scan.ids(listed.first)}

    return {
        "rows": {"read": len(scan.index)} | counts.by_split(),
        "dropped": {reason: list_ids(dropped) for reason, dropped in counts.dropped.items()},
        "removed_between_splits": {
            f"{earlier}_in_{later}": list_ids(removed, "removed")
            for (earlier, later), removed in duplicates.leaks.items()
        },
        "replaced_empty": counts.empty,
        "duplicates_within": duplicates.duplicates,
        "conflicting_targets": list_ids(duplicates.conflicts),
    }


def findings(report: dict[str, Any]) -> dict[str, int]:
    """The report's counts of problems, by a name that says what was done about them."""
    counts = {
        f"dropped: {reason.replace('_', ' ')}": dropped["rows"]
        for reason, dropped in report["dropped"].items()
    }
    counts |= {
        f"removed from {pair.replace('_in_', ', also in ')}": removed["removed"]
        for pair, removed in report["removed_between_splits"].items()
    }
    counts["kept: duplicates within a split"] = sum(report["duplicates_within"].values())
    counts["kept: equal input, other target"] = report["conflicting_targets"]["rows"]
    counts["truncated"] = sum(report["truncated"].values())
    counts["empty, replaced by one step"] = report["replaced_empty"]
    return counts


def _open_readers(config: Dataset, root: Path, cache: Path) -> list[RowReader]:
    readers = []
    for part in open_source(config.source, root, cache):
        long = None if isinstance(config, TextDataset) else config.columns.long
        if long is not None:
            constant = [n for n in RowReader(config, part).columns if n != "series"]
            part.require([long.id, long.order, *long.channels, *constant])
            part = nest(part, long, constant)
        reader = RowReader(config, part)
        part.require(reader.columns)
        readers.append(reader)
    return readers


def _fit_encoder(config: Dataset, scan: Scan) -> Encoder:
    """Fit the encoder on the training rows."""
    batches = (
        batch.column("raw").filter(scan.index["split"][start : start + len(batch)] == TRAIN)
        for start, batch in scan.copy.batches()
    )
    if isinstance(config, TextDataset):
        return TextEncoder.fit(chain.from_iterable(b.to_pylist() for b in batches), config.encoding)
    return SeriesEncoder.fit(chain.from_iterable(map(split_steps, batches)), config.encoding)
