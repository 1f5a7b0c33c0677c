"""The whole of `prepare`: read, check, split, encode, write."""

from itertools import chain
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor import files
from conveyor.config.dataset import SeriesDataset, TextDataset
from conveyor.data import checks
from conveyor.data.arrow import chosen, flat, use_small_pool
from conveyor.data.duplicates import remove_leaks
from conveyor.data.encode import write_rows
from conveyor.data.long_format import nest
from conveyor.data.rows import RowReader
from conveyor.data.scan import Scan, scan
from conveyor.data.sources import open_source
from conveyor.data.split import NO_SPLIT, TRAIN, assign, rows_of
from conveyor.data.store import META, Meta
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
        DataError: the source cannot be read, or its data cannot train a classifier.
    """
    use_small_pool()
    readers = _readers(config, root, cache)
    found = scan(readers, cache)
    checks.require_equal_channels({reader.part.name: reader.channels for reader in readers})
    assign(config.split, found.ledger, found.parts, found.group_names)
    classes = config.labels.classes or _learnt_classes(found)
    equal = remove_leaks(found.ledger, cache)
    counts = checks.require_enough(config.checks, found, classes)
    with files.replacing_folder(folder) as temporary:
        encoder = _fit_encoder(config, found)
        encoder.save(temporary / "encoder.json")
        tallies = write_rows(found, classes, encoder, temporary)
        _write_meta(config, temporary, classes, encoder, rows_of(found.ledger))
    return {
        "rows": {"read": len(found.ledger)} | rows_of(found.ledger),
        "dropped": checks.dropped(found),
        "removed_between_splits": {
            f"{one}_in_{other}": {"removed": some.rows, "ids": found.ids(some.first)}
            for (one, other), some in equal.leaks.items()
        },
        "replaced_empty": _replaced_empty(found),
        "truncated": {name: tally.truncated for name, tally in tallies.items()},
        "duplicates_within": equal.duplicates,
        "conflicting_labels": {
            "rows": equal.conflicts.rows, "ids": found.ids(equal.conflicts.first)
        },
        "classes": counts,
        "lengths": {name: tally.lengths() for name, tally in tallies.items()},
        "unknown_token_share": {n: t.unknown_share for n, t in tallies.items()}
        if encoder.unknown_token is not None else None,
    }  # fmt: skip


def findings(report: dict[str, Any]) -> dict[str, int]:
    """The report's counts of trouble, by a name that says what was done about it."""
    found = {
        f"dropped: {reason.replace('_', ' ')}": one["rows"]
        for reason, one in report["dropped"].items()
    }
    found |= {
        f"removed from {pair.replace('_in_', ', also in ')}": one["removed"]
        for pair, one in report["removed_between_splits"].items()
    }
    found["kept: duplicates within a split"] = sum(report["duplicates_within"].values())
    found["kept: equal input, other label"] = report["conflicting_labels"]["rows"]
    found["truncated"] = sum(report["truncated"].values())
    found["empty, replaced by one step"] = report["replaced_empty"]
    return found


def _readers(config: Dataset, root: Path, cache: Path) -> list[RowReader]:
    readers = []
    for part in open_source(config.source, root, cache):
        long = None if isinstance(config, TextDataset) else config.columns.long
        if long is not None:
            part.require([long.id, long.order, *long.channels])
            wanted = [n for n in RowReader(config, part).columns if n != "series"]
            part.require(wanted)
            part = nest(part, long, wanted)
        reader = RowReader(config, part)
        part.require(reader.columns)
        readers.append(reader)
    return readers


def _learnt_classes(found: Scan) -> list[str]:
    """The classes of the training rows, in their order; the rows of others are dropped."""
    learnt = np.flatnonzero(checks.labels_of(found)[TRAIN])
    classes = sorted((found.label_names[code] for code in learnt), key=_natural)
    checks.drop_unseen_labels(found, classes)
    return classes


def _replaced_empty(found: Scan) -> int:
    return sum(
        int((records["empty"] & (records["split"] != NO_SPLIT)).sum())
        for _, records in found.ledger.chunks()
    )


def _natural(name: str) -> tuple[int, float, str]:
    """Numbers in order of size, before words in order of letters."""
    try:
        number = float(name)
    except ValueError:
        return 1, 0.0, name
    return (0, number, name) if isfinite(number) else (1, 0.0, name)


def _fit_encoder(config: Dataset, found: Scan) -> Encoder:
    learnt = (
        chosen(batch.column("raw"), found.ledger[start : start + len(batch)]["split"] == TRAIN)
        for start, batch in found.copy.batches()
    )
    if isinstance(config, TextDataset):
        texts = chain.from_iterable(raw.to_pylist() for raw in learnt)
        return TextEncoder.fit(texts, config.encoding)
    return SeriesEncoder.fit(chain.from_iterable(map(_arrays, learnt)), config.encoding)


def _arrays(raw: pa.Array) -> list[NDArray[np.float32]]:
    steps, lengths = flat(raw)
    ends = np.cumsum(lengths)
    return [steps[end - length : end] for end, length in zip(ends, lengths, strict=True)]


def _write_meta(
    config: Dataset, folder: Path, classes: list[str], encoder: Encoder, counts: dict[str, int]
) -> None:
    meta = Meta(
        kind=config.kind,
        name=config.name,
        classes=classes,
        features=encoder.size.get("features"),
        vocabulary=encoder.size.get("vocabulary"),
        counts=counts,
        digest=files.digest_value([files.digest_tree(folder), classes]),
    )
    files.write_json(folder / META, meta.model_dump())
