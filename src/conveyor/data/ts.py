"""The .ts format of the UEA & UCR time series archive.

Lines of `@` settings up to `@data`, then a series a line: channels separated by `:`, steps by
`,`, then the class label. Format: Bagnall et al. 2018, arXiv:1811.00075, and aeon's documentation.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from conveyor.config.source import Source
from conveyor.data.arrow import SERIES
from conveyor.data.table import Batches, Table
from conveyor.data.text_file import open_text_file
from conveyor.errors import DataError

BATCH = 500  # rows
SCHEMA = pa.schema({"series": SERIES, "label": pa.string()})  # type: ignore[arg-type]


def open_ts(source: Source, path: Path) -> Table:
    """Open a .ts file, whose columns are `series` and `label`."""
    file = open_text_file(source, path)

    def read(wanted: Sequence[str]) -> Batches:
        with file.open_text() as lines:
            rows = parse_ts(lines, path)
            while batch := list(islice(rows, BATCH)):
                yield pa.RecordBatch.from_pylist(batch, schema=SCHEMA).select(list(wanted))

    return Table(SCHEMA.names, read, dialect=file.dialect)


def parse_ts(lines: Iterable[str], path: Path) -> Iterator[dict[str, Any]]:
    """Yield {"series": list of steps, each a list of channels, "label": str}, in file order.

    Args:
        path: of the lines, for messages.
    """
    inside = False
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        place = f"{path}, line {number}"
        if inside:
            yield _series(text, place)
        elif text.lower() == "@data":
            inside = True
        elif not text.startswith("@"):
            raise DataError(
                f"{place}: expected an @ setting or @data; got {text[:40]!r}. "
                "Change the line, or dataset.source.format."
            )
    if not inside:
        raise DataError(
            f"{path}: expected a line @data; got none. Add it, or change dataset.source.format."
        )


def _series(text: str, place: str) -> dict[str, Any]:
    *channels, target = text.split(":")
    if not channels:
        raise DataError(
            f"{place}: expected at least one channel and a label, separated by ':'; got "
            f"{text[:40]!r}. Change the line."
        )
    try:
        # "?" marks a missing value.
        steps = [[float(v) if v != "?" else np.nan for v in c.split(",")] for c in channels]
    except ValueError as error:
        raise DataError(f"{place}: expected numbers; got {error}. Change the line.") from None
    if len({len(channel) for channel in steps}) > 1:
        lengths = [len(channel) for channel in steps]
        raise DataError(
            f"{place}: expected channels of equal length; got {lengths} steps. Change the line."
        )
    return {"series": [list(step) for step in zip(*steps, strict=True)], "label": target}
