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


def check_tokenizer(encoding: Any) -> None:
    """Check the settings of `config.dataset.TextEncoding` that given tokens alone have.

    Raises:
        ValueError: a setting does not go with the tokenizer.
    """
    tokenizer, is_given = encoding.tokenizer, encoding.tokenizer == "whitespace"
    if is_given and encoding.unescape_html:
        raise ValueError(
            "unescape_html: expected false with tokenizer=whitespace, whose tokens are those "
            "of the files; got true. Set dataset.encoding.unescape_html=false"
        )
    if not is_given and encoding.characters:
        raise ValueError(
            f"characters: expected 0 with tokenizer={tokenizer}; got {encoding.characters}. "
            "Set dataset.encoding.characters=0"
        )
    if is_given == (encoding.raw_text is None):
        expected, value = ("words or whitespace", "words") if is_given else ("null", "null")
        raise ValueError(
            f"raw_text: expected {expected} with tokenizer={tokenizer}; got "
            f"{encoding.raw_text or 'null'}. Set dataset.encoding.raw_text={value}"
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
