"""Reads the rows of a file with their targets, for a model that is scored on them."""

import glob
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from conveyor.config.dataset import (
    Checks,
    Engine,
    SeriesColumns,
    SeriesDataset,
    SeriesEncoding,
    TextColumns,
    TextDataset,
    TextEncoding,
)
from conveyor.config.source import KeptDialect, Source
from conveyor.config.split import OwnFile, SplitRules
from conveyor.data.prepare import Dataset, open_readers
from conveyor.data.store import RawRows
from conveyor.encoding import Encoder
from conveyor.encoding.text import TextEncoder
from conveyor.encoding.windows import RawWindows
from conveyor.metrics import Targets
from conveyor.tasks.options import Target, TargetSpec

UNKNOWN_TARGET = "unknown_target"  # the problem of a target that the model cannot predict


@dataclass(frozen=True)
class FileLayout:
    """How a file holds rows and targets: as the files of a model's data set do."""

    format: str
    columns: TextColumns | SeriesColumns
    dialect: KeptDialect
    target: Target


@dataclass(frozen=True)
class TargetRows:
    """The usable rows of a file, in its order.

    Attributes:
        rows: raw.
        targets: encoded as the task does, first axis (rows,).
        left_out: what cannot be used, by its problem, as reports/data.json names it: rows, and of
            forecasts also origins and series.
        notes: sentences on what was found in the file, and on what cannot be scored.
    """

    rows: RawRows | RawWindows
    targets: Targets
    left_out: dict[str, int]
    notes: Sequence[str] = ()


def read_target_rows(
    path: Path, layout: FileLayout, encoder: Encoder, spec: TargetSpec
) -> TargetRows:
    """Read all rows of a file, as `prepare` reads them.

    Args:
        encoder: of the model, which says what it reads.
        spec: the target of the model.

    Raises:
        DataError: the file cannot be read, or lacks a column.
    """
    config = _describe(path, layout, encoder)
    with tempfile.TemporaryDirectory() as cache:
        [reader], _ = open_readers(config, Path(), Path(cache))
        table = pa.Table.from_batches([*reader.read(0)], reader.schema)
    problems = table["problem"].combine_chunks()
    keys = table["target"].combine_chunks()
    usable = problems.is_null().to_numpy(zero_copy_only=False)  # (rows,)
    accepted = reader.target.accepts(keys.filter(pa.array(usable)), spec)
    left_out = Counter(problems.drop_null().to_pylist())
    left_out[UNKNOWN_TARGET] += int((~accepted).sum())
    usable[usable] = accepted
    mask = pa.array(usable)
    static = table["static"].filter(mask) if encoder.static is not None else None
    return TargetRows(
        RawRows(table["raw"].filter(mask), static, by_tokens=encoder.token_column is not None),
        reader.target.encode(keys.filter(mask), spec),
        {name: count for name, count in left_out.items() if count},
    )


def _describe(path: Path, layout: FileLayout, encoder: Encoder) -> Dataset:
    """Return a data set of one file.

    Its rows are neither split nor encoded, so that of these sections only what reading asks for
    has a meaning: whether &amp; stands for &, and whether values may be missing.
    """
    shared: dict[str, Any] = {
        "name": "file",
        "source": Source(
            format=layout.format, files={"all": glob.escape(str(path.absolute()))}, sql=None,
            hub=None, revision=None, **layout.dialect.settings_for(layout.format),
        ),
        "target": layout.target,
        "split": SplitRules(
            seed=0, test=OwnFile(by="given"), validation=OwnFile(by="given"), group=None
        ),
        "checks": Checks(min_rows=1, max_dropped_share=1.0),
        "engine": Engine(threads=1, memory="80MB"),
    }  # fmt: skip
    if isinstance(layout.columns, SeriesColumns):
        missing = "mask" if encoder.accepts_missing else "refuse"
        encoding = SeriesEncoding(missing=missing, scaling="none", max_length=None)
        return SeriesDataset(kind="series", columns=layout.columns, encoding=encoding, **shared)
    unescape = isinstance(encoder, TextEncoder) and encoder.unescape_html
    text = TextEncoding(
        tokenizer="whitespace" if layout.target.per_step else "word", unescape_html=unescape,
        lowercase=False, normalise="none", strip_accents=False, vocabulary=3, min_frequency=1,
        max_length=1, characters=0, raw_text="words" if layout.target.per_step else None,
    )  # fmt: skip
    return TextDataset(kind="text", columns=layout.columns, encoding=text, **shared)
