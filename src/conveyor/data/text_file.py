"""Text files: their compression and encoding, given or found, and streams of their text."""

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any, TextIO

import charset_normalizer
import pyarrow as pa

from conveyor.config.source import Source
from conveyor.data.binary import refuse_binary, refuse_controls
from conveyor.data.compression import find_compression, open_bytes
from conveyor.data.null_marks import mark_nulls
from conveyor.errors import DataError

CHUNK = 1 << 20  # bytes read at a time
SAMPLE = 1 << 16  # bytes of lines beyond ASCII that decide between encodings
# The longer ones first: that of UTF-32 begins with that of UTF-16.
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
# The usual encodings of texts that are not UTF-8. cp1252 is latin-1 with more characters.
WESTERN = "cp1252"
LATIN = [WESTERN, "cp1250", "cp1254"]
OTHER_SCRIPTS = [
    WESTERN, "cp1251", "cp1253", "koi8_r", "cp932", "euc_jp", "gb18030", "big5", "cp949",
]  # fmt: skip
LATIN_RUN = 2  # bytes beyond ASCII in a row, on average: fewer in Latin script, more in others
MIN_BYTES = 8  # beyond ASCII; fewer tell nothing
MIN_VALID = 4  # valid characters of UTF-8 for each that is not; fewer are chance
MARGIN = 0.02  # by which a candidate's disorder, from 0 to 1, must be below that of WESTERN


@dataclass(frozen=True)
class TextFile:
    """A file of text.

    Attributes:
        encoding: a codec of Python.
        is_guess: whether the encoding was chosen by the look of the text; bytes alone do not tell.
        lines: line feeds in it.
    """

    path: Path
    compression: str
    encoding: str
    is_guess: bool
    lines: int

    @property
    def dialect(self) -> dict[str, Any]:
        guess = {"encoding_is_guess": True} if self.is_guess else {}
        return {"encoding": self.encoding, "compression": self.compression} | guess

    def open_utf8(self) -> Any:
        """Open the file for reading its text as bytes of UTF-8, without a byte order mark."""
        stream = open_bytes(self.path, self.compression)
        if self.encoding.lower() not in ("utf-8", "utf8", "utf-8-sig"):
            stream = pa.transcoding_input_stream(_as_arrow(stream), self.encoding, "utf-8")
        if isinstance(stream, pa.NativeFile):
            stream = io.BufferedReader(stream)  # type: ignore[arg-type]
        if stream.peek(3)[:3] == codecs.BOM_UTF8:
            stream.read(3)
        return stream

    @contextmanager
    def open_text(self, newline: str | None = None, escape: str | None = None) -> Iterator[TextIO]:
        """Open the file for reading text.

        Args:
            newline: as in `open`.
            escape: a character; it and an N are then read as MARK of `null_marks`.

        Raises:
            DataError: the text is in another encoding.
        """
        try:
            stream = self.open_utf8()
            marked = mark_nulls(stream, escape) if escape else stream
            with io.TextIOWrapper(marked, "utf-8", newline=newline) as text:
                yield text
        except UnicodeError as error:
            raise self.refuse(error) from None

    def refuse(self, error: UnicodeError) -> DataError:
        """Return the error that names the option which mends an encoding."""
        if isinstance(error, UnicodeEncodeError):  # the text is an escape of JSON
            return DataError(
                f"{self.path}: expected text of whole characters; got "
                f"{error.object[error.start]!a}, half of a pair of surrogates. Change the file."
            )
        return DataError(
            f"{self.path}: expected text in {self.encoding}; got {error}. Set "
            "dataset.source.encoding to auto, or to the file's encoding."
        )


def open_text_file(source: Source, path: Path) -> TextFile:
    """Find the compression and the encoding that `source` does not give.

    Raises:
        DataError: the file is not compressed as it should be, or is UTF-8 but for a few bytes.
    """
    compression = find_compression(source, path)
    try:
        refuse_binary(path, compression)
        scan = _scan(path, compression)
    except (OSError, EOFError) as error:
        raise DataError(
            f"{path}: expected a whole file compressed with {compression}; got {error}. Change "
            "the file, or dataset.source.compression."
        ) from None
    encoding, is_guess = source.encoding, False
    if encoding == "auto":
        marks = (name for mark, name in BYTE_ORDER_MARKS.items() if scan.start.startswith(mark))
        encoding = next(marks, None) or _find_utf16(scan.start)
        if encoding is None:
            refuse_controls(path, scan.start)
            _refuse_damaged_utf8(path, scan)
            is_guess = scan.bad_line is not None
            encoding = _guess(scan.sample) if is_guess else "utf-8"
    return TextFile(path, compression, encoding, is_guess, scan.lines)


@dataclass
class _Scan:
    """What the bytes of a file say.

    Attributes:
        start: the first bytes.
        lines: line feeds.
        bad_line: number of the first line that is not UTF-8.
        sample: lines beyond ASCII.
    """

    start: bytes = b""
    lines: int = 0
    bad_line: int | None = None
    sample: bytes = b""


def _scan(path: Path, compression: str) -> _Scan:
    scan = _Scan()
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open_bytes(path, compression) as stream:
        while True:
            chunk = stream.read(CHUNK)
            is_plain = chunk.isascii() and not decoder.getstate()[0]
            if scan.bad_line is None and not (chunk and is_plain):
                try:
                    decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError as error:
                    scan.bad_line = scan.lines + chunk[: error.start].count(b"\n") + 1
            if not chunk:
                return scan
            if len(scan.sample) < SAMPLE and not chunk.isascii():
                size = SAMPLE - len(scan.sample)
                scan.sample += _sample_lines(chunk, size, is_first=not scan.start)
            scan.lines += chunk.count(b"\n")
            scan.start = scan.start or chunk[:4096]


def _refuse_damaged_utf8(path: Path, scan: _Scan) -> None:
    """Raise a DataError if most of the characters beyond ASCII are UTF-8, and some are not."""
    if scan.bad_line is None:
        return
    text = scan.sample.decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    if sum(not character.isascii() for character in text) - bad > MIN_VALID * bad:
        raise DataError(
            f"{path}, line {scan.bad_line}: expected UTF-8, as in the other lines; got other "
            "bytes. Change the line, or set dataset.source.encoding to that of the whole file."
        )


def _sample_lines(chunk: bytes, size: int, *, is_first: bool) -> bytes:
    """Return lines beyond ASCII, about `size` bytes, without lines that the chunk cuts."""
    rows = chunk.split(b"\n")
    whole = rows[0 if is_first else 1 : len(rows) if len(chunk) < CHUNK else -1]
    lines = [row for row in whole if not row.isascii()]
    lines = lines or [row for row in rows if not row.isascii()]
    sample = lines[0][:size]
    for line in lines[1:]:
        if len(sample) + len(line) >= size:
            break
        sample += b"\n" + line
    return sample + b"\n"


def _find_utf16(start: bytes) -> str | None:
    """Return the UTF-16 of Latin text, in which every second byte is 0."""
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros = start[offset::2].count(0)
        if zeros and zeros > 0.4 * len(start) and not start[1 - offset :: 2].count(0):
            return encoding
    return None


def _guess(sample: bytes) -> str:
    """Return the most plausible encoding; WESTERN unless another one is clearly better."""
    runs = re.findall(rb"[\x80-\xff]+", sample)
    beyond = sum(map(len, runs))
    candidates = LATIN if beyond < LATIN_RUN * len(runs) else OTHER_SCRIPTS
    matches = charset_normalizer.from_bytes(sample, cp_isolation=candidates)
    best = matches.best()
    western = min((m.chaos for m in matches if WESTERN in m.could_be_from_charset), default=inf)
    if _is_western(sample) and (
        best is None or beyond < MIN_BYTES or western < best.chaos + MARGIN
    ):
        return WESTERN
    return "latin-1" if best is None else best.encoding  # latin-1 has a character for each byte


def _is_western(sample: bytes) -> bool:
    try:
        sample.decode(WESTERN)
    except UnicodeDecodeError:
        return False
    return True


def _as_arrow(stream: Any) -> pa.NativeFile:
    return stream if isinstance(stream, pa.NativeFile) else pa.PythonFile(stream, "r")
