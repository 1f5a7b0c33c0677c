"""Which columns can be the target, and why the others cannot."""

from conveyor.suggest.columns import THOUSANDS, Column
from conveyor.suggest.names import TARGETS, means
from conveyor.suggest.task import find_separator

FEW = 20  # different values that a class may have in any case
FEW_SHARE = 0.1  # of the rows, likewise
ROWS_A_CLASS = 3  # that training and the test need
LEARNED = 0.5  # the share of rows with such classes, if somebody names the target


def find_obstacle(column: Column, *, is_named: bool) -> str | None:
    """Return why a column cannot be the target, such as "has one value"; None if it can.

    Args:
        is_named: somebody says that it is the target. Then it may have more classes.
    """
    if column.distinct < 2:
        return "has one value" if column.distinct else "has no values"
    match column.kind:
        case "number" | "list":
            return None
        case "thousands":
            example = next(value for value in column.values if THOUSANDS.fullmatch(value))
            return f"has numbers with separators of thousands: {example!r}"
        case "list_text":
            return f"has lists that are text: {column.values[0]!r}"
        case "series" | "time":
            return "has series" if column.kind == "series" else "has times"
        case _:
            can_be = has_few(column) or find_separator(column) or (is_named and _repeats(column))
            return None if can_be else f"has {column.distinct} different values of text"


def has_few(column: Column) -> bool:
    """Whether a column has so few different values that they look like classes."""
    return column.distinct <= max(FEW, FEW_SHARE * len(column.values))


def rank(column: Column, position: int) -> tuple[bool, bool, bool, int]:
    """Order candidates: by their name, few values, text before numbers, the last column."""
    return not means(column.name, TARGETS), not has_few(column), column.kind == "number", -position


def _repeats(column: Column) -> bool:
    """Whether most rows have a value that enough other rows have."""
    counts = [count for count in column.counts.values() if count >= ROWS_A_CLASS]
    return len(counts) > 1 and sum(counts) >= LEARNED * len(column.values)
