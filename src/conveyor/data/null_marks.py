"""The null of MySQL's files: an escape character and N, as a whole cell.

Arrow removes escape characters, so that this cell would be the text N. It has to be marked before.
"""

import io
import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

MARK = "\ufdd0"  # Unicode keeps this character out of texts


def mark_nulls(stream: Any, escape: str) -> io.BufferedReader:
    """Return a stream of UTF-8 whose escaped N are MARK; one that is itself escaped is none."""
    return io.BufferedReader(_MarkedNulls(stream, escape.encode()), 1 << 20)


def clear_marks(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Make cells that are MARK null; within a text it is the N that it stands for."""
    columns = [
        pc.if_else(pc.equal(column, MARK), None, pc.replace_substring(column, MARK, "N"))
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


class _MarkedNulls(io.RawIOBase):
    def __init__(self, stream: Any, escape: bytes) -> None:
        self._stream, self._escape, self._rest = stream, escape, b""
        self._escaped = re.compile(re.escape(escape) + b"(.)", re.DOTALL)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer, whose size is above 3; MARK has 3 bytes in place of 2."""
        chunk, read = b"", b"?"
        while read and not chunk:
            read = self._stream.read(len(buffer) // 2)
            chunk, self._rest = self._rest + read, b""
            escapes = len(chunk) - len(chunk.rstrip(self._escape))
            if read and escapes % 2:  # the last one stands before a byte of the next chunk
                chunk, self._rest = chunk[:-1], self._escape
        marked = self._escaped.sub(self._mark, chunk)
        buffer[: len(marked)] = marked
        return len(marked)

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _mark(self, match: re.Match[bytes]) -> bytes:
        return MARK.encode() if match[1] == b"N" else match[0]
