"""Reads texts with a value for each token: aligned text files, and files of CoNLL."""

from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest
from pathlib import Path

import pyarrow as pa

from conveyor.config.source import Source
from conveyor.data.table import ROWS, Batches, Table, check_header
from conveyor.data.text_file import TextFile, open_text_file
from conveyor.errors import DataError

COMMENT, DOCUMENT = "#", "-DOCSTART-"  # at the start of a line


def open_aligned(source: Source, path: Path) -> Table:
    """Open text files of equally many lines, such as `train.in` and `train.out`: a row is the lines
    of equal number.

    Their suffixes are the names of the columns, and `source.header` lists them; `path` is one of
    the files.

    Raises:
        DataError: the header is missing, a file is missing, or, while they are read, one has fewer
            lines.
    """
    if source.header is None:
        raise DataError(
            "dataset.source.header: expected the suffixes of the aligned files, such as [in, out]; "
            "got null. Set it."
        )
    columns = check_header(source.header, path)
    paths = [path.with_suffix(f".{name}") for name in columns]
    for other in paths:
        if not other.is_file():
            raise DataError(
                f"{other}: expected a file beside {path}, whose lines belong together; got none. "
                "Change dataset.source.files or dataset.source.header."
            )
    files = [open_text_file(source, other) for other in paths]

    def read(wanted: Sequence[str]) -> Batches:
        rows = _read_aligned(files)
        while lines := list(islice(rows, ROWS)):
            cells = dict(zip(columns, zip(*lines, strict=True), strict=True))
            yield pa.RecordBatch.from_pydict(
                {name: pa.array(cells[name], pa.string()) for name in wanted}
            )

    return Table(columns, read, dialect=files[0].dialect)


def _read_aligned(files: Sequence[TextFile]) -> Iterator[tuple[str, ...]]:
    for number, lines in enumerate(zip_longest(*map(_lines, files)), start=1):
        if None in lines:
            short = files[lines.index(None)].path
            longer = next(f.path for f, line in zip(files, lines, strict=True) if line is not None)
            raise DataError(
                f"{short}: expected a line {number}, as {longer} has; got {number - 1} lines. "
                "Change the files, so that their lines belong together."
            )
        yield lines


def _lines(file: TextFile) -> Iterator[str]:
    with file.open_text() as text:
        for line in text:
            yield line.rstrip("\r\n")


def open_conll(source: Source, path: Path) -> Table:
    """Open a file of a token a line, with columns between white space and an empty line after each
    row, as in the shared tasks of CoNLL.

    The columns are lists. `source.header` names them, or they are `column_1`, `column_2`, and so
    on. Comments, lines that begin with # before the first token of a row, and the marks of
    documents are left out, and the data report counts them.

    Raises:
        DataError: while it is read, a line has more or fewer columns than the first one.
    """
    file = open_text_file(source, path)
    first = next(iter(_read_rows(file, {})), None)
    if first is None:
        raise DataError(f"{path}: expected tokens; got none. Change dataset.source.files.")
    width = len(first[0])
    columns = source.header or [f"column_{number}" for number in range(1, width + 1)]
    if len(columns) != width:
        raise DataError(
            f"{path}: expected {len(columns)} columns, as dataset.source.header names; got {width} "
            f"in the first line of tokens, {' '.join(first[0])[:60]!r}. Change the header."
        )
    columns, dialect = check_header(columns, path), {**file.dialect}

    def read(wanted: Sequence[str]) -> Batches:
        rows = _read_rows(file, dialect)
        places = [columns.index(name) for name in wanted]
        while tokens := list(islice(rows, ROWS)):
            cells = [[[token[place] for token in row] for row in tokens] for place in places]
            yield pa.RecordBatch.from_arrays(
                [pa.array(lists, pa.list_(pa.string())) for lists in cells], names=list(wanted)
            )

    return Table(columns, read, dialect=dialect)


def _read_rows(file: TextFile, dialect: dict[str, object]) -> Iterator[list[list[str]]]:
    """Yield the tokens of each row, each a list of its cells; then the comments are counted in
    `dialect`."""
    row: list[list[str]] = []
    width, comments = None, 0
    for number, line in enumerate(_lines(file), start=1):
        cells = line.split()
        if not row and line.startswith((COMMENT, DOCUMENT)):
            comments += 1
        elif cells:
            width = width or len(cells)
            if len(cells) != width:
                raise DataError(
                    f"{file.path}, line {number}: expected {width} columns between white space, as "
                    f"in the first line of tokens; got {len(cells)}. Change the line."
                )
            row.append(cells)
        elif row:
            yield row
            row = []
    if row:
        yield row
    if comments:
        dialect["comment_lines"] = comments
