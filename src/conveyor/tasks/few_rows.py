"""Checks that each part of a target has enough rows: refused in training, a warning in test."""

from collections.abc import Mapping

from conveyor.errors import DataError, quote

MAX_LISTED = 8  # parts that an error lists
FEW_TEST_ROWS = 5  # below so many, a metric of a part says little


def check_rows(
    rows: Mapping[str, Mapping[str, int]], part: str, min_rows: int, hint: str = ""
) -> list[str]:
    """Check that each class or label has enough training rows, and look for few test rows.

    Args:
        rows: by split and name of the part.
        part: what a part is called, such as "class".
        min_rows: that a part needs for training.
        hint: what else the reader may change; begins with a space.

    Returns:
        A sentence for each part of few test rows, or of none.

    Raises:
        DataError: names the first parts of too few training rows.
    """
    few = [f"{count} of {part} {quote(name)}" for name, count in rows["train"].items()
           if count < min_rows]  # fmt: skip
    if few:
        raise DataError(
            f"dataset.checks.min_rows: expected at least {min_rows} training rows of each "
            f"{part}; got {', '.join(few[:MAX_LISTED])}{' ...' if len(few) > MAX_LISTED else ''}. "
            f"Add rows, change dataset.split, join the {part} with another one, or lower the "
            f"limit.{hint}"
        )
    return [
        f"{part} {quote(name)} has {_count(count)}, so its test metrics say little"
        for name, count in rows["test"].items()
        if count < FEW_TEST_ROWS
    ]


def _count(rows: int) -> str:
    return "1 test row" if rows == 1 else f"{rows or 'no'} test rows"
