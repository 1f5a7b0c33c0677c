"""Options of regression: which columns hold the numbers, and how the network learns them."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveFloat, PositiveInt, field_validator

from conveyor.section import Quantiles, Section, TargetSection


class RegressionTarget(TargetSection):
    """The columns whose numbers are predicted, together."""

    task: Literal["regression"]
    columns: Annotated[list[str], Field(min_length=1)]  # of numbers

    @field_validator("columns")
    @classmethod
    def _check_columns(cls, columns: list[str]) -> list[str]:
        if len(set(columns)) != len(columns):
            raise ValueError(f"expected different columns; got {columns}")
        return columns


class RegressionHead(TargetSection):
    """How the network learns numbers. It is trained on standardised targets."""

    # Settings that change what the validation loss measures, so that losses do not compare.
    kinds_of_loss: ClassVar[tuple[str, ...]] = ("loss", "huber_delta", "quantiles")

    task: Literal["regression"]
    # mse learns the mean, mae the median, huber something between; quantile learns `quantiles`,
    # which give an interval beside the median.
    loss: Literal["mse", "mae", "huber", "quantile"]
    huber_delta: PositiveFloat  # error from which huber is linear, in standard deviations
    quantiles: Quantiles  # used by the loss `quantile`
    # Whether the validation rows decide how wide the interval is; a network that overfits gives
    # intervals that are too narrow.
    calibrate: bool

    def check_target(self, target: Section) -> None:
        """Any target will do."""


class RegressionReport(Section):
    """What the report of the test rows shows."""

    task: Literal["regression"]
    max_points: PositiveInt  # rows drawn in a scatter plot; of more rows, evenly spaced ones


class RegressionSpec(TargetSection):
    """The target of prepared data or of a model.

    Attributes:
        mean: of the training rows, by column, in the data's unit.
        std: standard deviation of the training rows, likewise; the unit of tolerances.
        quantiles: that a model predicts for each column; None for one number a column.
        widths: by column, the factor by which they move away from the median; None: they do not.
    """

    task: Literal["regression"] = "regression"
    columns: list[str]
    mean: list[float]
    std: list[PositiveFloat]
    quantiles: list[float] | None = None
    widths: list[float] | None = None
