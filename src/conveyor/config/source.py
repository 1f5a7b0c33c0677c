"""Section `dataset.source`: where rows come from, and how their files are read."""

import codecs
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from conveyor.paths import Paths
from conveyor.section import Section

Part = Literal["train", "validation", "test", "all"]
NAMELESS = ("conll", "aligned")  # formats whose files never have a line of column names
# A password in a URL that is no variable, before the host or among the options.
PASSWORD = re.compile(r"://[^/\s:@]*:(?!\$)[^/\s@]*@|[?&]\w*(password|passwd|pwd)=(?!\$)")


class Sql(Section):
    """Queries whose rows `python -m pipeline.fetch` writes into the files of the source."""

    url: str  # as SQLAlchemy has it, or duckdb:///FILE; $NAME is a variable of the environment
    queries: Annotated[dict[Part, str], Field(min_length=1)]  # one for each key of `files`

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        if PASSWORD.search(url):
            raise PydanticCustomError(
                "secret",
                "expected no password in the URL, since this file is committed. Put it into a "
                "variable of the environment, and write $NAME in its place",
            )
        return url


class Dialect(Section):
    """How the files of a source are read."""

    header: list[str] | None  # column names of a csv, tsv or excel file without a header line
    delimiter: str  # of csv and tsv: one character, or auto
    quote: str | None  # quotation mark of csv and tsv; null where quotes are text
    escape: str | None = None  # of csv and tsv: what stands before a quotation mark that is text
    encoding: str  # of text files: a codec of Python, such as latin-1, or auto
    compression: Literal["auto", "none", "gzip", "bz2", "xz", "zstd", "zip"]  # of text files
    decimal: Literal[".", ","]  # sign of numbers that are text, as in csv
    missing: list[StrictStr | StrictInt | StrictFloat]  # cells that mean none
    sheet: StrictStr | StrictInt | None  # of excel: a name, or a number from 1; null: the only one

    @field_validator("delimiter", "quote", "escape")
    @classmethod
    def _check_character(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and value in "\r\n":
            raise ValueError(f"expected a character within a line; got {value!r}")
        other = "auto" if info.field_name == "delimiter" else None
        if value != other and value is not None and (len(value) != 1 or not value.isascii()):
            tab = '. A tab in YAML is "\\t", in double quotes' if other else ""
            raise ValueError(
                f"expected {other or 'null'} or one ASCII character; got {value!r}{tab}"
            )
        return value

    @field_validator("encoding")
    @classmethod
    def _check_encoding(cls, name: str) -> str:
        try:
            is_text = name == "auto" or codecs.lookup(name)._is_text_encoding
        except LookupError:
            is_text = False
        if not is_text:
            raise ValueError(f"expected auto, or an encoding such as latin-1; got {name!r}")
        return name

    @model_validator(mode="after")
    def _check_quote(self) -> Self:
        marks = {"delimiter": self.delimiter, "quote": self.quote, "escape": self.escape}
        for name in ("quote", "escape"):
            other = next(other for other, mark in marks.items() if mark == marks[name])
            if other != name and marks[name] is not None:
                raise ValueError(
                    f"{name}: expected another character than {other}; got {marks[name]!r}"
                )
        return self


class KeptDialect(Dialect):
    """How the files of a data set were read; its model keeps it, to read others likewise."""

    format: str | None = None  # None in a model from before it was kept

    def settings_for(self, kind: str) -> dict[str, Any]:
        """Return the settings for a file of a format; a header of files without column names is
        for such files alone."""
        settings = self.model_dump(exclude={"format"})
        if (kind in NAMELESS) != (self.format in NAMELESS):
            settings["header"] = None
        return settings


class Source(Dialect):
    """Files of one format, or one data set of the Hugging Face hub.

    `files` maps a part ("train", "test", "validation", or "all") to a path relative to the
    project, or to a list of paths; for `hub` it maps a part to the hub's own split name.
    """

    format: str  # a key of READERS in conveyor.data.sources, or hub
    files: Annotated[dict[Part, str | list[str]], Field(min_length=1)]  # part -> path, or paths
    sql: Sql | None  # where the files come from, if they are the results of queries
    hub: str | None  # hub id, for format `hub` only
    revision: str | None  # of the hub data set; required with `hub`. Only a commit never changes

    @property
    def dialect(self) -> KeptDialect:
        """How the files are read, without the files."""
        return KeptDialect.model_validate(self.model_dump(include={*KeptDialect.model_fields}))

    @model_validator(mode="after")
    def _check_hub_and_files(self) -> "Source":
        if (self.format == "hub") != (self.hub is not None):
            raise ValueError(
                "hub: expected a data set exactly where format is hub; "
                f"got format={self.format}, hub={self.hub}"
            )
        if self.format == "hub" and self.revision is None:
            raise ValueError(
                "revision: expected a commit, tag or branch of the hub data set; got null. "
                "With a commit the data cannot change"
            )
        if "all" in self.files and len(self.files) > 1:
            raise ValueError(f"files: expected `all` alone or parts; got {list(self.files)}")
        return self

    @model_validator(mode="after")
    def _check_sql(self) -> "Source":
        if self.sql is None:
            return self
        if set(self.sql.queries) != set(self.files):
            raise ValueError(
                f"sql.queries: expected the parts of files, {', '.join(sorted(self.files))}; got "
                f"{', '.join(sorted(self.sql.queries))}"
            )
        folder = Paths().raw
        for part, file in self.files.items():
            path = Path(file) if isinstance(file, str) else Path()
            if self.format != "parquet" or path.suffix != ".parquet" or folder not in path.parents:
                raise ValueError(
                    f"files.{part}: expected, with sql, one file such as {folder}/NAME.parquet of "
                    f"format parquet; got {file!r} of format {self.format}"
                )
        return self
