"""What a data set of windows, which are forecast, may set, and what all others may not."""

from typing import Any

from conveyor.config.split import ByTime, SplitRules
from conveyor.tasks.forecasting.options import ForecastTarget

ONE_LAYOUT = (
    "expected one of `series` (a nested column), `wide` (a column for each step) and `long` (a row "
    "for each step)"
)


def cuts_windows(target: Any) -> bool:
    """Return whether rows are windows of long series, as the target says."""
    return isinstance(target, ForecastTarget)


def require_rows(target: Any) -> None:
    """Raise a ValueError if the target of texts is a forecast."""
    if cuts_windows(target):
        raise ValueError("kind: expected series, since the target is a forecast; got text")


def check_split(target: Any, split: SplitRules) -> None:
    """Raise a ValueError unless windows are cut at times, and other rows are not."""
    for name, take in split.takes.items():
        if cuts_windows(target) and take.by not in ("time", "since"):
            raise ValueError(
                f"split.{name}.by: expected time or since, which cut all series at one time; got "
                f"{take.by}"
            )
        if not cuts_windows(target) and take.by == "since":
            raise ValueError(
                f"split.{name}.by: expected given, column, share, order or time; got since, which "
                "cuts series that are forecast"
            )
        if not cuts_windows(target) or not isinstance(take, ByTime):
            continue
        if take.column != target.time:
            raise ValueError(
                f"split.{name}.column: expected {target.time!r}, as target.time; got "
                f"{take.column!r}"
            )
    if cuts_windows(target) and split.group is not None:
        raise ValueError(
            f"split.group: expected null, since all series are cut at one time; got {split.group!r}"
        )


def check_windows(target: Any, columns: Any, encoding: Any) -> None:
    """Raise a ValueError if columns or encoding of a data set are not those of windows."""
    if columns.layouts or columns.id:
        raise ValueError(
            "columns: expected series, wide, long and id of null, since target names the columns "
            "of a forecast; got some. Remove them"
        )
    static = columns.static.names
    if static and target.series is None:
        raise ValueError(
            "columns.static: expected none without target.series, the column that tells series "
            f"apart; got {', '.join(static)}. Name it in a table of a row for each step, or remove "
            "them"
        )
    taken = {*target.channels, target.time, target.series}
    twice = [name for name in static if name in taken]
    if twice:
        raise ValueError(
            "columns.static: expected columns beside those that target names; got "
            f"{twice[0]!r}, which is one of them. Remove it from the list"
        )
    needed = {"missing": "mask", "scaling": "standard", "max_length": None}
    for name, value in needed.items():
        if getattr(encoding, name) != value:
            raise ValueError(
                f"encoding.{name}: expected {value}, as a forecast reads its context; got "
                f"{getattr(encoding, name)}"
            )
