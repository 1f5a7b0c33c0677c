"""Section `dataset.split`: which rows are for training, validation and test."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from conveyor.section import Section, Seed, Share


def _check_time_format(text: str) -> str:
    if "%" not in text:
        raise ValueError(
            "expected a format of Python's `datetime.strptime`, such as '%d.%m.%Y %H:%M', or null "
            f"for numbers and ISO 8601; got {text!r}"
        )
    return text


TimeFormat = Annotated[str, AfterValidator(_check_time_format)] | None


class OwnFile(Section):
    """The part is a file, or a split of the hub, of its own."""

    by: Literal["given"]


class ByColumn(Section):
    """The part is the rows whose `column` equals `value`."""

    by: Literal["column"]
    column: str  # of the source
    value: str  # of the rows of the part


class ByShare(Section):
    """The part is a share of the rows.

    share: drawn with `split.seed`, stratified by the target. order: the last rows of the source.
    """

    by: Literal["share", "order"]
    share: Share  # of the rows


class ByTime(Section):
    """The part is the newest rows by a column of times, in whatever order the rows are.

    The cells are numbers, dates, ISO 8601, or text that `time_format` describes. Rows of one time
    stay together, so the part is the whole times that come nearest to the share.
    """

    by: Literal["time"]
    column: str  # of times
    share: Share  # of the rows
    time_format: TimeFormat = None  # of text in `column`


class Since(Section):
    """The part is what comes from a time on, written as in the files; of forecasts only."""

    by: Literal["since"]
    time: str  # of the first step


Take = Annotated[OwnFile | ByColumn | ByShare | ByTime | Since, Field(discriminator="by")]


class SplitRules(Section):
    """Test rows are taken first, then validation rows; the remaining rows are for training."""

    seed: Seed  # of its own, so that a new training seed keeps the test rows
    test: Take  # rows that are evaluated once, and choose nothing
    validation: Take  # rows by which trials and updates are chosen
    group: str | None  # rows with equal values here (a patient, a machine) stay together

    @property
    def takes(self) -> dict[str, OwnFile | ByColumn | ByShare | ByTime | Since]:
        """How the rows of a part are chosen, in the order in which they are taken."""
        return {"test": self.test, "validation": self.validation}
