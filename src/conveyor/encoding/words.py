"""Words of ASCII texts, found in a whole batch at once.

What `tokenizers` does to such a text, for a word vocabulary, is: split it at white space, and each
piece into runs of letters, digits and underscores and runs of anything else. Over the bytes of a
batch that is a few array operations, some ten times faster. Other scripts have rules of their own,
and stay with the library; so do texts that name a special token.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.encoding.ragged import Ragged

SPACE, WORD, OTHER = 0, 1, 2
KIND = np.array(
    [SPACE if chr(c) in " \t\n\v\f\r" else WORD if chr(c).isalnum() or c == ord("_") else OTHER
     for c in range(128)], np.uint8,
)  # fmt: skip


def numbered(texts: Sequence[str], number: Callable[[str], int]) -> Ragged:
    """The number of each word of ASCII texts, int32; `number` is asked once a distinct word."""
    content = np.frombuffer(("\n" + "\n".join(texts) + "\n").encode("ascii"), np.uint8)
    kind = KIND[content]
    change = kind[1:] != kind[:-1]
    starts = 1 + np.flatnonzero(change & (kind[1:] != SPACE))
    ends = 1 + np.flatnonzero(change & (kind[:-1] != SPACE))
    words = _strings(content[kind != SPACE], ends - starts).dictionary_encode()
    numbers = np.array([number(word) for word in words.dictionary.to_pylist()], np.int32)
    row_ends = np.cumsum([len(text) + 1 for text in texts])
    offsets = np.concatenate([[0], np.searchsorted(starts, row_ends)])
    codes: NDArray[Any] = np.from_dlpack(words.indices)
    return Ragged(numbers[codes], offsets)


def _strings(content: NDArray[np.uint8], lengths: NDArray[np.int64]) -> pa.Array:
    ends = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=ends[1:])
    return pa.StringArray.from_buffers(len(lengths), pa.py_buffer(ends), pa.py_buffer(content))
