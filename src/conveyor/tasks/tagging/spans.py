"""Spans: the pieces of a row that its tags mark, each with a type."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conveyor.tasks.tagging.options import TagSpec

BEGIN, INSIDE, END, SINGLE, OUTSIDE = "BIESO"
NO_TYPE = -1
Integers = NDArray[np.integer]


@dataclass(frozen=True)
class Spans:
    """Spans of rows, in order: arrays of (spans,).

    Attributes:
        rows: number of the row.
        starts: first step within the row.
        ends: the step after the last one.
        types: a position in the types of the scheme.
    """

    rows: Integers
    starts: Integers
    ends: Integers
    types: Integers

    def are_in(self, others: "Spans") -> NDArray[np.bool_]:
        """Return which of these spans are also in others, with equal bounds and type."""
        ours, theirs = (
            [*zip(s.rows.tolist(), s.starts.tolist(), s.ends.tolist(), s.types.tolist(),
                  strict=True)]
            for s in (self, others)
        )  # fmt: skip
        existing = set(theirs)
        return np.array([span in existing for span in ours], np.bool_)


class SpanScheme:
    """What the tags of a target mean.

    Attributes:
        types: of spans, in the order of their names.
        prefixes: of each tag, a letter, (tags,).
        type_of_tag: a position in `types`, or NO_TYPE, (tags,).
    """

    def __init__(self, spec: TagSpec) -> None:
        pairs = [read_tag(tag, spec.scheme, spec.outside) for tag in spec.tags]
        self.types = sorted({name for prefix, name in pairs if prefix != OUTSIDE})
        positions = {name: position for position, name in enumerate(self.types)}
        self.prefixes = np.array([prefix for prefix, _ in pairs], "<U1")
        self.type_of_tag = np.array(
            [NO_TYPE if prefix == OUTSIDE else positions[name] for prefix, name in pairs], np.int64
        )

    def find_spans(self, tags: Integers, lengths: Integers) -> Spans:
        """Find the spans of rows, by the rules of the script `conlleval` of CoNLL-2000: a span of
        another type begins even without a B.

        Args:
            tags: of all steps of the rows, one row after another, (steps,).
            lengths: steps of each row, (rows,).
        """
        row_starts = np.cumsum(lengths) - lengths
        is_first = np.zeros(len(tags), np.bool_)
        is_first[row_starts[lengths > 0]] = True
        prefix, kind = self.prefixes[tags], self.type_of_tag[tags]  # (steps,)
        before = np.where(is_first, OUTSIDE, np.roll(prefix, 1))
        kind_before = np.where(is_first, NO_TYPE, np.roll(kind, 1))
        is_inside = prefix != OUTSIDE
        starts = is_inside & (
            np.isin(prefix, [BEGIN, SINGLE])
            | np.isin(before, [END, SINGLE, OUTSIDE])
            | (kind != kind_before)
        )
        # A span goes on while the next step is inside, of the same row, and starts no span.
        goes_on = np.zeros(len(tags), np.bool_)
        goes_on[:-1] = (is_inside & ~starts & ~is_first)[1:]
        first, last = np.flatnonzero(starts), np.flatnonzero(is_inside & ~goes_on)
        row_of_step = np.repeat(np.arange(len(lengths)), lengths)
        rows = row_of_step[first]
        return Spans(rows, first - row_starts[rows], last + 1 - row_starts[rows], kind[first])


def read_tag(tag: str, scheme: str, outside: str) -> tuple[str, str]:
    """Return the prefix and the type of a tag.

    >>> read_tag("B-city", "iob", "O"), read_tag("walk", "runs", "O")
    (('B', 'city'), ('I', 'walk'))
    """
    if tag == outside:
        return OUTSIDE, ""
    if scheme == "runs":
        return INSIDE, tag
    return tag[0], tag[2:]


def is_iob(tag: str, outside: str) -> bool:
    """Return whether a tag has the form of the IOB schemes, such as B-city."""
    return tag == outside or (tag[:1] in "BIES" and tag[1:2] == "-" and len(tag) > 2)
