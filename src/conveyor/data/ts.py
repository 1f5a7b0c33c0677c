"""The .ts format of the UEA & UCR time series archive.

Lines of `@` settings up to `@data`, then a series a line: channels separated by `:`, steps by
`,`, the class label last. Format: Bagnall et al. 2018, arXiv:1811.00075, and aeon's documentation.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from conveyor.data.errors import DataError


def read_ts(path: Path) -> Iterator[dict[str, Any]]:
    """Yield {"series": list of steps, each a list of channels, "label": str}, in file order."""
    inside = False
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            if inside:
                yield _series(text, f"{path}, line {number}")
            elif text.lower() == "@data":
                inside = True
            elif not text.startswith("@"):
                raise DataError(f"{path}, line {number}: expected an @ setting or @data")
    if not inside:
        raise DataError(f"{path} has no @data line; is it a .ts file?")


def _series(text: str, place: str) -> dict[str, Any]:
    *channels, label = text.split(":")
    if not channels:
        raise DataError(f"{place}: needs at least one channel and a label, separated by ':'")
    try:
        # "?" is the archive's mark of a missing value
        steps = [[float(v) if v != "?" else np.nan for v in c.split(",")] for c in channels]
    except ValueError as error:
        raise DataError(f"{place}: {error}") from None
    if len({len(channel) for channel in steps}) > 1:
        lengths = [len(channel) for channel in steps]
        raise DataError(f"{place}: channels of unequal length {lengths}; they must agree")
    return {"series": [list(step) for step in zip(*steps, strict=True)], "label": label}
