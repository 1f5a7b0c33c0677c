"""The whole of `prepare`: read, check, split, encode, write."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor import files
from conveyor.config.dataset import SeriesDataset, TextDataset
from conveyor.data import checks
from conveyor.data.long import nest
from conveyor.data.rows import Row, RowReader
from conveyor.data.scan import Scan, scan
from conveyor.data.sources import open_source, require_columns
from conveyor.data.split import SPLITS, assign
from conveyor.data.store import META, Batch, Meta, Prepared, write_split
from conveyor.encoding import Encoder, SeriesEncoder, TextEncoder

log = logging.getLogger(__name__)

BATCH = 500
Dataset = TextDataset | SeriesDataset


def prepare(config: Dataset, root: Path, folder: Path, cache: Path) -> dict[str, Any]:
    """Write the prepared store into `folder`, whole or not at all.

    Args:
        root: the project folder, from which source paths start.
        cache: scratch for Arrow copies of the source.

    Returns:
        The data report: every row read is in it, kept or not, with the reason.

    Raises:
        DataError: the source cannot be read, or its data cannot train a classifier.
    """
    found = scan(_readers(config, root, cache))
    checks.require_equal_channels(found)
    split, classes = _assign(config, found)
    leaks = checks.remove_leaks(found, split)
    counts = checks.require_enough(config.checks, found, split, classes)
    with files.replacing_folder(folder) as temporary:
        encoder = _fit_encoder(config, found, split)
        encoder.save(temporary / "encoder.json")
        truncated, unknown = {}, {}
        for name in SPLITS:
            tally = _Tally(encoder)
            batches = _batches(found, split, name, classes, tally)
            write_split(temporary / name, config.kind, batches)
            truncated[name], unknown[name] = tally.truncated, tally.unknown_share
        _write_meta(config, temporary, classes, encoder, split)
    return {
        "rows": {"read": len(found)} | {name: int((split == name).sum()) for name in SPLITS},
        "dropped": checks.dropped(found),
        "removed_between_splits": leaks,
        "replaced_empty": int((found.empty & (split != "")).sum()),
        "truncated": truncated,
        "duplicates_within": checks.duplicates_within(found, split),
        "conflicting_labels": checks.conflicts(found, split),
        "classes": counts,
        "lengths": {name: _lengths(Prepared(folder), name) for name in SPLITS},
        "unknown_token_share": unknown if config.kind == "text" else None,
    }


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
    for part, dataset in open_source(config.source, root, cache).items():
        long = None if isinstance(config, TextDataset) else config.columns.long
        if long is not None:
            require_columns(part, dataset, [long.id, long.order, *long.channels])
            wanted = [n for n in RowReader(config, part, dataset).columns if n != "series"]
            require_columns(part, dataset, wanted)
            dataset = nest(dataset, long, wanted)
        reader = RowReader(config, part, dataset)
        require_columns(part, dataset, reader.columns)
        readers.append(reader)
    return readers


def _assign(config: Dataset, found: Scan) -> tuple[NDArray[np.str_], list[str]]:
    """Split of every row ("" for unusable ones), and the classes in their order."""
    usable = found.usable()
    split = np.full(len(found), "", dtype="U10")
    names = np.array([*found.label_names, ""])
    parts = np.array([reader.part for reader in found.readers])
    if len(usable):
        split[usable] = assign(
            config.split,
            parts[found.parts[usable]],
            names[found.labels[usable]],
            found.marks[usable],
            np.array(found.group_names)[found.groups[usable]] if config.split.group else None,
        )
    classes = config.labels.classes
    if classes is None:
        classes = sorted(
            {str(name) for name in names[found.labels[split == "train"]]}, key=_natural
        )
        checks.drop_unseen_labels(found, split, classes)
    return split, classes


def _natural(name: str) -> tuple[int, float, str]:
    """Numbers in order of size, before words in order of letters."""
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name


def _rows(found: Scan, split: NDArray[np.str_], name: str) -> Iterator[Row]:
    for part, reader in enumerate(found.readers):
        positions = found.positions[(split == name) & (found.parts == part)]
        if len(positions):
            yield from reader.rows(positions)


def _fit_encoder(config: Dataset, found: Scan, split: NDArray[np.str_]) -> Encoder:
    raw: Any = (row.raw for row in _rows(found, split, "train"))
    if isinstance(config, TextDataset):
        return TextEncoder.fit(raw, config.encoding)
    return SeriesEncoder.fit(raw, config.encoding)


class _Tally:
    """Encodes, and counts what encoding costs."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.truncated = self.tokens = self.unknown = 0

    def encode(self, raw: list[Any]) -> Any:
        encoded = self.encoder.encode(raw)
        limit = self.encoder.max_length
        if isinstance(self.encoder, TextEncoder):
            self.truncated += sum(len(t) > (limit or 0) for t in self.encoder.tokens(raw))
            self.tokens += len(encoded.values)
            self.unknown += int((encoded.values == 1).sum())
        elif limit is not None:
            self.truncated += sum(len(one) > limit for one in raw)
        return encoded

    @property
    def unknown_share(self) -> float:
        return self.unknown / max(1, self.tokens)


def _batches(
    found: Scan, split: NDArray[np.str_], name: str, classes: list[str], tally: _Tally
) -> Iterator[Batch]:
    code = {label: i for i, label in enumerate(classes)}
    waiting: list[Row] = []

    def flush() -> Batch:
        raw = [row.raw for row in waiting]
        labels = [str(row.label) for row in waiting]
        codes = [code[label] for label in labels]
        batch = Batch([row.id for row in waiting], raw, labels, codes, tally.encode(raw))
        waiting.clear()
        return batch

    for row in _rows(found, split, name):
        waiting.append(row)
        if len(waiting) == BATCH:
            yield flush()
    if waiting:
        yield flush()


def _write_meta(
    config: Dataset, folder: Path, classes: list[str], encoder: Encoder, split: NDArray[np.str_]
) -> None:
    meta = Meta(
        kind=config.kind,
        name=config.name,
        classes=classes,
        features=encoder.channels if isinstance(encoder, SeriesEncoder) else None,
        vocabulary=encoder.vocabulary_size if isinstance(encoder, TextEncoder) else None,
        counts={name: int((split == name).sum()) for name in SPLITS},
        digest=files.digest_value([files.digest_tree(folder), classes]),
    )
    files.write_json(folder / META, meta.model_dump())


def _lengths(prepared: Prepared, name: str) -> dict[str, float]:
    lengths = prepared.split(name).sequences.lengths
    marks = {"min": 0, "median": 50, "p95": 95, "max": 100}
    return {mark: float(np.percentile(lengths, q)) for mark, q in marks.items()}
