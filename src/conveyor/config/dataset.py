"""Section `dataset`: where rows come from, what their columns mean, how they are split."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PositiveInt, field_validator, model_validator

from conveyor.config.source import Source
from conveyor.config.split import SplitRules, TimeFormat
from conveyor.config.step_targets import check_series, check_texts, check_tokenizer
from conveyor.config.windows import (
    ONE_LAYOUT,
    check_split,
    check_windows,
    cuts_windows,
    require_rows,
)
from conveyor.section import Portion, Section, Slug
from conveyor.tasks.options import Target


class Checks(Section):
    """Limits beyond which bad data stop the belt; reports/data.json counts the rows below them."""

    min_rows: PositiveInt  # training rows of each class or label, or of all for numbers
    max_dropped_share: Portion  # of all rows


class Engine(Section):
    """What DuckDB may use while it checks and splits rows; its results do not depend on it."""

    threads: PositiveInt  # at once
    memory: str  # such as 80MB; what exceeds it goes to disk

    @field_validator("memory")
    @classmethod
    def _check_memory(cls, memory: str) -> str:
        if not re.fullmatch(r"[1-9][0-9]*(MB|GB)", memory):
            raise ValueError(f"expected a size such as 80MB or 1GB; got {memory!r}")
        return memory


class LongLayout(Section):
    """One row of the file a time step: rows of one `id`, sorted by `order`, are one series.

    The cells of `order` are numbers, ISO dates or times, or text that `time_format` describes, as
    in Python's `datetime.strptime`: "%d/%m/%Y %H:%M". Where two steps of a series have the same
    time, `duplicates` refuses the file, keeps both in their order, or makes one of them, the mean.
    """

    id: str  # column whose value the rows of a series share
    order: str  # column by which the rows of a series are sorted
    channels: list[str] = Field(min_length=1)  # columns with the numbers of a step
    time_format: TimeFormat = None  # of text in `order`
    # What becomes of two steps of a series at the same time.
    duplicates: Literal["refuse", "mean", "keep"] = "refuse"


RESERVED = ("text", "series", "lengths")


class StaticColumns(Section):
    """Columns of one value a row, beside its sequence: the age of a patient, a machine's type.

    Numbers are scaled, and each category of the training rows is an input of the network.
    """

    numbers: list[str]  # columns of numbers
    categories: list[str]  # columns of names

    @property
    def names(self) -> list[str]:
        """All columns, in the order of the network's inputs."""
        return [*self.numbers, *self.categories]

    @model_validator(mode="after")
    def _check_names(self) -> "StaticColumns":
        twice = [name for name in self.names if self.names.count(name) > 1]
        if twice:
            raise ValueError(f"expected each column once; got {twice[0]!r} twice")
        reserved = [name for name in self.names if name in RESERVED]
        if reserved:
            raise ValueError(
                f"expected names other than {', '.join(RESERVED)}, by which requests name a "
                f"sequence; got {reserved[0]!r}. Rename the column in the files"
            )
        return self


NO_STATIC = StaticColumns(numbers=[], categories=[])


class Columns(Section):
    """What the columns of texts and of series have in common."""

    id: str | None  # null numbers the rows: "train-000017"
    # Columns beside the sequence; stores and models from before there were any have none.
    static: StaticColumns = NO_STATIC

    def describe(self) -> dict[str, Any]:
        """Return the values as stores and models keep them: static columns only if there are
        any."""
        return self.model_dump(mode="json", exclude=None if self.static.names else {"static"})


class TextColumns(Columns):
    """The columns of a text data set.

    A list of columns is one text: their cells, joined by `separator`; empty cells are left out.
    """

    text: str | Annotated[list[str], Field(min_length=1)]  # column, or columns, of the text
    separator: str  # between the cells of several columns

    @property
    def text_columns(self) -> list[str]:
        return [self.text] if isinstance(self.text, str) else self.text


class SeriesColumns(Columns):
    """A series is one cell (`series`), a row of cells (`wide`), or several rows (`long`).

    A cell holds a list of steps, each a list of channels; with `channels_first` it is the other way
    round. A series of one channel may be a plain list. A cell of text holds either as JSON, or the
    numbers of one channel, separated by spaces, commas or semicolons.
    """

    series: str | None  # column of nested values
    layout: Literal["steps_first", "channels_first"]  # of a nested value
    wide: str | None  # such as "t*": a column for each step, t0, t1, …; * is a number or a date
    long: LongLayout | None

    @field_validator("wide")
    @classmethod
    def _check_wide(cls, wide: str | None) -> str | None:
        if wide is not None and wide.count("*") != 1:
            raise ValueError(
                "expected the name of the columns with one `*` for the number, such as 't*'; "
                f"got {wide!r}"
            )
        return wide

    @model_validator(mode="after")
    def _check_layout(self) -> "SeriesColumns":
        if self.layouts > 1:
            raise ValueError(ONE_LAYOUT)
        return self

    @property
    def layouts(self) -> int:
        """How many of `series`, `wide` and `long` there are."""
        return 3 - [self.series, self.wide, self.long].count(None)


class TextEncoding(Section):
    """How texts become tokens; the vocabulary comes from the training rows."""

    # word: words and signs. bpe: pieces of words, which the training rows teach. whitespace: what
    # is between white space, for targets with a value for each token.
    tokenizer: Literal["word", "bpe", "whitespace"]
    lowercase: bool  # before words are counted
    unescape_html: bool  # &amp; becomes &
    normalise: Literal["none", "nfc", "nfkc"]  # form of Unicode
    strip_accents: bool  # é becomes e
    vocabulary: int = Field(ge=3)  # tokens, the two special ones included
    min_frequency: PositiveInt  # how often the training rows must have a token
    max_length: PositiveInt  # tokens; the rest of a longer text is cut and counted
    # of each token, read beside its word; with the tokenizer `whitespace` only
    characters: Annotated[int, Field(ge=0, le=100)]
    # How a text of a request becomes tokens, with the tokenizer `whitespace`. words: punctuation is
    # taken off words, as it is in the training rows. whitespace: the pieces between white space.
    raw_text: Literal["words", "whitespace"] | None

    @model_validator(mode="after")
    def _check_tokenizer(self) -> "TextEncoding":
        check_tokenizer(self)
        return self


class SeriesEncoding(Section):
    """How series are filled, scaled and cut.

    missing: what becomes of null and NaN. refuse: such a row is left out and counted, and refused
    when served. forward: the value of the step before; at the start of a row the first value that
    follows. mask: the channel's mean, and for each channel one more that is 1 where it is missing.
    """

    missing: Literal["refuse", "forward", "mask"]  # what becomes of null and NaN
    scaling: Literal["standard", "minmax", "none"]  # per channel, from training rows
    max_length: PositiveInt | None  # steps; the rest of a longer series is cut and counted


class BaseDataset(Section):
    """The settings that text and series have in common."""

    name: Slug  # of the data set, its registered model and its MLflow experiment
    source: Source
    target: Target  # what is predicted, which chooses the task
    split: SplitRules
    checks: Checks
    engine: Engine

    @model_validator(mode="after")
    def _check_split(self) -> Self:
        check_split(self.target, self.split)
        return self


class TextDataset(BaseDataset):
    kind: Literal["text"]
    columns: TextColumns
    encoding: TextEncoding

    @model_validator(mode="after")
    def _check_steps(self) -> Self:
        require_rows(self.target)
        if self.target.per_step:
            check_texts(self.columns, self.encoding.tokenizer)
        elif self.encoding.tokenizer == "whitespace":
            raise ValueError(
                "encoding.tokenizer: expected word or bpe, since dataset.target has one value "
                "a row; got whitespace. Include base/text in place of base/tokens, or change it"
            )
        return self


class SeriesDataset(BaseDataset):
    kind: Literal["series"]
    columns: SeriesColumns
    encoding: SeriesEncoding

    @model_validator(mode="after")
    def _check_steps(self) -> Self:
        if cuts_windows(self.target):
            check_windows(self.target, self.columns, self.encoding)
        elif not self.columns.layouts:
            raise ValueError(f"columns: {ONE_LAYOUT}")
        if self.target.per_step:
            check_series(self.columns)
        return self


Dataset = Annotated[TextDataset | SeriesDataset, Field(discriminator="kind")]
