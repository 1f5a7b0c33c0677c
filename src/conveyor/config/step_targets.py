"""What a data set needs whose target has a value for each step of a row."""

from typing import Any


def check_texts(columns: Any, tokenizer: str) -> None:
    """Check a data set of texts with a value for each token.

    Args:
        columns: of `config.dataset.TextColumns`.

    Raises:
        ValueError: a setting does not go with such a target.
    """
    _require_no_static(columns)
    if len(columns.text_columns) > 1:
        raise ValueError(
            "columns.text: expected one column, since dataset.target has a value for each of its "
            f"tokens; got {len(columns.text_columns)}. Name one column"
        )
    if tokenizer != "whitespace":
        raise ValueError(
            "encoding.tokenizer: expected whitespace, since dataset.target has a value for each "
            f"token; got {tokenizer}. Include base/tokens in place of base/text, or set "
            "dataset.encoding.tokenizer=whitespace"
        )


def check_series(columns: Any) -> None:
    """Check a data set of series with a value for each step.

    Args:
        columns: of `config.dataset.SeriesColumns`.

    Raises:
        ValueError: a setting does not go with such a target.
    """
    _require_no_static(columns)
    if columns.long is not None and columns.long.duplicates == "mean":
        raise ValueError(
            "columns.long.duplicates: expected refuse or keep, since steps of different targets "
            "have no mean; got mean. Set dataset.columns.long.duplicates=refuse"
        )


def _require_no_static(columns: Any) -> None:
    if columns.static.names:
        raise ValueError(
            "columns.static: expected none, since they join the features of a whole row, and "
            f"dataset.target has a value for each step; got {', '.join(columns.static.names)}. "
            "Set dataset.columns.static={numbers: [], categories: []}"
        )
