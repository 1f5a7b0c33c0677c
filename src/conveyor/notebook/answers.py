"""The answers of a model, as plain values that a notebook shows as a table."""

from typing import Any

import pandas as pd

SHOWN_ROWS = 20  # of a table in a notebook
DIGITS = "{:.4g}".format


class AnswerList(list[dict[str, Any]]):
    """A dictionary for each row, by field, as the server answers; a list in every respect."""

    def frame(self) -> pd.DataFrame:
        """Return a row for each answer; each part of a field has a column, such as
        `probabilities.<name>`. A cell is a list where an answer has a value for each step."""
        return pd.json_normalize(list(self))

    def _repr_html_(self) -> str:
        return table_html(self.frame())


def table_html(frame: pd.DataFrame) -> str:
    """Return the first rows of a table as HTML; pandas escapes what the cells hold."""
    more = len(frame) - SHOWN_ROWS
    note = f"<p>{more} more rows</p>" if more > 0 else ""
    table = frame.head(SHOWN_ROWS).to_html(float_format=DIGITS, na_rep="", border=0)
    return f"{table}{note}"


def summary_of(description: str) -> str:
    """Return the sentence with which the description of a version begins."""
    return description.partition("\n")[0]
