"""The parts of a window of a series: what a network reads before its origin, and after it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """The shape of encoded windows.

    The features of a step are the scaled targets, past and known-ahead columns, the calendar, and
    for each of the columns a flag that is 1 where its value is missing, which is 0 then.

    Attributes:
        context: steps before the origin.
        horizon: steps from the origin on, that are forecast.
        future: steps of a window from the origin on: `horizon`, or 0 if nothing is known ahead.
        targets: number of columns that are forecast.
        past: number of columns that are known up to the origin.
        ahead: number of columns that are known ahead.
        calendar: number of features of the calendar, which are known ahead.
    """

    context: int
    horizon: int
    future: int
    targets: int
    past: int
    ahead: int
    calendar: int

    @property
    def steps(self) -> int:
        return self.context + self.future

    @property
    def columns(self) -> int:
        """Number of columns of all kinds."""
        return self.targets + self.past + self.ahead

    @property
    def features(self) -> int:
        """Numbers of an encoded step."""
        return 2 * self.columns + self.calendar

    @property
    def flags(self) -> int:
        """Position of the first flag."""
        return self.columns + self.calendar

    @property
    def hidden(self) -> int:
        """Number of columns, the first ones, that are not known ahead."""
        return self.targets + self.past
