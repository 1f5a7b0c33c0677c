"""Loads data sets of the Hugging Face hub."""

from collections.abc import Sequence
from pathlib import Path

from conveyor.config.source import Source
from conveyor.data.columnar import value_names
from conveyor.data.table import ROWS, Batches, Table, limit_size
from conveyor.errors import DataError


def open_hub(source: Source, split: str, cache: Path) -> Table:
    """Open a split of `source.hub`.

    Args:
        cache: folder in which `datasets` stores what it loads.

    Raises:
        DataError: the hub does not have it, or cannot be reached.
    """
    import datasets  # it takes a second, and only this format needs it

    try:
        rows = datasets.load_dataset(
            source.hub or "", split=split, revision=source.revision, cache_dir=str(cache)
        )
    except Exception as error:
        raise DataError(
            f"{source.hub}, split {split!r}: expected a data set of the hub at revision "
            f"{source.revision!r}; got {error}. Without a network, name local files in "
            "dataset.source.files, and their format in dataset.source.format."
        ) from error
    assert isinstance(rows, datasets.Dataset)

    def read(wanted: Sequence[str]) -> Batches:
        for table in rows.select_columns(list(wanted)).with_format("arrow").iter(ROWS):
            yield from limit_size(table.to_batches())  # type: ignore[union-attr]

    return Table(rows.column_names, read, value_names(rows.features.arrow_schema))
