"""One file, opened as a part of a source."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from making import TEXT

from conveyor.config.source import Source
from conveyor.data.part import Part
from conveyor.data.sources import open_files


def source(**changes: Any) -> Source:
    return Source.model_validate(TEXT["source"] | changes)


def table(part: Part) -> list[dict[str, Any]]:
    return pa.Table.from_batches(part.read(part.columns)).to_pylist()


def open_one(path: Path, form: str, **changes: Any) -> Part:
    return open_files(source(format=form, **changes), "all", [path])
