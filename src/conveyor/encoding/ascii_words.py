"""A tokenizer for batches of ASCII texts and a vocabulary of words.

Such a text is split at white space, and each piece into runs of letters, digits and underscores
and runs of other characters, which is what the pre-tokenizer `Whitespace` of `tokenizers` does. A
few array operations over the bytes of a batch do the same about ten times faster. Other scripts
have more rules, and special tokens are matched before the split: both are left to the library.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.encoding.ragged import Ragged

SPACE, WORD, OTHER = 0, 1, 2
CHARACTER_CLASS = np.array(
    [
        SPACE if chr(c) in " \t\n\v\f\r" else WORD if chr(c).isalnum() or c == ord("_") else OTHER
        for c in range(128)
    ],
    np.uint8,
)


def tokenize_ascii(texts: Sequence[str], token_of: Callable[[str], int]) -> Ragged:
    """Tokens of ASCII texts, int32.

    Args:
        token_of: the token of a word; called once for each distinct word.
    """
    content = np.frombuffer(("\n" + "\n".join(texts) + "\n").encode("ascii"), np.uint8)  # (bytes,)
    character = CHARACTER_CLASS[content]
    changes = character[1:] != character[:-1]
    starts = 1 + np.flatnonzero(changes & (character[1:] != SPACE))  # (tokens,)
    ends = 1 + np.flatnonzero(changes & (character[:-1] != SPACE))
    strings = _string_array(content[character != SPACE], ends - starts).dictionary_encode()
    tokens = np.array([token_of(word) for word in strings.dictionary.to_pylist()], np.int32)
    text_ends = np.cumsum([len(text) + 1 for text in texts])
    offsets = np.concatenate([[0], np.searchsorted(starts, text_ends)])
    codes: NDArray[Any] = np.from_dlpack(strings.indices)
    return Ragged(tokens[codes], offsets)


def _string_array(content: NDArray[np.uint8], lengths: NDArray[np.int64]) -> pa.Array:
    """Arrow strings of these lengths that stand behind one another in `content`."""
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.StringArray.from_buffers(len(lengths), pa.py_buffer(ends), pa.py_buffer(content))
