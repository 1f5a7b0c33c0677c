"""Texts without content, and texts that are not whole."""

import html
import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from conveyor.encoding.row_error import RowError

INVISIBLE = ("Cc", "Cf", "Zl", "Zp", "Zs")  # controls, zero-width characters, and white space
VISIBLE = r"[\p{L}\p{N}\p{P}\p{S}]"  # letters, numbers, punctuation, symbols
BEGINS_WITH_REFERENCE = r"^[^\p{L}\p{N}\p{P}\p{S}]*&"  # such as &nbsp;


def is_blank(text: str, *, unescape_html: bool) -> bool:
    """Return whether a text shows nothing: it has white space and invisible characters only.

    >>> is_blank(" \\u200b", unescape_html=False), is_blank("&nbsp;", unescape_html=True)
    (True, True)
    """
    displayed = html.unescape(text) if unescape_html else text
    return all(unicodedata.category(character) in INVISIBLE for character in displayed)


def find_blank(texts: pa.Array, *, unescape_html: bool) -> pa.Array:
    """Return which texts of a column without nulls are blank, (rows,); see `is_blank`."""
    doubtful = pc.invert(pc.match_substring_regex(texts, VISIBLE))
    if unescape_html:
        doubtful = pc.or_(doubtful, pc.match_substring_regex(texts, BEGINS_WITH_REFERENCE))
    blank = np.zeros(len(texts), np.bool_)
    blank[doubtful.to_numpy(zero_copy_only=False)] = [
        is_blank(text, unescape_html=unescape_html) for text in texts.filter(doubtful).to_pylist()
    ]
    return pa.array(blank)


def check_characters(text: str) -> str:
    """Return a text whose characters are whole.

    Raises:
        RowError: it has half a character.
    """
    if half := find_surrogate(text):
        raise RowError(
            f"expected a text of whole characters; got {half}, half of a pair of surrogates"
        )
    return text


def find_surrogate(text: str) -> str | None:
    """Return the first half of a pair of surrogates, in ASCII, which no text in UTF-8 can hold;
    None if all characters are whole.

    >>> find_surrogate("half \\ud83d")
    "'\\\\ud83d'"
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return ascii(text[error.start])
    return None
