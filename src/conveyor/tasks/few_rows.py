"""The check that each part of a target has rows in each split."""

from collections.abc import Mapping

from conveyor.errors import DataError

MAX_LISTED = 8  # parts that an error lists


def require_rows(
    rows: Mapping[str, Mapping[str, int]], part: str, min_rows: int, hint: str = ""
) -> None:
    """Check that each class or label has enough rows in each split.

    Args:
        rows: by split and name of the part.
        part: what a part is called, such as "class".
        hint: what else the reader may change; begins with a space.

    Raises:
        DataError: names the first parts of too few rows.
    """
    few = [
        f"{split} has {count} of {part} {name!r}"
        for split, by_name in rows.items()
        for name, count in by_name.items()
        if count < min_rows
    ]
    if few:
        raise DataError(
            f"dataset.checks.min_rows: expected at least {min_rows} rows of each {part} in each "
            f"split; got too few: {', '.join(few[:MAX_LISTED])}"
            f"{' ...' if len(few) > MAX_LISTED else ''}. Add rows, change dataset.split, or lower "
            f"the limit.{hint}"
        )
