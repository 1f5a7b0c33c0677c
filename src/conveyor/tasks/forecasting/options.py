"""Options of forecasting: which columns are forecast from which, how far, and how the network
learns it."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from conveyor.section import Quantiles, Section, TargetSection

Calendar = Literal["hour", "weekday", "month"]


class Frequency(Section):
    """The distance of two steps: microseconds, whole months, or the unit of times that are
    numbers."""

    step: PositiveInt
    unit: Literal["microseconds", "months", "number"]


class ForecastTarget(TargetSection):
    """The columns that are forecast, at each time of one or more series.

    Each row of the files is a step of a series. At an origin, the network reads the `context` steps
    before it, and forecasts the `horizon` steps from it on.
    """

    task: Literal["forecasting"]
    columns: Annotated[list[str], Field(min_length=1)]  # of numbers, that are forecast together
    series: str | None  # column of the name of a row's series; null: all rows are one series
    # Such as "*" or "load_*": the columns of a wide table, each of which has the values of one
    # series and its name; null: each row is a step of one series.
    wide: str | None
    time: str  # column of times, in any order
    time_format: str | None  # of Python's strptime; null: ISO 8601, or numbers
    # Of times without an offset from UTC, such as Europe/Berlin; the hour that the end of daylight
    # saving repeats is told apart by the order of the rows. null: a clock that is never changed.
    zone: str | None
    until: str | None  # steps from this time on are left out; null: none
    horizon: PositiveInt  # steps that are forecast
    context: Annotated[int, Field(ge=2)]  # steps before them, that the network reads
    past: list[str]  # columns that are known up to the origin only
    known_ahead: list[str]  # columns that are known in the horizon too, such as a holiday
    calendar: list[Calendar]  # of the time, known ahead
    season: PositiveInt | None  # steps of the season of baselines; null: from the frequency
    # Steps that a regular grid lacks: refuse; missing: they are steps without values; forward: they
    # have those of the step before.
    gaps: Literal["refuse", "missing", "forward"]
    duplicates: Literal["refuse", "mean", "last"]  # rows of one series at one time
    stride: PositiveInt  # steps between two origins of validation, and of test

    @property
    def channels(self) -> list[str]:
        """The columns of numbers, in the order of a raw step."""
        return [*self.columns, *self.past, *self.known_ahead]

    @model_validator(mode="after")
    def _check_columns(self) -> "ForecastTarget":
        names = [*self.channels, self.time, *([self.series] if self.series else [])]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(
                "expected each column in one of columns, past, known_ahead, time and series; got "
                f"{twice[0]!r} twice"
            )
        if self.wide is not None:
            self._check_wide(self.wide)
        if len(set(self.calendar)) != len(self.calendar):
            raise ValueError(f"calendar: expected different features; got {self.calendar}")
        return self

    def _check_wide(self, pattern: str) -> None:
        if pattern.count("*") != 1:
            raise ValueError(
                "wide: expected the names of columns with one `*` for what differs, such as '*' or "
                f"'load_*'; got {pattern!r}"
            )
        if len(self.columns) > 1:
            raise ValueError(
                "columns: expected one name with `wide`, for the values of all series; got "
                f"{self.columns}. Choose one, or give a row for each step of a series"
            )
        names = {"past": self.past, "known_ahead": self.known_ahead}
        names["series"] = [] if self.series is None else [self.series]
        for field, columns in names.items():
            if columns:
                raise ValueError(
                    f"{field}: expected none with `wide`, whose columns are series; got "
                    f"{', '.join(columns)}. Remove it, or set wide to null and give a row for each "
                    "step of a series, with a column of the series' name"
                )


class ForecastHead(TargetSection):
    """How the network forecasts. It learns `quantiles` of each step; the median is the forecast."""

    # Settings that change what the validation loss measures, so that losses do not compare.
    kinds_of_loss: ClassVar[tuple[str, ...]] = ("quantiles",)
    reads_windows: ClassVar[bool] = True

    task: Literal["forecasting"]
    quantiles: Quantiles  # around 0.5, the forecast itself
    # What is taken from the values of a context, and given back to its forecasts: the last value,
    # the mean, or nothing.
    level: Literal["last", "mean", "none"]
    spread: bool  # whether they are divided by their standard deviation too
    calibrate: bool  # whether validation rows decide how wide the intervals are

    def check_target(self, target: Section) -> None:
        """Any target will do."""


class ForecastReport(Section):
    """What the report of the test rows shows."""

    task: Literal["forecasting"]
    fans: PositiveInt  # stretches of the test rows that are drawn with their intervals
    series: PositiveInt  # of the largest error, that are listed


class ForecastSpec(TargetSection):
    """The target of prepared data or of a model.

    Attributes:
        frequency: of the steps.
        season: steps after which a series is expected to repeat itself.
        std: of each column in the training steps, in the data's unit; the unit of tolerances.
        quantiles: that a model predicts; None: a row has one number for each step.
        widths: by column, the factor by which they move away from the median; None: they do not.
    """

    reads_windows: ClassVar[bool] = True

    task: Literal["forecasting"] = "forecasting"
    columns: list[str]
    series: str | None
    wide: str | None = None
    time: str
    time_format: str | None
    zone: str | None
    frequency: Frequency
    horizon: PositiveInt
    context: PositiveInt
    past: list[str]
    known_ahead: list[str]
    calendar: list[Calendar]
    gaps: Literal["refuse", "missing", "forward"]
    duplicates: Literal["refuse", "mean", "last"]
    season: PositiveInt
    mean: list[float]
    std: list[PositiveFloat]
    quantiles: list[float] | None = None
    widths: list[float] | None = None

    @property
    def channels(self) -> list[str]:
        """The columns of numbers, in the order of a raw step."""
        return [*self.columns, *self.past, *self.known_ahead]

    @property
    def future(self) -> int:
        """Steps of a row after its origin, which hold what is known ahead; 0 if nothing is."""
        return self.horizon if self.known_ahead or self.calendar else 0

    @property
    def order(self) -> str:
        """The column by which steps are sorted, as `LongLayout` has it."""
        return self.time
